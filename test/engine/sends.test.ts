import { describe, expect, test } from 'vitest';
import { contentsOf, gate } from './hooked-store.js';
import { conversationSeenBy, errorOf, openMailring, send } from './mailrings.js';
import { turns } from './manual-clock.js';

describe('an acknowledged send', () => {
  test('is in both mailboxes at the same place, with the same id, time and content', async () => {
    const { mailring, clock, warmAndCold } = await openMailring();
    for (let i = 0; i < 10; i++) {
      await send(mailring, i % 3 ? 'ann' : 'bob', i % 3 ? 'bob' : 'ann', `text ${i}`, `id-${i}`);
      if (i % 2) await clock.pass(10);
    }
    await warmAndCold(async (from) => {
      const [forAnn, forBob] = [await conversationSeenBy(from, 'ann', 'bob'), await conversationSeenBy(from, 'bob', 'ann')];
      expect(forAnn).toEqual(forBob);
      expect(forAnn).toMatchObject(
        Array.from({ length: 10 }, (_, i) => 9 - i).map((i) => ({
          messageId: `${from.conversationIdOf('ann', 'bob')}.${i + 1}`,
          seq: i + 1,
          senderId: i % 3 ? 'ann' : 'bob',
          participants: ['ann', 'bob'],
          messageContent: `text ${i}`,
          clientMessageId: `id-${i}`,
        })),
      );
    });
  });

  test('has a sentTimestamp above the one before, also when the clock stands or goes back', async () => {
    const { mailring, clock, reopen } = await openMailring();
    const start = clock.now();
    const times = [];
    for (const move of [0, 0, -5_000, 100, 0]) {
      clock.set(clock.now() + move);
      times.push((await send(mailring, 'ann', 'bob', 'hello')).sentTimestamp);
      times.push((await send(mailring, 'bob', 'ann', 'hello')).sentTimestamp);
    }
    times.push((await send(await reopen(), 'ann', 'bob', 'hello')).sentTimestamp);
    expect(times).toEqual(times.map((_, i) => start + i));
  });

  test('is not to be seen before it is durable, and is answered after that', async () => {
    const { mailring, hooks } = await openMailring();
    await send(mailring, 'ann', 'bob', 'first', 'id-1');
    const held = gate();
    hooks.apply = async (run) => {
      await held.pass();
      return run();
    };
    let answered = false;
    const sending = send(mailring, 'ann', 'bob', 'second', 'id-2').finally(() => {
      answered = true;
    });
    await turns();
    const before = await mailring.fetchMessages({ userId: 'bob' });
    expect(before.messages.map(({ messageContent }) => messageContent)).toEqual(['first']);
    expect((await mailring.fetchConversations({ userId: 'bob' })).conversations).toMatchObject([{ lastSeq: 1, unreadCount: 1, snippet: 'first' }]);
    expect(answered).toBe(false);
    held.open();
    await sending;
    expect((await mailring.fetchMessages({ userId: 'bob' })).messages.map(({ messageContent }) => messageContent)).toEqual(['second', 'first']);
    expect((await mailring.fetchConversations({ userId: 'bob' })).conversations).toMatchObject([{ lastSeq: 2, unreadCount: 2, snippet: 'second' }]);
  });

  test('keeps the order of calls that nobody awaited, also when an earlier one has to be looked up and a later one has not', async () => {
    const { mailring } = await openMailring();
    await send(mailring, 'ann', 'bob', 'first', 'm');
    // Below the greatest id: looked up. Above it: not.
    const ids = ['a', 'x', 'b', 'y', 'c', 'z'];
    const results = await Promise.all(ids.map((id) => send(mailring, 'ann', 'bob', id, id)));
    expect(results.map(({ seq }) => seq)).toEqual([2, 3, 4, 5, 6, 7]);
    expect(await conversationSeenBy(mailring, 'bob', 'ann')).toMatchObject([...ids.toReversed(), 'first'].map((messageContent) => ({ messageContent })));
  });

  test('to oneself is one copy, in one mailbox, and never unread', async () => {
    const { mailring, warmAndCold } = await openMailring();
    await send(mailring, 'ann', 'ann', 'note', 'id-1');
    await send(mailring, 'ann', 'ann', 'another', 'id-2');
    await warmAndCold(async (from) => {
      expect(await from.fetchConversations({ userId: 'ann' })).toMatchObject({
        conversations: [{ participants: ['ann', 'ann'], lastSeq: 2, unreadCount: 0 }],
        totals: { conversations: 1, unread: 0 },
      });
      expect((await from.fetchMessages({ userId: 'ann' })).messages).toMatchObject([{ seq: 2, senderId: 'ann', participants: ['ann', 'ann'] }, { seq: 1 }]);
    });
  });

  test('counts as unread for the recipient only', async () => {
    const { mailring, warmAndCold } = await openMailring();
    for (const [sender, recipient] of ['ab', 'ba', 'ab', 'cb', 'bc', 'ab', 'ac']) await send(mailring, sender!, recipient!, 'hello');
    const unread = { a: { b: 1, c: 0 }, b: { a: 3, c: 1 }, c: { a: 1, b: 1 } };
    await warmAndCold(async (from) => {
      for (const [userId, peers] of Object.entries(unread)) {
        const { conversations, totals } = await from.fetchConversations({ userId });
        const counts = conversations.map(({ participants: [one, two], unreadCount }) => [one === userId ? two : one, unreadCount]);
        expect(Object.fromEntries(counts)).toEqual(peers);
        expect(totals).toEqual({ conversations: 2, unread: Object.values(peers).reduce((sum, count) => sum + count) });
      }
    });
  });
});

describe('a send of large content', () => {
  test('may have 65,535 bytes of UTF-8; 65,536 are refused and leave every mailbox as it was', async () => {
    const { mailring, memory, warmAndCold } = await openMailring();
    const largest = ['x'.repeat(65_535), '\u00e9'.repeat(32_767), '\u4f60'.repeat(21_845), '', '\u{1f600}'.repeat(16_383)];
    for (const content of largest) await send(mailring, 'ann', 'bob', content);
    const before = await contentsOf(memory);
    for (const content of ['x'.repeat(65_536), '\u00e9'.repeat(32_768), '\u4f60'.repeat(21_846), '\u{1f600}'.repeat(16_384)]) {
      expect(await errorOf(send(mailring, 'ann', 'bob', content))).toMatchObject({
        code: 'MAILRING_MESSAGE_TOO_LARGE',
        outcome: 'not-accepted',
        retryable: false,
        details: { bytes: Buffer.byteLength(content), limit: 65_535 },
      });
    }
    expect(await contentsOf(memory)).toEqual(before);
    await warmAndCold(async (from) =>
      expect(await conversationSeenBy(from, 'bob', 'ann')).toMatchObject(largest.toReversed().map((messageContent) => ({ messageContent }))),
    );
  });

  test('shares a batch only as far as the store takes it', async () => {
    const { mailring, hooks } = await openMailring();
    let applies = 0;
    hooks.apply = (run) => {
      applies++;
      return run();
    };
    const results = await Promise.all(Array.from({ length: 100 }, () => send(mailring, 'ann', 'bob', 'x'.repeat(65_535))));
    expect(results.map(({ seq }) => seq)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    expect(applies).toBeGreaterThanOrEqual(4);
    expect(applies).toBeLessThanOrEqual(6);
  });
});

describe('a send that is given up', () => {
  test('before it is called is not accepted and leaves nothing', async () => {
    const { mailring, memory } = await openMailring();
    const before = await contentsOf(memory);
    const call = mailring.sendMessage(
      { senderId: 'ann', recipientId: 'bob', messageContent: 'hello', clientMessageId: 'id-1' },
      { signal: AbortSignal.abort() },
    );
    expect(await errorOf(call)).toMatchObject({ code: 'MAILRING_ABORTED', name: 'AbortError', outcome: 'not-accepted' });
    expect(await contentsOf(memory)).toEqual(before);
  });

  test('while it waits is not accepted and leaves nothing; in the batch it is unconfirmed, and a repeat says what became of it', async () => {
    const { mailring, hooks } = await openMailring();
    const held = gate();
    hooks.apply = async (run) => {
      await held.pass();
      return run();
    };
    const controller = new AbortController();
    const { signal } = controller;
    const [sender, recipient] = [{ senderId: 'ann' }, { recipientId: 'bob' }];
    const written = mailring.sendMessage({ ...sender, ...recipient, messageContent: 'written', clientMessageId: 'id-1' }, { signal });
    await turns();
    const waiting = mailring.sendMessage({ ...sender, ...recipient, messageContent: 'waiting', clientMessageId: 'id-2' }, { signal });
    await turns();
    controller.abort();
    expect(await errorOf(written)).toMatchObject({ code: 'MAILRING_ABORTED', name: 'AbortError', retryable: true, outcome: 'unconfirmed' });
    expect(await errorOf(waiting)).toMatchObject({ code: 'MAILRING_ABORTED', outcome: 'not-accepted' });
    held.open();
    hooks.apply = undefined;
    expect(await send(mailring, 'ann', 'bob', 'written', 'id-1')).toMatchObject({ seq: 1, duplicate: true });
    expect(await send(mailring, 'ann', 'bob', 'waiting', 'id-2')).toMatchObject({ seq: 2, duplicate: false });
    expect(mailring.stats().shards['shard-0']).toMatchObject({ waitingWrites: 0, mailboxesInUse: 0 });
  });

  test('by timeoutMs is given up when that time has passed, not before', async () => {
    const { mailring, hooks, clock } = await openMailring();
    const held = gate();
    hooks.apply = async (run) => {
      await held.pass();
      return run();
    };
    const call = mailring.sendMessage({ senderId: 'ann', recipientId: 'bob', messageContent: 'hello', clientMessageId: 'id-1' }, { timeoutMs: 500 });
    let error: unknown;
    call.catch((thrown) => {
      error = thrown;
    });
    await turns();
    await clock.pass(499);
    expect(error).toBeUndefined();
    await clock.pass(1);
    expect(error).toMatchObject({ code: 'MAILRING_ABORTED', outcome: 'unconfirmed' });
    held.open();
  });
});

describe('closing', () => {
  test('finishes what was accepted and takes nothing new', async () => {
    const { mailring, reopen } = await openMailring();
    const sends = Array.from({ length: 20 }, (_, i) => send(mailring, 'ann', 'bob', `text ${i}`));
    const closing = mailring.close();
    expect(await errorOf(send(mailring, 'ann', 'bob', 'late'))).toMatchObject({ code: 'MAILRING_CLOSED', outcome: 'not-accepted' });
    expect(await errorOf(mailring.fetchMessages({ userId: 'ann' }))).toMatchObject({ code: 'MAILRING_CLOSED' });
    await closing;
    await mailring.close();
    expect((await Promise.all(sends)).map(({ seq }) => seq)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(await conversationSeenBy(await reopen(), 'bob', 'ann')).toHaveLength(20);
  });
});
