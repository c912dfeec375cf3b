import { getEventListeners } from 'node:events';
import { createClientMessageId, type Mailring } from 'mailring';
import { describe, expect, test } from 'vitest';
import { contentsOf, gate } from './hooked-store.js';
import { errorOf, openMailring, type Setup, send } from './mailrings.js';
import { turns } from './manual-clock.js';

/** Every call that can be given up: by its signal, and all but watch and verify by `timeoutMs`. */

interface Limits {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}
type Verb = (mailring: Mailring, limits: Limits) => Promise<unknown>;

const conversationOf = (mailring: Mailring) => ({ userId: 'ann', conversationId: mailring.conversationIdOf('ann', 'bob') });

const WRITES: Readonly<Record<string, Verb>> = {
  sendMessage: (mailring, limits) =>
    mailring.sendMessage({ senderId: 'ann', recipientId: 'bob', messageContent: 'given up', clientMessageId: 'the-id' }, limits),
  markRead: (mailring, limits) => mailring.markRead({ ...conversationOf(mailring), seq: 2 }, limits),
};
const READS: Readonly<Record<string, Verb>> = {
  fetchConversations: (mailring, limits) => mailring.fetchConversations({ userId: 'ann' }, limits),
  'fetchConversations since': (mailring, limits) => mailring.fetchConversations({ userId: 'ann', lastUpdatedTimestamp: 0 }, limits),
  fetchMessages: (mailring, limits) => mailring.fetchMessages({ userId: 'ann' }, limits),
  'fetchMessages of one': (mailring, limits) => mailring.fetchMessages(conversationOf(mailring), limits),
  'fetchMessages around': (mailring, limits) => mailring.fetchMessages({ ...conversationOf(mailring), around: 1 }, limits),
  'fetchMessages after': (mailring, limits) => mailring.fetchMessages({ ...conversationOf(mailring), after: 1 }, limits),
  getConversation: (mailring, limits) => mailring.getConversation(conversationOf(mailring), limits),
  getMessage: (mailring, limits) => mailring.getMessage({ userId: 'ann', messageId: `${conversationOf(mailring).conversationId}.1` }, limits),
  conversations: (mailring, limits) => mailring.conversations({ userId: 'ann' }, limits).next(),
  messages: (mailring, limits) => mailring.messages({ userId: 'ann' }, limits).next(),
};
const UNTIMED: Readonly<Record<string, Verb>> = {
  watch: (mailring, { signal }) => mailring.watch({ userId: 'ann', lastUpdatedTimestamp: 1 }, { ...(signal && { signal }) }).next(),
  'watch from now': (mailring, { signal }) => mailring.watch({ userId: 'ann' }, { ...(signal && { signal }) }).next(),
  verify: (mailring, { signal }) => mailring.verify({}, { ...(signal && { signal }) }),
};
const TIMED = { ...WRITES, ...READS };
const ALL = { ...TIMED, ...UNTIMED };
const entries = (verbs: Readonly<Record<string, Verb>>) => Object.entries(verbs).map(([name, call]) => ({ name, call }));

/** Two messages are there, of which ann has read the first; nothing is in memory. */
async function openCold(): Promise<Setup & { readonly cold: Mailring }> {
  const setup = await openMailring();
  for (const text of ['one', 'two']) await send(setup.mailring, 'bob', 'ann', text);
  await setup.mailring.markRead({ ...conversationOf(setup.mailring), seq: 1 });
  return { ...setup, cold: await setup.reopen() };
}

/** Holds the calls of the store until the gate is opened. */
function hold({ hooks }: Setup, calls: readonly ('load' | 'apply')[]): ReturnType<typeof gate> {
  const held = gate();
  const after = async <T>(run: () => Promise<T>): Promise<T> => {
    await held.pass();
    return run();
  };
  for (const call of calls) hooks[call] = after as never;
  return held;
}

async function expectQuiet(mailring: Mailring, signal?: AbortSignal): Promise<void> {
  await turns();
  expect(mailring.stats().shards['shard-0']).toMatchObject({ waitingWrites: 0, activeReads: 0, mailboxesInUse: 0 });
  if (signal) expect(getEventListeners(signal, 'abort')).toHaveLength(0);
}

describe.each(entries(ALL))('$name with a signal', ({ name, call }) => {
  const given = { code: 'MAILRING_ABORTED', name: 'AbortError', retryable: true };
  const outcome = name in WRITES ? { outcome: 'not-accepted' } : { outcome: undefined };

  test('that is aborted already does nothing', async () => {
    const setup = await openCold();
    const before = await contentsOf(setup.memory);
    const reason = new Error('the user has left');
    expect(await errorOf(call(setup.cold, { signal: AbortSignal.abort(reason) }))).toMatchObject({ ...given, ...outcome, cause: reason });
    expect(await contentsOf(setup.memory)).toEqual(before);
    await expectQuiet(setup.cold);
  });

  test('that is aborted while the store reads for it does not wait for the store, and leaves nothing', async () => {
    const setup = await openCold();
    const before = await contentsOf(setup.memory);
    const held = hold(setup, ['load']);
    const controller = new AbortController();
    const answer = errorOf(call(setup.cold, { signal: controller.signal }));
    await turns();
    const reason = new Error('the user has left');
    controller.abort(reason);
    expect(await answer).toMatchObject({ ...given, ...outcome, cause: reason });
    held.open();
    await expectQuiet(setup.cold, controller.signal);
    expect(await contentsOf(setup.memory)).toEqual(before);
  });

  test('that is not aborted leaves no listener on it', async () => {
    const setup = await openCold();
    const { signal } = new AbortController();
    const answer = call(setup.cold, { signal });
    if (name === 'watch from now') {
      await turns();
      await send(setup.cold, 'bob', 'ann', 'three');
    }
    await answer;
    await expectQuiet(setup.cold, signal);
  });
});

describe.each(entries(TIMED))('$name with timeoutMs', ({ call }) => {
  test('is given up when that time has passed, not before', async () => {
    const setup = await openCold();
    const held = hold(setup, ['load']);
    let settled = false;
    const answer = errorOf(call(setup.cold, { timeoutMs: 250 })).finally(() => {
      settled = true;
    });
    await turns();
    await setup.clock.pass(249);
    expect(settled).toBe(false);
    await setup.clock.pass(1);
    expect(await answer).toMatchObject({ code: 'MAILRING_ABORTED', cause: { message: 'timed out after 250 ms' } });
    held.open();
    await expectQuiet(setup.cold);
  });
});

describe.each(entries(WRITES))('$name that is given up', ({ call }) => {
  test('while it waits behind a batch leaves nothing, and is told that it was not accepted', async () => {
    const setup = await openCold();
    const { cold } = setup;
    const held = hold(setup, ['apply']);
    const first = send(cold, 'bob', 'ann', 'three');
    await turns();
    const controller = new AbortController();
    const answer = errorOf(call(cold, { signal: controller.signal }));
    await turns();
    controller.abort();
    expect(await answer).toMatchObject({ code: 'MAILRING_ABORTED', outcome: 'not-accepted' });
    held.open();
    await first;
    await expectQuiet(cold, controller.signal);
    const { messages } = await cold.fetchMessages(conversationOf(cold));
    expect(messages.map(({ messageContent }) => messageContent)).toEqual(['three', 'two', 'one']);
    expect(await cold.getConversation(conversationOf(cold))).toMatchObject({ lastReadSeq: 1, unreadCount: 2 });
  });

  test('while it is being written is unconfirmed, takes effect once, and can be repeated', async () => {
    const setup = await openCold();
    const { cold } = setup;
    const held = hold(setup, ['apply']);
    const controller = new AbortController();
    const answer = errorOf(call(cold, { signal: controller.signal }));
    await turns();
    expect(cold.stats().shards['shard-0']!.waitingWrites).toBe(1);
    controller.abort();
    expect(await answer).toMatchObject({ code: 'MAILRING_ABORTED', outcome: 'unconfirmed', retryable: true });
    held.open();
    await expectQuiet(cold, controller.signal);
    const before = await contentsOf(setup.memory);
    const repeated = await call(cold, {});
    expect(repeated === undefined || (repeated as { duplicate: boolean }).duplicate).toBe(true);
    expect(await contentsOf(setup.memory)).toEqual(before);
    expect(await cold.getConversation(conversationOf(cold))).toMatchObject(repeated === undefined ? { lastReadSeq: 2 } : { lastSeq: 3 });
  });
});

test('one call among many that share a signal is not the others: each is told of its own', async () => {
  const setup = await openCold();
  const { cold } = setup;
  const held = hold(setup, ['apply']);
  const controller = new AbortController();
  const shared = Array.from({ length: 50 }, (_, i) =>
    errorOf(
      cold.sendMessage(
        { senderId: 'ann', recipientId: `peer-${i}`, messageContent: '', clientMessageId: createClientMessageId() },
        { signal: controller.signal },
      ),
    ),
  );
  const other = send(cold, 'ann', 'bob', 'stays');
  await turns();
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
  controller.abort();
  const outcomes = (await Promise.all(shared)).map(({ outcome }) => outcome);
  expect(new Set(outcomes)).toEqual(new Set(['unconfirmed']));
  held.open();
  expect(await other).toMatchObject({ duplicate: false });
  await expectQuiet(cold, controller.signal);
  expect((await cold.fetchConversations({ userId: 'ann' })).totals.conversations).toBe(51);
});
