import { createClientMessageId, type Limits, Mailring } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { Ring } from 'mailring/ring';
import { afterEach, describe, expect, test } from 'vitest';
import { countingStore } from './counting-store.js';
import { gate, hookedStore } from './hooked-store.js';
import { errorOf } from './mailrings.js';
import { ManualClock, turns } from './manual-clock.js';

const opened: Mailring[] = [];

afterEach(async () => {
  for (const mailring of opened.splice(0)) await mailring.close();
});

/** Two shards `a` and `b`, a user of each, and what their stores are asked for. The conversation's home is where the first commit goes. */
async function openTwo({ applyBytesMax, limits = {} }: { applyBytesMax?: number; limits?: Partial<Limits> } = {}) {
  const ring = await Ring.create({ shards: ['a', 'b'] });
  const userOf = (shard: string) => Array.from({ length: 100 }, (_, i) => `user-${i}`).find((user) => ring.shardOf(user) === shard)!;
  const clock = new ManualClock();
  const memory = { a: new MemoryStore(), b: new MemoryStore() };
  const hooked = { a: hookedStore(memory.a, { applyBytesMax }), b: hookedStore(memory.b, { applyBytesMax }) };
  const counted = { a: countingStore(hooked.a.store), b: countingStore(hooked.b.store) };
  const open = async () => {
    const mailring = await Mailring.open({
      stores: { a: counted.a.store, b: counted.b.store },
      clock,
      limits: { sweepMs: 1_000, ...limits },
    });
    opened.push(mailring);
    return mailring;
  };
  const mailring = await open();
  const users = { a: userOf('a'), b: userOf('b') };
  const take = () => ({ a: counted.a.take(), b: counted.b.take() });
  const marksIn = async (shard: 'a' | 'b') => {
    let count = 0;
    for (let slot = 0; slot < 64; slot++) for await (const _ of memory[shard].scanMarks(slot)) count++;
    return count;
  };
  const marks = async () => (await marksIn('a')) + (await marksIn('b'));
  /** The shard that does not have the home of the one conversation that is marked. */
  const otherShard = async () => ((await marksIn('a')) > 0 ? 'b' : 'a');
  take();
  return { mailring, open, users, clock, take, marks, otherShard, hooks: { a: hooked.a.hooks, b: hooked.b.hooks } };
}

const message = (senderId: string, recipientId: string, clientMessageId = createClientMessageId()) => ({
  senderId,
  recipientId,
  messageContent: 'hello',
  clientMessageId,
});

describe('a send between two shards', () => {
  test('is two applies, 3 rows in the home and 2 in the other mailbox, with one mark for a burst, and the first also 2 conversation rows', async () => {
    const { mailring, users, take, marks } = await openTwo();
    const sums = (counts: ReturnType<typeof take>) => {
      const both = [counts.a, counts.b].toSorted((x, y) => y.rowsPut - x.rowsPut);
      return both.map(({ applies, rowsPut, marks: set }) => ({ applies, rowsPut, marks: set }));
    };
    await mailring.sendMessage(message(users.a, users.b));
    expect(sums(take())).toEqual([
      { applies: 1, rowsPut: 4, marks: 1 },
      { applies: 1, rowsPut: 3, marks: 0 },
    ]);
    await mailring.sendMessage(message(users.b, users.a));
    const warm = take();
    expect(sums(warm)).toEqual([
      { applies: 1, rowsPut: 3, marks: 0 },
      { applies: 1, rowsPut: 2, marks: 0 },
    ]);
    expect([warm.a, warm.b].map(({ loads, reads, scans }) => [loads, reads, scans])).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
    expect(await marks()).toBe(1);
  });

  test('is answered the same to a repeat, from both sides, with its number in the mailbox of the sender', async () => {
    const { mailring, users } = await openTwo();
    for (const [from, to] of [
      [users.a, users.b],
      [users.b, users.a],
    ] as const) {
      const sent = message(from, to);
      const first = await mailring.sendMessage(sent);
      expect(await mailring.sendMessage(sent)).toEqual({ ...first, duplicate: true });
      const { messages } = await mailring.fetchMessages({ userId: from, pageSize: 1 });
      expect(messages).toMatchObject([{ messageId: first.messageId, lastUpdatedTimestamp: first.lastUpdatedTimestamp }]);
    }
  });
});

test('a mark stays where a message came while a sweep looked at its conversation: the next open delivers it', async () => {
  // Nothing stays in memory, so that the sweep has to wait for the other mailbox.
  const { mailring, open, users, clock, otherShard, hooks } = await openTwo({ limits: { cacheBytes: 1 } });
  const { conversationId } = await mailring.sendMessage(message(users.a, users.b));
  const other = await otherShard();
  await clock.pass(1_000);
  const held = gate();
  hooks[other].load = (run) => held.pass().then(run);
  await clock.pass(1_000);
  hooks[other].apply = async () => {
    throw new Error('disk full');
  };
  const sent = errorOf(mailring.sendMessage(message(users.a, users.b)));
  await turns();
  held.open();
  expect(await sent).toMatchObject({ outcome: 'unconfirmed', details: { seq: 2 } });
  await turns();
  hooks[other].load = undefined;
  hooks[other].apply = undefined;
  await mailring.close();
  const again = await open();
  await turns();
  const { messages } = await again.fetchMessages({ userId: users[other], conversationId });
  expect(messages.map(({ seq }) => seq)).toEqual([2, 1]);
});

describe('a shard that fails', () => {
  test('holds up only conversations that touch it; its sends say which shard, and where the message stands once the home has it', async () => {
    const { mailring, users, clock, hooks, otherShard } = await openTwo();
    const first = await mailring.sendMessage(message(users.a, users.b));
    const other = await otherShard();
    const home = other === 'a' ? 'b' : 'a';
    const { apply } = hooks[other];
    hooks[other].apply = async () => {
      throw new Error('disk full');
    };
    hooks[other].open = () => Promise.reject(new Error('disk full'));
    const sent = message(users[home], users[other]);
    expect(await errorOf(mailring.sendMessage(sent))).toMatchObject({
      code: 'MAILRING_UNAVAILABLE',
      outcome: 'unconfirmed',
      details: { shard: other, messageId: `${first.conversationId}.2`, seq: 2 },
    });
    // Known to be down: the home is not even asked.
    expect(await errorOf(mailring.sendMessage(message(users[home], users[other])))).toMatchObject({ outcome: 'not-accepted', details: { shard: other } });
    expect(await mailring.sendMessage(message(users[home], users[home]))).toMatchObject({ seq: 1 });
    hooks[other].apply = apply;
    hooks[other].open = undefined;
    await clock.pass(10_000);
    // A sweep has delivered it meanwhile; the repeat is the same message.
    expect((await mailring.fetchMessages({ userId: users[other], conversationId: first.conversationId })).messages[0]).toMatchObject({ seq: 2 });
    expect(await mailring.sendMessage(sent)).toMatchObject({ seq: 2, duplicate: true });
  });

  test('between the two commits of a send, in a crash, leaves a mark from which the next open delivers', async () => {
    const { mailring, open, users, clock, hooks, marks, otherShard } = await openTwo();
    const first = await mailring.sendMessage(message(users.a, users.b));
    const other = await otherShard();
    hooks[other].apply = () => Promise.reject(new Error('power lost'));
    hooks[other].open = () => Promise.reject(new Error('power lost'));
    await errorOf(mailring.sendMessage(message(users.a, users.b)));
    await mailring.close();
    hooks[other].apply = undefined;
    hooks[other].open = undefined;
    const again = await open();
    expect(await marks()).toBe(1);
    await clock.pass(0);
    for (const userId of [users.a, users.b]) {
      expect((await again.fetchMessages({ userId, conversationId: first.conversationId })).messages.map(({ seq }) => seq)).toEqual([2, 1]);
    }
    expect((await again.verify()).problems).toEqual([]);
  });
});

test('a tail of large messages is delivered in batches that the other store takes', async () => {
  const applyBytesMax = 256 * 1024;
  const { mailring, users, clock, otherShard, hooks } = await openTwo({ applyBytesMax });
  const { conversationId } = await mailring.sendMessage(message(users.a, users.b));
  const other = await otherShard();
  const home = other === 'a' ? 'b' : 'a';
  hooks[other].apply = async () => {
    throw new Error('disk full');
  };
  const sends = Array.from({ length: 12 }, () => errorOf(mailring.sendMessage({ ...message(users[home], users[other]), messageContent: 'x'.repeat(60_000) })));
  await Promise.all(sends);
  const sizes: number[] = [];
  hooks[other].apply = (run, writes) => {
    const rows = writes.flatMap(({ ops }) => ops);
    sizes.push(rows.reduce((sum, op) => sum + (op.type === 'put' ? op.key.length + op.value.length : 0), 0));
    return run();
  };
  for (let sweep = 0; sweep < 3; sweep++) await clock.pass(1_000);
  const { messages } = await mailring.fetchMessages({ userId: users[other], conversationId });
  expect(messages).toHaveLength(13);
  expect(sizes.length).toBeGreaterThanOrEqual(3);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(applyBytesMax);
  expect(mailring.health().status).toBe('ok');
});
