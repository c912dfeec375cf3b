import { isMailringError, Mailring } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { Ring } from 'mailring/ring';
import { expect, test } from 'vitest';
import { loadHash64 } from '../../src/model/hash.js';
import { homeSideOf, participantsOf, type UserId } from '../../src/model/ids.js';
import { gate, hookedStore, openGates } from './hooked-store.js';
import { errorOf } from './mailrings.js';
import { turns } from './manual-clock.js';
import { message, openStores, pairsHomedIn } from './two-shards.js';

const LIMIT = 10;

test('sends that were given up stay in the backlog until they are delivered', async () => {
  const { store: b, hooks } = hookedStore(new MemoryStore());
  const { mailring } = await openStores({ a: new MemoryStore(), b }, { undeliveredPerHome: LIMIT });
  const [[home, other]] = (await pairsHomedIn('a', 1)) as [[string, string]];
  await mailring.sendMessage(message(home, other));
  const held = gate();
  hooks.apply = (run) => held.pass().then(run);
  const outcomes: string[] = [];
  for (let i = 0; i < 3 * LIMIT; i++) {
    const controller = new AbortController();
    const sent = errorOf(mailring.sendMessage(message(home, other), { signal: controller.signal }));
    await turns();
    controller.abort();
    outcomes.push((await sent).code);
  }
  expect(outcomes.filter((code) => code === 'MAILRING_ABORTED')).toHaveLength(LIMIT);
  expect(outcomes.slice(LIMIT)).toEqual(Array.from({ length: 2 * LIMIT }, () => 'MAILRING_OVERLOADED'));
  openGates();
  hooks.apply = undefined;
  await turns();
  expect(await mailring.sendMessage(message(home, other))).toMatchObject({ seq: LIMIT + 2 });
  expect((await mailring.verify()).ok).toBe(true);
  await mailring.close();
});

test('a shard that does not answer fills no backlog of another', async () => {
  const ring = await Ring.create({ shards: ['a', 'b', 'c'] });
  const hash = await loadHash64();
  const homeOf = (x: string, y: string) => {
    const participants = participantsOf(x as UserId, y as UserId);
    return participants[homeSideOf(participants, hash)];
  };
  const users = Array.from({ length: 600 }, (_, i) => `user-${i}`);
  const home = users.find((user) => ring.shardOf(user) === 'a')!;
  const peersIn = (shard: string) => users.filter((user) => ring.shardOf(user) === shard && homeOf(home, user) === home).slice(0, 2 * LIMIT);
  const { store: c, hooks } = hookedStore(new MemoryStore());
  const mailring = await Mailring.open({ stores: { a: new MemoryStore(), b: new MemoryStore(), c }, limits: { undeliveredPerHome: LIMIT } });
  await turns();
  const held = gate();
  hooks.load = (run) => held.pass().then(run);
  const toC = peersIn('c').map((peer) => mailring.sendMessage(message(home, peer)).catch((error: unknown) => error));
  await turns();
  for (const peer of peersIn('b')) expect(await mailring.sendMessage(message(home, peer))).toMatchObject({ seq: 1 });
  openGates();
  const refused = (await Promise.all(toC)).filter((result) => isMailringError(result, 'MAILRING_OVERLOADED'));
  expect(refused).toHaveLength(LIMIT);
  expect(refused[0]).toMatchObject({ outcome: 'not-accepted', details: { shard: 'c', userId: home, limit: LIMIT } });
  await mailring.close();
});

test('deliveries that failed stay in the backlog until a sweep has brought them', async () => {
  const { store: b, hooks } = hookedStore(new MemoryStore({ exclusive: false }), { exclusive: false });
  const { mailring, clock } = await openStores({ a: new MemoryStore(), b }, { undeliveredPerHome: LIMIT });
  const [[home, other]] = (await pairsHomedIn('a', 1)) as [[string, string]];
  await mailring.sendMessage(message(home, other));
  hooks.apply = () => Promise.reject(new Error('down'));
  const outcomes: string[] = [];
  for (let i = 0; i < LIMIT + 5; i++) {
    const sent = errorOf(mailring.sendMessage(message(home, other))).then(({ code }) => outcomes.push(code));
    // The time that tries, and sweeps between them, take.
    while (outcomes.length === i) await clock.pass(100);
    await sent;
  }
  expect(outcomes.slice(0, LIMIT)).toEqual(Array.from({ length: LIMIT }, () => 'MAILRING_UNAVAILABLE'));
  expect(outcomes.slice(LIMIT)).toEqual(Array.from({ length: 5 }, () => 'MAILRING_OVERLOADED'));
  hooks.apply = undefined;
  await clock.pass(1_000);
  expect(await mailring.sendMessage(message(home, other))).toMatchObject({ seq: LIMIT + 2 });
  await mailring.close();
});
