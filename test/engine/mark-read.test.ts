import { Mailring } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { describe, expect, test } from 'vitest';
import { countingStore } from './counting-store.js';
import { errorOf, openMailring, send } from './mailrings.js';

/** Bob's view of his conversation with Ann, and his totals. */
async function seen(mailring: Mailring) {
  const { conversations, totals, lastUpdatedTimestamp } = await mailring.fetchConversations({ userId: 'bob' });
  return { lastReadSeq: conversations[0]?.lastReadSeq, unreadCount: conversations[0]?.unreadCount, unread: totals.unread, version: lastUpdatedTimestamp };
}

describe('a read marker', () => {
  test('takes the maximum, stays within the messages that are there, and counts what came from the other side', async () => {
    const { mailring, warmAndCold } = await openMailring();
    const conversationId = mailring.conversationIdOf('ann', 'bob');
    for (const [from, to] of ['ab', 'ab', 'ba', 'ab', 'ba'] as never as [string, string][])
      await send(mailring, from === 'a' ? 'ann' : 'bob', to === 'a' ? 'ann' : 'bob', 'hello');
    expect(await seen(mailring)).toMatchObject({ lastReadSeq: 0, unreadCount: 3, unread: 3 });
    const steps = [
      { seq: 0, lastReadSeq: 0, unread: 3 },
      { seq: 3, lastReadSeq: 3, unread: 1 },
      { seq: 1, lastReadSeq: 3, unread: 1 },
      { seq: 2 ** 48 - 1, lastReadSeq: 5, unread: 0 },
    ];
    for (const { seq, lastReadSeq, unread } of steps) {
      await mailring.markRead({ userId: 'bob', conversationId, seq });
      expect(await seen(mailring), `${seq}`).toMatchObject({ lastReadSeq, unreadCount: unread, unread });
    }
    await warmAndCold(async (one) => {
      expect(await seen(one)).toMatchObject({ lastReadSeq: 5, unreadCount: 0, unread: 0 });
      expect(await one.fetchConversations({ userId: 'ann' })).toMatchObject({ conversations: [{ lastReadSeq: 0, unreadCount: 2 }], totals: { unread: 2 } });
      expect(await one.verify()).toMatchObject({ ok: true, problems: [] });
    });
  });

  test('is in the delta of conversations, moves nothing in the list, and is no change of messages', async () => {
    const { mailring, warmAndCold } = await openMailring();
    const { conversationId } = await send(mailring, 'ann', 'bob', 'one');
    await send(mailring, 'cid', 'bob', 'two');
    const { lastUpdatedTimestamp: since } = await mailring.fetchConversations({ userId: 'bob' });
    await mailring.markRead({ userId: 'bob', conversationId, seq: 1 });
    await warmAndCold(async (one) => {
      const delta = await one.fetchConversations({ userId: 'bob', lastUpdatedTimestamp: since });
      expect(delta).toMatchObject({ isDeltaUpdate: true, conversations: [{ conversationId, unreadCount: 0 }], totals: { conversations: 2, unread: 1 } });
      expect(delta.lastUpdatedTimestamp).toBeGreaterThan(since);
      expect(delta.conversations[0]!.lastUpdatedTimestamp).toBe(delta.lastUpdatedTimestamp);
      const { conversations } = await one.fetchConversations({ userId: 'bob' });
      expect(conversations.map(({ lastReadSeq }) => lastReadSeq)).toEqual([0, 1]);
      expect(await one.fetchMessages({ userId: 'bob', lastUpdatedTimestamp: since })).toMatchObject({ messages: [], isDeltaUpdate: true });
    });
  });

  test('that does not move, is of an unknown conversation or of a stranger, costs no commit', async () => {
    const { store, take } = countingStore(new MemoryStore());
    const mailring = await Mailring.open({ store });
    const { conversationId } = await send(mailring, 'ann', 'bob', 'one');
    await mailring.markRead({ userId: 'bob', conversationId, seq: 1 });
    take();
    await mailring.markRead({ userId: 'bob', conversationId, seq: 1 });
    await mailring.markRead({ userId: 'cid', conversationId, seq: 1 });
    await mailring.markRead({ userId: 'bob', conversationId: mailring.conversationIdOf('bob', 'nobody'), seq: 1 });
    expect(take().applies).toBe(0);
    await mailring.close();
  });

  test('waits its turn behind sends of its conversation that were called before it', async () => {
    const { mailring } = await openMailring();
    const conversationId = mailring.conversationIdOf('ann', 'bob');
    await send(mailring, 'ann', 'bob', 'zero');
    const sends = Array.from({ length: 5 }, (_, i) => send(mailring, 'ann', 'bob', `${i}`));
    await Promise.all(sends);
    await Promise.all([3, 6, 2].map((seq) => mailring.markRead({ userId: 'bob', conversationId, seq })));
    expect(await seen(mailring)).toMatchObject({ lastReadSeq: 6, unread: 0 });
  });

  test('refuses what is no marker', async () => {
    const { mailring } = await openMailring();
    const conversationId = mailring.conversationIdOf('ann', 'bob');
    for (const seq of [-1, 1.5, Number.NaN, 2 ** 48, Number.POSITIVE_INFINITY]) {
      await expect(mailring.markRead({ userId: 'ann', conversationId, seq })).rejects.toThrow(RangeError);
    }
    await expect(mailring.markRead({ userId: 'ann', conversationId } as never)).rejects.toThrow(TypeError);
    await expect(mailring.markRead({ userId: 'ann', conversationId: 'x', seq: 1 })).rejects.toThrow(RangeError);
    expect(await errorOf(mailring.markRead({ userId: '', conversationId, seq: 1 }))).toMatchObject({ code: 'MAILRING_INVALID_TEXT' });
  });
});
