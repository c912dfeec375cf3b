import { Mailring, type Store } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { describe, expect, test } from 'vitest';
import { gate, hookedStore, type StoreHooks } from './hooked-store.js';
import { errorOf, openMailring, send } from './mailrings.js';
import { ManualClock, turns } from './manual-clock.js';
import { message, openStores, pairsHomedIn } from './two-shards.js';

/** Closing at every moment: what was accepted is finished, everything else is refused. */

/** Holds calls of a store until the gate is opened. */
function hold(hooks: StoreHooks, ...calls: readonly ('load' | 'apply' | 'scan')[]): () => void {
  const held = gate();
  for (const call of calls) {
    hooks[call] = (async (run: () => Promise<unknown>) => {
      await held.pass();
      return run();
    }) as never;
  }
  return held.open;
}

/** Whether a promise is settled by now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  await turns();
  return Promise.race([
    promise.then(
      () => true,
      () => true,
    ),
    Promise.resolve(false),
  ]);
}

const CLOSED = { code: 'MAILRING_CLOSED', retryable: false };

async function expectRefusing(mailring: Mailring): Promise<void> {
  expect(await errorOf(send(mailring, 'ann', 'bob', 'late'))).toMatchObject({ ...CLOSED, outcome: 'not-accepted' });
  expect(await errorOf(mailring.fetchConversations({ userId: 'ann' }))).toMatchObject(CLOSED);
  expect(mailring.health()).toMatchObject({ status: 'closed' });
  expect(mailring.stats()).toMatchObject({ closed: true });
}

describe('close', () => {
  test.each(['load', 'apply'] as const)('while a send waits for a %s of the store waits for it, and what was accepted is there', async (call) => {
    const { mailring, hooks, reopen } = await openMailring();
    const open = hold(hooks, call);
    const sends = [send(mailring, 'ann', 'bob', 'one'), send(mailring, 'cid', 'ann', 'two')];
    await turns();
    const waiting = [
      send(mailring, 'ann', 'bob', 'three'),
      mailring.markRead({ userId: 'bob', conversationId: mailring.conversationIdOf('ann', 'bob'), seq: 1 }),
    ];
    const closing = mailring.close();
    expect(await isSettled(closing)).toBe(false);
    await expectRefusing(mailring);
    open();
    await closing;
    expect(await Promise.all(sends)).toMatchObject([{ seq: 1 }, { seq: 1 }]);
    await Promise.all(waiting);
    const again = await reopen();
    expect((await again.fetchMessages({ userId: 'ann' })).messages).toHaveLength(3);
  });

  test('while reads are under way answers them', async () => {
    const { mailring, hooks, reopen } = await openMailring();
    await send(mailring, 'ann', 'bob', 'one');
    const cold = await reopen();
    const open = hold(hooks, 'load');
    const reads = [
      cold.fetchConversations({ userId: 'ann' }),
      cold.fetchMessages({ userId: 'bob' }),
      cold.messages({ userId: 'ann' }).next(),
      cold.getConversation({ userId: 'ann', conversationId: cold.conversationIdOf('ann', 'bob') }),
    ];
    await turns();
    expect(cold.stats().shards['shard-0']!.activeReads).toBe(4);
    const closing = cold.close();
    expect(await isSettled(closing)).toBe(false);
    open();
    await closing;
    expect(await Promise.all(reads)).toMatchObject([{ conversations: [{}] }, { messages: [{}] }, { done: false }, { lastSeq: 1 }]);
  });

  test('ends watches, also one that has events left, and refuses the next page of an iterator', async () => {
    const { mailring, hooks } = await openMailring();
    for (let i = 0; i < 250; i++) await send(mailring, 'ann', 'bob', `${i}`);
    const waiting = mailring.watch({ userId: 'ann' }).next();
    const behind = mailring.watch({ userId: 'ann', lastUpdatedTimestamp: 0 });
    expect(await behind.next()).toMatchObject({ value: { hasMore: true } });
    const messages = mailring.messages({ userId: 'bob' });
    expect(await messages.next()).toMatchObject({ done: false });
    await turns();
    const open = hold(hooks, 'apply');
    const closing = mailring.close();
    open();
    await closing;
    const done = { done: true, value: undefined };
    expect([await waiting, await behind.next(), await behind.next()]).toEqual([done, done, done]);
    const rest: unknown[] = [];
    const error = await errorOf(
      (async () => {
        for await (const item of messages) rest.push(item);
      })(),
    );
    expect(error).toMatchObject(CLOSED);
    expect(rest).toHaveLength(199);
  });

  test('while verify runs, which could take hours, ends it', async () => {
    const { mailring, hooks } = await openMailring();
    await send(mailring, 'ann', 'bob', 'one');
    const open = hold(hooks, 'scan');
    const given = errorOf(mailring.verify());
    await turns();
    const closing = mailring.close();
    await turns();
    open();
    await closing;
    expect(await given).toMatchObject(CLOSED);
  });

  test.each(['a', 'b'] as const)('before commit %s of the two of a send finishes both', async (held) => {
    const memory = { a: new MemoryStore(), b: new MemoryStore() };
    const [a, b] = [hookedStore(memory.a), hookedStore(memory.b)];
    const { mailring } = await openStores({ a: a.store, b: b.store });
    const [[home, other]] = (await pairsHomedIn('a', 1)) as [[string, string]];
    const open = hold({ a, b }[held].hooks, 'apply');
    const sent = mailring.sendMessage(message(home, other));
    await turns();
    const closing = mailring.close();
    expect(await isSettled(closing)).toBe(false);
    await expectRefusing(mailring);
    open();
    await closing;
    expect(await sent).toMatchObject({ seq: 1, duplicate: false });
    const again = await Mailring.open({ stores: memory, clock: new ManualClock() });
    expect((await again.fetchMessages({ userId: other })).messages).toHaveLength(1);
    expect((await again.verify()).problems).toEqual([]);
    await again.close();
  });

  test('called many times at once closes once, and every call waits for the end', async () => {
    let closes = 0;
    const { store, hooks } = hookedStore(new MemoryStore());
    hooks.close = (run) => {
      closes++;
      return run();
    };
    const mailring = await Mailring.open({ store });
    const open = hold(hooks, 'apply');
    const sent = send(mailring, 'ann', 'bob', 'one');
    await turns();
    const closings = [mailring.close(), mailring[Symbol.asyncDispose](), mailring.close()];
    for (const closing of closings) expect(await isSettled(closing)).toBe(false);
    open();
    await Promise.all(closings);
    await sent;
    await mailring.close();
    expect(closes).toBe(1);
  });

  test('comes at the end of `await using`, also when what stands there throws', async () => {
    const store: Store = new MemoryStore();
    let used: Mailring | undefined;
    const use = async () => {
      await using mailring = await Mailring.open({ store });
      used = mailring;
      await send(mailring, 'ann', 'bob', 'one');
      throw new Error('of the host');
    };
    await expect(use()).rejects.toThrow('of the host');
    await expectRefusing(used!);
    await (await Mailring.open({ store })).close();
  });

  test('that the store fails is told, and everything else is closed', async () => {
    const stores = { a: hookedStore(new MemoryStore()), b: hookedStore(new MemoryStore()) };
    let closedB = false;
    stores.a.hooks.close = async () => {
      throw new Error('the disk is gone');
    };
    stores.b.hooks.close = async (run) => {
      await run();
      closedB = true;
    };
    const mailring = await Mailring.open({ stores: { a: stores.a.store, b: stores.b.store }, clock: new ManualClock() });
    await expect(mailring.close()).rejects.toThrow('the disk is gone');
    expect(closedB).toBe(true);
    expect(mailring.stats()).toMatchObject({ closed: true });
  });
});
