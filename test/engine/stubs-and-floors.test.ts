import { Mailring, type Message } from 'mailring';
import { describe, expect, test } from 'vitest';
import { contentDigest } from '../../src/mailbox/content-digest.js';
import { CHANGE } from '../../src/mailbox/rows.js';
import type { UserId } from '../../src/model/ids.js';
import { StoredRows } from '../verify/stored-rows.js';
import { send } from './mailrings.js';
import { ManualClock } from './manual-clock.js';

/** Conversations in which messages were deleted, for both (stubs) or up to a floor for one: no verb makes them yet, so their rows are written here, and all reads know them. */

const ANN = 'ann' as UserId;
const BOB = 'bob' as UserId;
const SEQS = 20;
const FLOOR = 6;
const STUBS = [9, 13, SEQS];

interface Sample {
  readonly stored: StoredRows;
  readonly conversationId: string;
  /** Ann's version before anything was deleted. */
  readonly cursor: number;
}

/** The send of a message of the sample, for the first time or again. */
function repeat(mailring: Mailring, seq: number) {
  const [from, to] = seq % 2 === 0 ? ['ann', 'bob'] : ['bob', 'ann'];
  return send(mailring, from!, to!, `text ${seq}`, `id ${seq}`);
}

/** Ann and Bob have sent in turn. Three messages become stubs in both mailboxes, and in Ann's the conversation is deleted up to its floor. */
async function deletedSample(): Promise<Sample> {
  const stored = new StoredRows();
  const mailring = await Mailring.open({ store: stored.store(), clock: new ManualClock() });
  for (let seq = 1; seq <= SEQS; seq++) await repeat(mailring, seq);
  const { lastUpdatedTimestamp: cursor } = await mailring.fetchMessages({ userId: 'ann' });
  const conversationId = mailring.conversationIdOf('ann', 'bob');
  await mailring.close();

  for (const [owner, peer] of [
    [ANN, BOB],
    [BOB, ANN],
  ] as const) {
    const newest = (await stored.log(owner))[0]!;
    const floors = owner === ANN ? [{ kind: CHANGE.floor, peer, seq: FLOOR }] : [];
    const stubs = STUBS.map((seq) => ({ kind: CHANGE.stub, peer, seq }));
    const changes = [...floors, ...stubs];
    const numberOf = (change: (typeof changes)[number]) => newest.version + 1 + changes.indexOf(change);
    for (const stub of stubs) {
      await stored.message(owner, peer, stub.seq, (message) => ({
        ...message,
        deleted: true,
        updated: numberOf(stub),
        revision: 1,
        firstDigest: contentDigest(message.content),
        content: '',
      }));
    }
    for (const floor of floors) {
      const { sentTimestamp: floorTimestamp, inNo: floorIn } = await stored.getMessage(owner, peer, FLOOR);
      await stored.conversation(owner, peer, (row) => ({
        ...row,
        number: numberOf(floor),
        floorSeq: FLOOR,
        floorIn,
        floorTimestamp,
        readSeq: FLOOR,
        readIn: floorIn,
      }));
      for (let seq = 1; seq <= FLOOR; seq++) await stored.removeMessage(owner, peer, seq);
    }
    const unread = owner === ANN ? newest.unread - FLOOR / 2 : newest.unread;
    await stored.putLog(owner, { version: newest.version + changes.length, conversations: 1, unread, changes: changes.toReversed() });
  }
  return { stored, conversationId, cursor };
}

const seqsOf = (messages: readonly Message[]) => messages.map(({ seq }) => seq);
/** From the newest down. */
const seqs = (top: number, bottom: number) => Array.from({ length: Math.max(0, top - bottom + 1) }, (_, i) => top - i);

const LOGS = [
  { name: 'with the whole log', limits: {}, sends: 0 },
  { name: 'with the log trimmed to 5 changes', limits: { logChanges: 5 }, sends: 12 },
];

describe.each(LOGS)('a conversation with stubs and a floor, $name', ({ limits, sends }) => {
  /** Opened over the sample; further sends trim the log. */
  async function open(): Promise<Sample & { readonly mailring: Mailring; readonly last: number }> {
    const sample = await deletedSample();
    const mailring = await Mailring.open({ store: sample.stored.store(), clock: new ManualClock(1_800_000_000_000), limits });
    for (let i = 0; i < sends; i++) await send(mailring, 'ann', 'bob', `later ${i}`);
    return { ...sample, mailring, last: SEQS + sends };
  }

  test('is shown around and after every seq', async () => {
    const { mailring, conversationId, last } = await open();
    for (const pageSize of [1, 2, 3, 7, 14, 40]) {
      for (let seq = 1; seq <= last + 2; seq++) {
        const around = await mailring.fetchMessages({ userId: 'ann', conversationId, around: seq, pageSize });
        const top = Math.min(last, Math.max(seq + Math.floor((pageSize - 1) / 2), FLOOR + pageSize));
        expect(seqsOf(around.messages)).toEqual(seqs(top, Math.max(FLOOR + 1, top - pageSize + 1)));
        if (seq > FLOOR && seq <= last) expect(seqsOf(around.messages)).toContain(seq);
        expect(around.next).toBe(around.messages.at(-1)!.seq === FLOOR + 1 ? undefined : around.messages.at(-1)!.seq);
        for (const { seq, deleted, messageContent } of around.messages)
          expect({ seq, deleted, messageContent }).toEqual(
            STUBS.includes(seq)
              ? { seq, deleted: true, messageContent: '' }
              : { seq, deleted: undefined, messageContent: seq > SEQS ? `later ${seq - SEQS - 1}` : `text ${seq}` },
          );
        const after = await mailring.fetchMessages({ userId: 'ann', conversationId, after: seq, pageSize });
        const newest = Math.min(last, seq + pageSize);
        expect(seqsOf(after.messages)).toEqual(seqs(newest, Math.max(FLOOR, seq) + 1));
      }
    }
    await mailring.close();
  });

  test('is shown by pages of the conversation and of the mailbox, by the iterator and item by item', async () => {
    const { mailring, conversationId, last } = await open();
    const all = seqs(last, FLOOR + 1);
    for (const list of [{ conversationId }, {}]) {
      for (const pageSize of [1, 5, 50]) {
        const found: number[] = [];
        for (let before: number | undefined, more = true; more; ) {
          const page = await mailring.fetchMessages({ userId: 'ann', ...list, pageSize, before });
          found.push(...seqsOf(page.messages));
          before = page.next;
          more = page.hasMore;
        }
        expect(found).toEqual(all);
      }
      const iterated: Message[] = [];
      for await (const message of mailring.messages({ userId: 'ann', ...list })) iterated.push(message);
      expect(seqsOf(iterated)).toEqual(all);
    }
    for (let seq = 1; seq <= last; seq++) {
      const [own, others] = await Promise.all(['ann', 'bob'].map((userId) => mailring.getMessage({ userId, messageId: `${conversationId}.${seq}` })));
      expect(own?.seq).toBe(seq <= FLOOR ? undefined : seq);
      expect(own?.deleted).toBe(seq > FLOOR && STUBS.includes(seq) ? true : undefined);
      expect(others).toMatchObject({ seq });
    }
    await mailring.close();
  });

  test('counts what is unread above the floor, and verify finds nothing wrong', async () => {
    const { mailring, conversationId, last } = await open();
    const unread = seqs(SEQS, FLOOR + 1).filter((seq) => seq % 2 === 1).length;
    const item = await mailring.getConversation({ userId: 'ann', conversationId });
    expect(item).toMatchObject({ floorSeq: FLOOR, lastReadSeq: FLOOR, lastSeq: last, unreadCount: unread });
    expect((await mailring.fetchConversations({ userId: 'ann' })).totals).toEqual({ conversations: 1, unread });
    expect((await mailring.verify()).problems).toEqual([]);
    // Below the floor nothing can be marked.
    await mailring.markRead({ userId: 'ann', conversationId, seq: 3 });
    expect(await mailring.getConversation({ userId: 'ann', conversationId })).toEqual(item);
    await mailring.markRead({ userId: 'ann', conversationId, seq: 9 });
    expect(await mailring.getConversation({ userId: 'ann', conversationId })).toMatchObject({ lastReadSeq: 9, unreadCount: unread - 2 });
    expect((await mailring.verify()).problems).toEqual([]);
    await mailring.close();
  });
});

test('what was deleted is in the delta: stubs, and the floor', async () => {
  const { stored, conversationId, cursor } = await deletedSample();
  const mailring = await Mailring.open({ store: stored.store(), clock: new ManualClock(1_800_000_000_000) });
  const delta = await mailring.fetchMessages({ userId: 'ann', lastUpdatedTimestamp: cursor, maxChanges: Number.POSITIVE_INFINITY });
  expect(delta).toMatchObject({ isDeltaUpdate: true, hasMore: false, floors: [{ conversationId, floorSeq: FLOOR }], lastUpdatedTimestamp: cursor + 4 });
  expect(delta.messages.map(({ seq, deleted }) => [seq, deleted])).toEqual(STUBS.map((seq) => [seq, true]));
  const whole = await mailring.fetchMessages({ userId: 'ann', lastUpdatedTimestamp: 0, maxChanges: Number.POSITIVE_INFINITY });
  expect(new Set(seqsOf(whole.messages))).toEqual(new Set(seqs(SEQS, FLOOR + 1)));
  const { value } = await mailring.watch({ userId: 'ann', lastUpdatedTimestamp: cursor }).next();
  expect(value).toMatchObject({ type: 'changes', floors: [{ conversationId, floorSeq: FLOOR }], messages: STUBS.map((seq) => ({ seq, deleted: true })) });
  await mailring.close();
});

test('a repeat of a send is a duplicate after its message was deleted; it says so, and where its sender no longer has it gives no number', async () => {
  const { stored, conversationId } = await deletedSample();
  const mailring = await Mailring.open({ store: stored.store(), clock: new ManualClock(1_800_000_000_000) });
  for (let seq = 1; seq <= SEQS; seq++) {
    const gone = seq % 2 === 0 && seq <= FLOOR;
    const result = await repeat(mailring, seq);
    expect(result).toMatchObject({ messageId: `${conversationId}.${seq}`, seq, duplicate: true });
    expect([result.deleted, result.lastUpdatedTimestamp > 0]).toEqual([gone || STUBS.includes(seq) ? true : undefined, !gone]);
  }
  expect((await mailring.verify()).problems).toEqual([]);
  await mailring.close();
});
