import { createClientMessageId, Mailring } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { describe, expect, test } from 'vitest';
import { countingStore } from './counting-store.js';
import { gate, hookedStore } from './hooked-store.js';
import { errorOf, openMailring, send } from './mailrings.js';
import { turns } from './manual-clock.js';

describe('what the host brings cannot stop a shard', () => {
  test('a logger that throws', async () => {
    const broken = () => {
      throw new Error('the log is full');
    };
    const { mailring, hooks, clock } = await openMailring({ logger: { info: broken, warn: broken, error: broken } });
    hooks.apply = async () => {
      throw new Error('no space left on device');
    };
    expect(await errorOf(send(mailring, 'ann', 'bob', 'lost'))).toMatchObject({ code: 'MAILRING_UNAVAILABLE', outcome: 'unconfirmed' });
    hooks.apply = undefined;
    await clock.pass(100);
    expect(await send(mailring, 'ann', 'bob', 'found')).toMatchObject({ seq: 1 });
  });

  test('a clock that throws, or gives what is no time', async () => {
    let now: () => number = () => 1_000;
    const clock = { now: () => now(), after: () => () => undefined, soon: (task: () => void) => void setImmediate(task) };
    const mailring = await Mailring.open({ store: new MemoryStore(), clock });
    const broken = [() => Number.NaN, () => Date.now() * 1_000, () => 5n as never, () => '7' as never];
    let seq = 0;
    for (const one of [...broken, () => fail()]) {
      now = one;
      expect(await send(mailring, 'ann', 'bob', 'hello')).toMatchObject({ seq: ++seq });
    }
    expect(mailring.stats().shards['shard-0']).toMatchObject({ status: 'open', fences: 0 });
    const { messages } = await mailring.fetchMessages({ userId: 'bob' });
    const times = messages.map(({ sentTimestamp }) => sentTimestamp).reverse();
    expect(times.every((time, i) => i === 0 || time > times[i - 1]!)).toBe(true);
    await mailring.close();
    await expect(Mailring.open({ store: new MemoryStore(), clock: { ...clock, now: () => Number.NaN } })).rejects.toThrow(RangeError);
  });
});

function fail(): never {
  throw new Error('no clock');
}

test('sends that nobody waits for any more leave the queue, though the store hangs', async () => {
  const { mailring, hooks } = await openMailring({ limits: { waitingWrites: 10 } });
  const held = gate();
  hooks.apply = async (run) => {
    await held.pass();
    return run();
  };
  const first = send(mailring, 'ann', 'bob', 'first');
  await turns();
  const content = 'x'.repeat(20_000);
  for (let i = 0; i < 100; i++) {
    const request = { senderId: 'ann', recipientId: `peer-${i}`, messageContent: content + i, clientMessageId: createClientMessageId() };
    const controller = new AbortController();
    const given = errorOf(mailring.sendMessage(request, { signal: controller.signal }));
    controller.abort();
    expect(await given).toMatchObject({ code: 'MAILRING_ABORTED', outcome: 'not-accepted' });
  }
  expect(mailring.stats().shards['shard-0']).toMatchObject({ waitingWrites: 1, mailboxesInUse: 2 });
  held.open();
  await first;
  // Nothing of what was given up was stored.
  expect((await mailring.fetchConversations({ userId: 'ann' })).totals.conversations).toBe(1);
});

test('a mailbox in use counts in the cache, and leaves it when alone it is too large', async () => {
  const { mailring } = await openMailring({ limits: { cacheBytes: 100_000 } });
  let running = 0;
  let least = Number.POSITIVE_INFINITY;
  const client = async (name: string) => {
    for (let i = 0; i < 300; i++) {
      running++;
      await send(mailring, `${name}-${i}`, 'helpdesk', 'x'.repeat(100));
      running--;
      if (i > 250) least = Math.min(least, 100_000 - mailring.stats().shards['shard-0']!.cachedBytes);
    }
  };
  await Promise.all(['a', 'b', 'c', 'd'].map(client));
  expect(running).toBe(0);
  // At most the mailboxes of the batch that is being written stand above the limit.
  expect(least).toBeGreaterThan(-100_000);
  expect(mailring.stats().shards['shard-0']!.cachedBytes).toBeLessThanOrEqual(100_000);
  expect((await mailring.fetchConversations({ userId: 'helpdesk' })).totals).toEqual({ conversations: 1_200, unread: 1_200 });
});

test('a list of few conversations is warm, however many messages they have', async () => {
  const { store, take } = countingStore(new MemoryStore());
  const mailring = await Mailring.open({ store });
  for (const peer of ['bob', 'cid', 'dan']) await send(mailring, 'ann', peer, 'hello');
  for (let i = 0; i < 2_000; i += 100) await Promise.all(Array.from({ length: 100 }, () => send(mailring, 'ann', 'eve', 'hello')));
  await mailring.close();
  const again = await Mailring.open({ store });
  const cold = await again.fetchConversations({ userId: 'ann' });
  take();
  const warm = await again.fetchConversations({ userId: 'ann' });
  const second = await again.fetchConversations({ userId: 'ann', before: warm.conversations[1]!.lastActivityTimestamp });
  expect(take()).toMatchObject({ loads: 0, reads: 0, scans: 0 });
  expect(warm).toEqual(cold);
  expect(warm.conversations.map(({ participants }) => participants[1])).toEqual(['eve', 'dan', 'cid', 'bob']);
  expect(second.conversations.map(({ participants }) => participants[1])).toEqual(['cid', 'bob']);
  await again.close();
});

test('what a store throws while it is opened has a code and names the shard, and nothing stays open', async () => {
  for (const call of ['open', 'load', 'apply'] as const) {
    const memory = new MemoryStore();
    const { store, hooks } = hookedStore(memory);
    hooks[call] = async () => {
      throw new Error('boom');
    };
    expect(await errorOf(Mailring.open({ store }))).toMatchObject({ code: 'MAILRING_UNAVAILABLE', details: { shard: 'shard-0' }, cause: { message: 'boom' } });
    hooks[call] = undefined;
    await (await Mailring.open({ store })).close();
  }
});

test('an open that is given up does not wait for a store that hangs', async () => {
  const { store, hooks } = hookedStore(new MemoryStore());
  hooks.load = () => new Promise(() => undefined);
  const controller = new AbortController();
  const opening = errorOf(Mailring.open({ store, signal: controller.signal }));
  await turns();
  controller.abort();
  expect(await opening).toMatchObject({ code: 'MAILRING_ABORTED' });
});
