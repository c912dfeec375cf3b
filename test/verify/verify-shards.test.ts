import { Mailring, type Mark, type MarkChange, type PartitionWrite, type Store } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { Ring } from 'mailring/ring';
import { afterEach, describe, expect, test } from 'vitest';
import { loadHash64 } from '../../src/model/hash.js';
import { homeSideOf, participantsOf, partitionOf, type UserId } from '../../src/model/ids.js';
import { MARK_SLOTS } from '../../src/model/limits.js';
import { named, problem, user } from './mailboxes.js';
import { StoredRows } from './stored-rows.js';

const hash = await loadHash64();
const ring = await Ring.create({ shards: ['a', 'b'] });
const userIn = (shard: string): UserId => Array.from({ length: 100 }, (_, i) => user(`user-${i}`)).find((id) => ring.shardOf(id) === shard)!;
const pair = participantsOf(userIn('a'), userIn('b'));
const side = homeSideOf(pair, hash);
const home = pair[side];
const away = pair[1 - side]!;

const opened: Mailring[] = [];
afterEach(async () => {
  for (const mailring of opened.splice(0)) await mailring.close();
});

async function open(stores: Readonly<Record<string, Store>>): Promise<Mailring> {
  const mailring = await Mailring.open({ stores });
  opened.push(mailring);
  return mailring;
}

const send = (mailring: Mailring, senderId: string, recipientId: string, clientMessageId: string) =>
  mailring.sendMessage({ senderId, recipientId, messageContent: `text of ${clientMessageId}`, clientMessageId });

/** Fails every commit to one mailbox, for as long as it is told to. */
class FailingStore extends MemoryStore {
  failing: UserId | undefined;

  override async apply(writes: readonly PartitionWrite[], marks: readonly MarkChange[] = []) {
    const { failing } = this;
    if (failing !== undefined && writes.some(({ partition }) => partitionOf(failing).equals(partition))) throw new Error('no commits to this mailbox');
    return super.apply(writes, marks);
  }
}

async function marksOf(store: Store): Promise<Mark[]> {
  const marks: Mark[] = [];
  for (let slot = 0; slot < MARK_SLOTS; slot++) for await (const mark of store.scanMarks(slot)) marks.push(mark);
  return marks;
}

const layouts: readonly { readonly name: string; readonly make: () => Readonly<Record<string, FailingStore>> }[] = [
  {
    name: 'of two shards that commit their mailboxes together',
    make: () => ({ a: new FailingStore({ exclusive: false }), b: new FailingStore({ exclusive: false }) }),
  },
  { name: 'of one shard that is not atomic across partitions', make: () => ({ a: new FailingStore({ exclusive: false, atomicAcrossPartitions: false }) }) },
  {
    name: 'of two shards that are not atomic across partitions',
    make: () => ({
      a: new FailingStore({ exclusive: false, atomicAcrossPartitions: false }),
      b: new FailingStore({ exclusive: false, atomicAcrossPartitions: false }),
    }),
  },
];

describe.each(layouts)('the end of a conversation that the other mailbox lacks, in mailboxes $name', ({ make }) => {
  /** Sends some messages that are delivered, then one that is not. */
  async function undelivered(delivered: number) {
    const stores = make();
    const mailring = await open(stores);
    for (let i = 0; i < delivered; i++) await send(mailring, home, away, `id-${i}`);
    for (const store of Object.values(stores)) store.failing = away;
    await expect(send(mailring, home, away, 'late')).rejects.toMatchObject({ code: 'MAILRING_UNAVAILABLE' });
    const clear = async () => {
      let cleared = 0;
      for (const store of Object.values(stores)) {
        for (const mark of await marksOf(store)) {
          await store.apply([], [{ ...mark, type: 'clear' }]);
          cleared++;
        }
      }
      return cleared;
    };
    return { mailring, stores, clear };
  }

  test.each([0, 2])('is no problem while it is marked, after %i that it has', async (delivered) => {
    const { mailring } = await undelivered(delivered);
    const mailboxes = delivered === 0 ? 1 : 2;
    expect(await mailring.verify()).toMatchObject({ ok: true, problems: [], checked: { mailboxes, messages: 2 * delivered + 1 } });
    for (const userId of [home, away]) expect(await mailring.verify({ userId })).toMatchObject({ ok: true, problems: [] });
  });

  test('is named in both mailboxes without its mark', async () => {
    const { mailring, clear } = await undelivered(2);
    expect(await clear()).toBe(1);
    const found = named(await mailring.verify());
    expect(found).toHaveLength(2);
    expect(found).toEqual(expect.arrayContaining([problem('copies', home, away), problem('copies', away, home)]));
  });

  test('is named without its mark also where the other mailbox has nothing', async () => {
    const { mailring, clear } = await undelivered(0);
    expect(await clear()).toBe(1);
    expect(named(await mailring.verify())).toEqual([problem('copies', home, away)]);
  });

  test('is named where only something else is marked', async () => {
    const { mailring, stores, clear } = await undelivered(2);
    await clear();
    const homeStore = stores[ring.shardOf(home)] ?? stores.a!;
    const slot = Number(hash(partitionOf(home)) % BigInt(MARK_SLOTS));
    await homeStore.apply([], [{ type: 'set', slot, partition: partitionOf(home), name: partitionOf(user('somebody else')) }]);
    expect((await mailring.verify()).problems).toHaveLength(2);
  });
});

describe('the copies of two shards', () => {
  async function stored() {
    const rows = { a: new StoredRows(), b: new StoredRows() };
    const mailring = await Mailring.open({ stores: { a: rows.a.store(), b: rows.b.store() } });
    for (let i = 1; i <= 3; i++) await send(mailring, home, away, `id-${i}`);
    await mailring.close();
    const of = (owner: UserId) => rows[ring.shardOf(owner) as 'a' | 'b'];
    return { of, reopen: () => open({ a: rows.a.store(), b: rows.b.store() }) };
  }

  test('that differ are named, with the mark of the conversation still set', async () => {
    const { of, reopen } = await stored();
    await of(away).message(away, home, 2, (message) => ({ ...message, content: 'other' }));
    expect(named(await (await reopen()).verify())).toEqual([problem('copies', home, away, 2)]);
  });

  test('of which the other goes further than the home are named, mark or not', async () => {
    const { of, reopen } = await stored();
    await of(home).removeMessage(home, away, 3);
    const found = named(await (await reopen()).verify());
    expect(found).toEqual(expect.arrayContaining([problem('copies', home, away), problem('copies', away, home)]));
  });
});

const three: readonly { readonly name: string; readonly make: () => Store }[] = [
  { name: 'MemoryStore', make: () => new MemoryStore() },
  { name: 'MemoryStore that is not atomic across partitions', make: () => new MemoryStore({ atomicAcrossPartitions: false }) },
];

describe.each(three)('beside 1,000 concurrent sends over three shards of a $name', ({ make }) => {
  test('verifications of everybody and of each user, side by side, report nothing and end', async () => {
    const mailring = await open({ a: make(), b: make(), c: make() });
    const users = Array.from({ length: 12 }, (_, i) => `user-${i}`);
    let sends = 0;
    let acknowledged = 0;
    let done = false;
    const client = async () => {
      while (!done || sends < 1_000) {
        const i = sends++;
        await send(mailring, users[i % 12]!, users[(i * 7 + (i >> 3)) % 12]!, `live-${i}`);
        acknowledged++;
      }
    };
    const clients = Promise.all(Array.from({ length: 40 }, client));
    const problems: unknown[] = [];
    for (let beside = 0; beside < 3; ) {
      const before = acknowledged;
      const found = await Promise.all([mailring.verify(), ...users.map((userId) => mailring.verify({ userId }))]);
      problems.push(...found.flatMap((verification) => verification.problems));
      if (before > 0 && acknowledged > before) beside++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    done = true;
    await clients;
    const last = await mailring.verify();
    expect(problems).toEqual([]);
    expect(last).toMatchObject({ ok: true, problems: [], checked: { mailboxes: 12 } });
    expect(acknowledged).toBeGreaterThanOrEqual(1_000);
  });
});
