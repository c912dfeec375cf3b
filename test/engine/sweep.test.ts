import { createClientMessageId, Mailring } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { Ring } from 'mailring/ring';
import { describe, expect, test } from 'vitest';
import { gate, hookedStore, openGates } from './hooked-store.js';
import { errorOf } from './mailrings.js';
import { ManualClock, turns } from './manual-clock.js';

const SHARDS = ['a', 'b', 'c'] as const;

/** Three shards, users of each, and what can be done to their stores. */
async function openThree(users: number) {
  const ring = await Ring.create({ shards: SHARDS });
  const all = Array.from({ length: 20 * users }, (_, i) => `user-${i}`);
  const usersOf = (shard: string) => all.filter((user) => ring.shardOf(user) === shard).slice(0, users);
  const clock = new ManualClock();
  const hooked = Object.fromEntries(SHARDS.map((name) => [name, hookedStore(new MemoryStore())]));
  const stores = Object.fromEntries(SHARDS.map((name) => [name, hooked[name]!.store]));
  const mailring = await Mailring.open({ stores, clock, limits: { sweepMs: 1_000, reopenDelayMs: 10, cacheBytes: 1 } });
  await turns();
  return { mailring, clock, usersOf, hooks: (name: string) => hooked[name]!.hooks };
}

const message = (senderId: string, recipientId: string) => ({ senderId, recipientId, messageContent: 'hello', clientMessageId: createClientMessageId() });

/** The conversations of these pairs whose two copies do not end at the same seq. */
async function behind(mailring: Mailring, pairs: readonly (readonly [string, string])[]): Promise<number> {
  let count = 0;
  for (const [x, y] of pairs) {
    const conversationId = mailring.conversationIdOf(x, y);
    const lastSeqs = await Promise.all([x, y].map(async (userId) => (await mailring.fetchMessages({ userId, conversationId, pageSize: 1 })).messages[0]?.seq));
    if (lastSeqs[0] !== lastSeqs[1]) count++;
  }
  return count;
}

describe('a shard that does not answer', () => {
  test.each(['load', 'apply'] as const)('(%s) does not keep a sweep from delivering between others', async (call) => {
    const { mailring, clock, usersOf, hooks } = await openThree(6);
    const [a, b, c] = SHARDS.map(usersOf) as [string[], string[], string[]];
    const toB = a.flatMap((x) => b.map((y) => [x, y] as const));
    const toC = a.flatMap((x) => c.map((z) => [x, z] as const));
    for (const [x, y] of [...toB, ...toC]) await mailring.sendMessage(message(x, y));
    const { pass } = gate();
    const held = <T>(run: () => Promise<T>): Promise<T> => pass().then(run);
    if (call === 'load') hooks('c').load = held;
    else hooks('c').apply = held;
    const hanging = toC.map(([x, z]) => mailring.sendMessage(message(x, z)));
    await turns();
    hooks('b').apply = () => Promise.reject(new Error('down'));
    for (const outcome of await Promise.all(toB.map(([x, y]) => errorOf(mailring.sendMessage(message(x, y))))))
      expect(outcome.code).toBe('MAILRING_UNAVAILABLE');
    hooks('b').apply = undefined;
    await clock.pass(10);
    expect(await behind(mailring, toB)).toBeGreaterThan(0);
    for (let second = 0; second < 20; second++) await clock.pass(1_000);
    expect(await behind(mailring, toB)).toBe(0);
    expect(mailring.health().reasons).toContainEqual(expect.objectContaining({ code: 'store-slow', shard: 'c' }));
    openGates();
    await Promise.all(hanging);
    await mailring.close();
  });
});

test('that the marks of a shard cannot be read is said by health', async () => {
  const clock = new ManualClock();
  const a = new MemoryStore();
  const scanMarks = a.scanMarks.bind(a);
  const b = new MemoryStore();
  const mailring = await Mailring.open({ stores: { a, b }, clock, limits: { sweepMs: 1_000 } });
  await turns();
  expect(mailring.health().status).toBe('ok');
  a.scanMarks = async function* () {
    yield* [];
    throw new Error('a table is damaged');
  };
  await clock.pass(1_000);
  const { reasons } = mailring.health();
  expect(reasons.filter(({ code }) => code === 'delivery-failing')).toEqual([
    { code: 'delivery-failing', shard: 'a', text: expect.stringContaining('a table is damaged') },
  ]);
  a.scanMarks = scanMarks;
  await clock.pass(1_000);
  expect(mailring.health().status).toBe('ok');
  await mailring.close();
});
