import { createClientMessageId, Mailring } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { expect, test } from 'vitest';
import { countingStore, type StoreCounts } from '../engine/counting-store.js';
import { pairsHomedIn } from '../engine/two-shards.js';
import { readDocument, sectionOf, tableRows } from './documents.js';

/** The columns of the table, in order. */
const COLUMNS = ['loads', 'reads', 'keysRead', 'scans', 'rowsScanned', 'applies', 'rowsPut'] as const satisfies readonly (keyof StoreCounts)[];

const CONVERSATION_MESSAGES = 2_000;
const PEERS = 30;

const conversation = (mailring: Mailring) => ({ userId: 'ann', conversationId: mailring.conversationIdOf('ann', 'bob') });

function send(mailring: Mailring, senderId: string, recipientId: string, clientMessageId = createClientMessageId()) {
  return mailring.sendMessage({ senderId, recipientId, messageContent: 'hello', clientMessageId });
}

/** Ann has a long conversation with bob, and 30 short ones; the newest are with bob. */
async function openSample() {
  const { store, take } = countingStore(new MemoryStore());
  const first = await Mailring.open({ store, limits: { waitingWritesPerMailbox: CONVERSATION_MESSAGES } });
  await Promise.all(Array.from({ length: CONVERSATION_MESSAGES }, () => send(first, 'ann', 'bob')));
  for (let i = 0; i < PEERS; i++) await send(first, `peer-${i}`, 'ann');
  for (let i = 0; i < 10; i++) await send(first, 'bob', 'ann');
  await first.close();
  const mailring = await Mailring.open({ store });
  take();
  return { mailring, take };
}

type Sample = Awaited<ReturnType<typeof openSample>>;

/** Runs a call three times, as the greatest id of a conversation is learnt by the second look-up, and counts the last one. */
async function warm({ take }: Sample, call: () => Promise<unknown>): Promise<StoreCounts> {
  for (let i = 0; i < 3; i++) {
    take();
    await call();
  }
  return take();
}

async function cold({ take }: Sample, call: () => Promise<unknown>): Promise<StoreCounts> {
  await call();
  return take();
}

/** What each row of the table stands for. */
const SCENARIOS: Readonly<Record<string, (sample: Sample) => Promise<StoreCounts>>> = {
  'send, warm': (sample) => warm(sample, () => send(sample.mailring, 'ann', 'bob')),
  'send, cold': (sample) => cold(sample, () => send(sample.mailring, 'ann', 'bob')),
  'send, first of two new users': (sample) => cold(sample, () => send(sample.mailring, 'new', 'newer')),
  'send, to oneself, warm': (sample) => warm(sample, () => send(sample.mailring, 'ann', 'ann')),
  'send, duplicate, warm': async (sample) => {
    const id = createClientMessageId();
    return warm(sample, () => send(sample.mailring, 'ann', 'bob', id));
  },
  'send, random id, warm': (sample) => warm(sample, () => send(sample.mailring, 'ann', 'bob', `0-${Math.random()}`)),
  'fetchConversations, first page, warm': (sample) => warm(sample, () => sample.mailring.fetchConversations({ userId: 'ann' })),
  'fetchConversations, first page, cold': (sample) => cold(sample, () => sample.mailring.fetchConversations({ userId: 'ann' })),
  'fetchMessages of a conversation, first page, warm': (sample) => warm(sample, () => sample.mailring.fetchMessages(conversation(sample.mailring))),
  'fetchMessages of a conversation, first page, cold': (sample) => cold(sample, () => sample.mailring.fetchMessages(conversation(sample.mailring))),
  'fetchMessages of a conversation, before seq 1,000, cold': (sample) =>
    cold(sample, () => sample.mailring.fetchMessages({ ...conversation(sample.mailring), before: 1_000 })),
  'fetchMessages of a conversation, after seq 1,000, cold': (sample) =>
    cold(sample, () => sample.mailring.fetchMessages({ ...conversation(sample.mailring), after: 1_000 })),
  'fetchMessages of a conversation, around seq 1,000, cold': (sample) =>
    cold(sample, () => sample.mailring.fetchMessages({ ...conversation(sample.mailring), around: 1_000 })),
  'fetchMessages of the mailbox, first page, cold': (sample) => cold(sample, () => sample.mailring.fetchMessages({ userId: 'ann' })),
  'delta, nothing new, warm': async (sample) => {
    const { lastUpdatedTimestamp } = await sample.mailring.fetchMessages({ userId: 'ann' });
    return warm(sample, () => sample.mailring.fetchMessages({ userId: 'ann', lastUpdatedTimestamp }));
  },
  'delta, 10 new messages, warm': async (sample) => {
    const { lastUpdatedTimestamp } = await sample.mailring.fetchMessages({ userId: 'ann' });
    for (let i = 0; i < 10; i++) await send(sample.mailring, 'bob', 'ann');
    return warm(sample, () => sample.mailring.fetchMessages({ userId: 'ann', lastUpdatedTimestamp }));
  },
  'event of a watch, one new message': async (sample) => {
    const watch = sample.mailring.watch({ userId: 'ann' });
    const next = watch.next();
    await send(sample.mailring, 'bob', 'ann');
    await next;
    const second = watch.next();
    await send(sample.mailring, 'bob', 'ann');
    sample.take();
    await second;
    await watch.return?.();
    return sample.take();
  },
  'markRead, warm': async (sample) => {
    let seq = CONVERSATION_MESSAGES;
    return warm(sample, () => sample.mailring.markRead({ ...conversation(sample.mailring), seq: ++seq }));
  },
  'markRead, cold': (sample) => cold(sample, () => sample.mailring.markRead({ ...conversation(sample.mailring), seq: CONVERSATION_MESSAGES + 10 })),
  'getConversation, cold': (sample) => cold(sample, () => sample.mailring.getConversation(conversation(sample.mailring))),
  'getMessage, cold': async (sample) => {
    const { messages } = await sample.mailring.fetchMessages({ ...conversation(sample.mailring), before: 1_000, pageSize: 1 });
    sample.take();
    return cold(sample, () => sample.mailring.getMessage({ userId: 'bob', messageId: messages[0]!.messageId }));
  },
};

/** Two shards, a send between them. */
async function crossing(): Promise<StoreCounts> {
  const [a, b] = [countingStore(new MemoryStore()), countingStore(new MemoryStore())];
  const mailring = await Mailring.open({ stores: { a: a.store, b: b.store } });
  const [[home, other]] = (await pairsHomedIn('a', 1)) as [[string, string]];
  for (let i = 0; i < 3; i++) {
    for (const { take } of [a, b]) take();
    await send(mailring, home, other);
  }
  const counts = [a.take(), b.take()] as const;
  await mailring.close();
  return Object.fromEntries(Object.entries(counts[0]).map(([name, count]) => [name, count + counts[1][name as keyof StoreCounts]])) as unknown as StoreCounts;
}

test('the table of costs in docs/api.md says what each call asks of the store', { timeout: 60_000 }, async () => {
  const measured: Record<string, readonly number[]> = {};
  const take = (counts: StoreCounts) => COLUMNS.map((name) => counts[name]);
  for (const [name, run] of Object.entries(SCENARIOS)) {
    const sample = await openSample();
    measured[name] = take(await run(sample));
    await sample.mailring.close();
  }
  measured['send between two shards, warm'] = take(await crossing());
  const inDocs = [...tableRows(sectionOf(readDocument('docs/api.md'), 'What a call asks of the store'))].map(([name, cells]) => [name, cells.map(Number)]);
  expect(Object.fromEntries(inDocs)).toEqual(measured);
});

test('docs/api.md has every number of stats(), and no other', async () => {
  const { mailring } = await openSample();
  const inDocs = [...tableRows(sectionOf(readDocument('docs/api.md'), 'What `stats()` says')).keys()];
  expect(inDocs).toEqual(Object.keys(mailring.stats().shards['shard-0']!));
  await mailring.close();
});
