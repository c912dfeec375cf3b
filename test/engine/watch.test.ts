import type { WatchEvent } from 'mailring';
import { describe, expect, test } from 'vitest';
import { gate } from './hooked-store.js';
import { errorOf, openMailring, send } from './mailrings.js';
import { turns } from './manual-clock.js';

/** What an event says, in short. */
const told = (event: WatchEvent | undefined) =>
  event?.type === 'changes'
    ? {
        messages: event.messages.map(({ messageContent }) => messageContent),
        conversations: event.conversations.map(({ lastSeq, unreadCount }) => [lastSeq, unreadCount]),
        unread: event.totals.unread,
        hasMore: event.hasMore,
      }
    : event;

/** The next event of a watch. */
const next = async (watch: AsyncIterableIterator<WatchEvent, void, void>) => (await watch.next()).value ?? undefined;

describe('a watch', () => {
  test('without a cursor starts when it is called, and tells what is committed from then on, in both mailboxes', async () => {
    const { mailring } = await openMailring();
    await send(mailring, 'ann', 'bob', 'before');
    const [ann, bob] = [mailring.watch({ userId: 'ann' }), mailring.watch({ userId: 'bob' })];
    await send(mailring, 'ann', 'bob', 'one');
    const first = next(bob);
    expect(told(await first)).toEqual({ messages: ['one'], conversations: [[2, 2]], unread: 2, hasMore: false });
    expect(told(await next(ann))).toEqual({ messages: ['one'], conversations: [[2, 0]], unread: 0, hasMore: false });
    const waiting = next(bob);
    await turns();
    await send(mailring, 'cid', 'bob', 'two');
    expect(told(await waiting)).toEqual({ messages: ['two'], conversations: [[1, 1]], unread: 3, hasMore: false });
    await Promise.all([ann.return!(), bob.return!()]);
  });

  test('goes on from an event without a gap and without a repeat, over reopening', async () => {
    const { mailring, reopen } = await openMailring();
    const seen: string[] = [];
    let cursor = 0;
    const take = async (from: typeof mailring) => {
      for await (const event of from.watch({ userId: 'bob', lastUpdatedTimestamp: cursor })) {
        if (event.type === 'changes') seen.push(...event.messages.map(({ messageContent }) => messageContent));
        cursor = event.lastUpdatedTimestamp;
        if (event.type === 'changes' && !event.hasMore) break;
      }
    };
    for (let i = 0; i < 450; i++) await send(mailring, 'ann', 'bob', `${i}`);
    await take(mailring);
    const again = await reopen();
    await send(again, 'ann', 'bob', '450');
    await take(again);
    expect(seen).toEqual(Array.from({ length: 451 }, (_, i) => `${i}`));
  });

  test('tells a read marker, and nothing where a marker does not move', async () => {
    const { mailring } = await openMailring();
    const { conversationId } = await send(mailring, 'ann', 'bob', 'one');
    const watch = mailring.watch({ userId: 'bob' });
    const event = next(watch);
    await mailring.markRead({ userId: 'bob', conversationId, seq: 0 });
    await mailring.markRead({ userId: 'bob', conversationId, seq: 9 });
    expect(told(await event)).toEqual({ messages: [], conversations: [[1, 0]], unread: 0, hasMore: false });
    await watch.return!();
  });

  test('says that a cursor is none of this mailbox, and goes on from its version', async () => {
    const { mailring } = await openMailring();
    const { lastUpdatedTimestamp } = await send(mailring, 'ann', 'bob', 'one');
    const watch = mailring.watch({ userId: 'ann', lastUpdatedTimestamp: lastUpdatedTimestamp + 1 });
    expect(await next(watch)).toEqual({ type: 'reset', reason: 'future', lastUpdatedTimestamp });
    await send(mailring, 'bob', 'ann', 'two');
    expect(told(await next(watch))).toMatchObject({ messages: ['two'] });
    await watch.return!();
  });

  test('ends when it is left, when the mailring is closed, and with an error when it is given up', async () => {
    const { mailring } = await openMailring();
    const left = mailring.watch({ userId: 'ann' });
    const pending = left.next();
    await turns();
    expect(await left.return!()).toEqual({ done: true, value: undefined });
    expect(await pending).toEqual({ done: true, value: undefined });
    const controller = new AbortController();
    const aborted = errorOf(mailring.watch({ userId: 'ann' }, { signal: controller.signal }).next());
    const closed = mailring.watch({ userId: 'ann' }).next();
    await turns();
    controller.abort();
    expect(await aborted).toMatchObject({ code: 'MAILRING_ABORTED', name: 'AbortError' });
    await mailring.close();
    expect(await closed).toEqual({ done: true, value: undefined });
    expect(await errorOf(mailring.watch({ userId: 'ann' }).next())).toMatchObject({ code: 'MAILRING_CLOSED' });
  });

  test('ends in each of these ways also while it starts, where the store does not answer', async () => {
    const { mailring, hooks } = await openMailring();
    const { pass, open } = gate();
    hooks.load = async (run) => {
      await pass();
      return run();
    };
    const controller = new AbortController();
    const aborted = errorOf(mailring.watch({ userId: 'ann' }, { signal: controller.signal }).next());
    const left = mailring.watch({ userId: 'ann' });
    const pending = left.next();
    await turns();
    controller.abort(new Error('gone home'));
    expect(await aborted).toMatchObject({ code: 'MAILRING_ABORTED', cause: { message: 'gone home' } });
    await left.return!();
    expect(await pending).toEqual({ done: true, value: undefined });
    const closed = mailring.watch({ userId: 'ann' }).next();
    await turns();
    const closing = mailring.close();
    open();
    await closing;
    expect(await closed).toEqual({ done: true, value: undefined });
  });

  test('says which of its arguments is wrong', async () => {
    const { mailring } = await openMailring();
    const wrong = (...given: unknown[]) => mailring.watch(...(given as Parameters<typeof mailring.watch>)).next();
    await expect(wrong({ userId: 'ann' }, { timeoutMs: 5 })).rejects.toThrow(/the options of watch.*timeoutMs/);
    await expect(wrong({ userId: 'ann' }, 'now')).rejects.toThrow(/the options of watch/);
    await expect(wrong({ user: 'ann' })).rejects.toThrow(/the request of watch/);
  });

  test('goes on when a store was closed and opened again after a failed write', async () => {
    const { mailring, hooks, clock } = await openMailring();
    const watch = mailring.watch({ userId: 'bob' });
    const event = next(watch);
    hooks.apply = async (run) => {
      await run();
      throw new Error('the disk is gone');
    };
    await errorOf(send(mailring, 'ann', 'bob', 'came all the same'));
    hooks.apply = undefined;
    await clock.pass(100);
    expect(told(await event)).toMatchObject({ messages: ['came all the same'] });
    await watch.return!();
  });

  test('that waits reads nothing and sets no timer', async () => {
    const { mailring, hooks, clock } = await openMailring();
    const watches = Array.from({ length: 100 }, (_, i) => mailring.watch({ userId: `user-${i}` }));
    const pending = watches.map((watch) => watch.next());
    await turns();
    const timers = clock.delays.length;
    let reads = 0;
    hooks.load = (run) => {
      reads++;
      return run();
    };
    await clock.pass(60_000);
    expect({ reads, timers: clock.delays.length - timers }).toEqual({ reads: 0, timers: 0 });
    expect(mailring.stats().shards['shard-0']).toMatchObject({ activeReads: 0, mailboxesInUse: 0 });
    for (const watch of watches) await watch.return!();
    await Promise.all(pending);
  });
});
