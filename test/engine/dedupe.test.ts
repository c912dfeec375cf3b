import type { Mailring } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { describe, expect, test } from 'vitest';
import { contentsOf } from './hooked-store.js';
import { conversationSeenBy, errorOf, openMailring, send } from './mailrings.js';

/** Two writers of one store at a time, as when a process was taken for dead and is not. */
async function twoWriters() {
  const memory = new MemoryStore({ exclusive: false });
  const one = await openMailring({ memory });
  const other = await openMailring({ memory: memory.handle() });
  return { one: one.mailring, other: other.mailring, reader: async () => (await openMailring({ memory: memory.handle() })).mailring };
}

describe('a repeated send', () => {
  test('returns the first result, at once, later, and after closing and opening', async () => {
    const { mailring, clock, reopen } = await openMailring();
    const first = await send(mailring, 'ann', 'bob', 'hello', 'id-1');
    expect(first).toEqual({
      messageId: `${first.conversationId}.1`,
      conversationId: mailring.conversationIdOf('bob', 'ann'),
      seq: 1,
      sentTimestamp: clock.now(),
      lastUpdatedTimestamp: clock.now(),
      duplicate: false,
    });
    await clock.pass(1_000);
    await send(mailring, 'bob', 'ann', 'hi', 'id-2');
    expect(await send(mailring, 'ann', 'bob', 'hello', 'id-1')).toEqual({ ...first, duplicate: true });
    expect(await send(await reopen(), 'ann', 'bob', 'hello', 'id-1')).toEqual({ ...first, duplicate: true });
  });

  test('in the same tick is one message', async () => {
    const { mailring } = await openMailring();
    const results = await Promise.all(Array.from({ length: 5 }, () => send(mailring, 'ann', 'bob', 'hello', 'id-1')));
    expect(results.map(({ duplicate }) => duplicate)).toEqual([false, true, true, true, true]);
    expect(new Set(results.map(({ messageId, lastUpdatedTimestamp, sentTimestamp }) => `${messageId} ${lastUpdatedTimestamp} ${sentTimestamp}`)).size).toBe(1);
    expect(await conversationSeenBy(mailring, 'bob', 'ann')).toHaveLength(1);
  });

  test('leaves every mailbox as it was', async () => {
    const { mailring, memory } = await openMailring();
    await send(mailring, 'ann', 'bob', 'hello', 'id-1');
    const before = await contentsOf(memory);
    await send(mailring, 'ann', 'bob', 'hello', 'id-1');
    expect(await contentsOf(memory)).toEqual(before);
  });

  // Each order breaks another way of comparing ids but the right one: "above the greatest ever stored, by UTF-8 bytes, is new".
  for (const ids of [
    ['b', 'z', 'a', 'm'],
    ['a', 'b', 'c', 'd'],
    ['d', 'c', 'b', 'a'],
    ['\u{1f600}', '\uff5e', '\u{1f433}', '\uffee'],
    ['10', '9', '1', '010'],
  ]) {
    test(`is found whatever the order of ids: ${ids.join(' ')}`, async () => {
      const { mailring, warmAndCold } = await openMailring();
      const firsts = [];
      for (const id of ids) firsts.push(await send(mailring, 'ann', 'bob', `text of ${id}`, id));
      expect(firsts.map(({ seq, duplicate }) => [seq, duplicate])).toEqual(ids.map((_, i) => [i + 1, false]));
      const repeats = firsts.map((first) => ({ ...first, duplicate: true }));
      // Cold, the first look-ups learn what later ones leave out: so three times each.
      await warmAndCold(async (from, cold) => {
        for (let round = 0; round < 3; round++) {
          const again = [];
          for (const id of ids) again.push(await send(from, 'ann', 'bob', `text of ${id}`, id));
          expect(again).toEqual(repeats);
        }
        expect(await conversationSeenBy(from, 'bob', 'ann')).toHaveLength(ids.length);
        if (!cold) return;
        // New ids, below, between and above those that are known.
        for (const [i, id] of ['!', 'bb', 'zz', '\u{1f700}'].entries()) {
          expect(await send(from, 'ann', 'bob', 'new', id)).toMatchObject({ seq: ids.length + i + 1, duplicate: false });
          expect(await send(from, 'ann', 'bob', 'new', id)).toMatchObject({ seq: ids.length + i + 1, duplicate: true });
        }
      });
    });
  }
});

describe('an id', () => {
  test('belongs to a sender and a conversation: elsewhere the same id is another message', async () => {
    const { warmAndCold } = await openMailring();
    await warmAndCold(async (from, duplicate) => {
      expect(await send(from, 'ann', 'bob', 'one', 'id')).toMatchObject({ seq: 1, duplicate });
      expect(await send(from, 'bob', 'ann', 'two', 'id')).toMatchObject({ seq: 2, duplicate });
      expect(await send(from, 'ann', 'cid', 'three', 'id')).toMatchObject({ seq: 1, duplicate });
      expect(await send(from, 'ann', 'ann', 'four', 'id')).toMatchObject({ seq: 1, duplicate });
    });
  });

  test('that is repeated with other content is a conflict that names the first message and leaves every mailbox as it was', async () => {
    const { mailring, memory, warmAndCold } = await openMailring();
    const { messageId, conversationId } = await send(mailring, 'ann', 'bob', 'hello', 'id-1');
    await send(mailring, 'ann', 'bob', 'more', 'id-2');
    const before = await contentsOf(memory);
    await warmAndCold(async (from) => {
      expect(await errorOf(send(from, 'ann', 'bob', 'other', 'id-1'))).toMatchObject({
        code: 'MAILRING_ID_CONFLICT',
        outcome: 'not-accepted',
        retryable: false,
        details: { messageId, conversationId, seq: 1 },
      });
      expect(await contentsOf(memory)).toEqual(before);
    });
  });

  test('that is repeated with other content in the same tick is a conflict too, and leaves nothing in the batch', async () => {
    const { mailring } = await openMailring();
    const [first, conflict, last] = await Promise.allSettled([
      send(mailring, 'ann', 'bob', 'hello', 'id-1'),
      send(mailring, 'ann', 'bob', 'other', 'id-1'),
      send(mailring, 'ann', 'bob', 'more', 'id-2'),
    ]);
    expect([first.status, conflict.status, last.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    const [forAnn, forBob] = [await conversationSeenBy(mailring, 'ann', 'bob'), await conversationSeenBy(mailring, 'bob', 'ann')];
    expect(forAnn).toEqual(forBob);
    expect(forAnn).toMatchObject([
      { seq: 2, messageContent: 'more' },
      { seq: 1, messageContent: 'hello' },
    ]);
  });
});

describe('when somebody else has written to the store', () => {
  test('a send that was planned before is planned again, and its id looked up again', async () => {
    const { one, other } = await twoWriters();
    await send(one, 'ann', 'bob', 'a', 'id-1');
    await send(other, 'ann', 'bob', 'b', 'id-2');
    // `one` believes that id-2 is new: it is above all that it has seen. Its commit is refused; what it then finds is the first result.
    expect(await send(one, 'ann', 'bob', 'b', 'id-2')).toMatchObject({ seq: 2, duplicate: true });
    expect(await send(other, 'ann', 'bob', 'c', 'id-3')).toMatchObject({ seq: 3, duplicate: false });
    expect(await send(one, 'ann', 'bob', 'd', 'id-4')).toMatchObject({ seq: 4, duplicate: false });
    expect(await conversationSeenBy(one, 'bob', 'ann')).toMatchObject(['d', 'c', 'b', 'a'].map((messageContent) => ({ messageContent })));
    expect(one.stats().shards['shard-0']).toMatchObject({ status: 'open', fences: 0 });
  });

  test('an id that is found above what is in memory makes it load again', async () => {
    const { one, other } = await twoWriters();
    await send(one, 'ann', 'bob', 'a', 'id-5');
    const second = await send(other, 'ann', 'bob', 'b', 'id-2');
    expect(await send(one, 'ann', 'bob', 'b', 'id-2')).toEqual({ ...second, duplicate: true });
  });

  test('both write at the same time, and nothing is lost, doubled or reordered', async () => {
    const { one, other, reader } = await twoWriters();
    const twice = Array.from({ length: 30 }, (_, i) => (i % 3 === 0 ? (['ann', 'bob', `id-${i}`] as const) : (['bob', 'ann', `id-${30 - i}`] as const)));
    const sends = (mailring: Mailring) => twice.map(([sender, recipient, id]) => send(mailring, sender, recipient, `text of ${id}`, id));
    const [mine, theirs] = await Promise.all([Promise.all(sends(one)), Promise.all(sends(other))]);
    for (const [i, { seq, sentTimestamp, duplicate }] of mine.entries()) {
      expect(theirs[i]).toMatchObject({ seq, sentTimestamp, duplicate: !duplicate });
    }
    expect(mine.map(({ seq }) => seq).sort((a, b) => a - b)).toEqual(twice.map((_, i) => i + 1));
    const third = await reader();
    const forAnn = await conversationSeenBy(third, 'ann', 'bob');
    expect(forAnn).toEqual(await conversationSeenBy(third, 'bob', 'ann'));
    expect(forAnn).toHaveLength(twice.length);
  });
});
