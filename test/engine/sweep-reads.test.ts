import { createClientMessageId, Mailring, type Store } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { Ring } from 'mailring/ring';
import { describe, expect, test } from 'vitest';
import { loadHash64 } from '../../src/model/hash.js';
import { homeSideOf, parseUserId, participantsOf, userOf } from '../../src/model/ids.js';
import { MARK_SLOTS } from '../../src/model/limits.js';
import { hookedStore } from './hooked-store.js';
import { idleMailboxes } from './idle-mailboxes.js';
import { ManualClock, turns } from './manual-clock.js';

const SHARDS = ['a', 'b', 'c'] as const;
const SWEEP_MS = 1_000;
const IDLE = 100_000;
const MARKED = 40;
const idle = idleMailboxes(IDLE);
const ring = await Ring.create({ shards: SHARDS });
const hash = await loadHash64();

type Hooked = ReturnType<typeof hookedStore>;

/** Calls of all stores by name, and the rows and marks that scans gave. */
type Calls = Record<string, number>;

const count = (calls: Calls, name: string, by = 1) => {
  calls[name] = (calls[name] ?? 0) + by;
};

/** A store that counts every call, whichever it is. */
function counted(store: Store, calls: Calls): Store {
  return new Proxy(store, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        count(calls, String(name));
        const answer: unknown = value.apply(target, args);
        if (name === 'scan') void (answer as ReturnType<Store['scan']>).then((rows) => count(calls, 'rows', rows.length));
        return name === 'scanMarks' ? countedMarks(answer as ReturnType<Store['scanMarks']>, calls) : answer;
      };
    },
  });
}

async function* countedMarks(marks: ReturnType<Store['scanMarks']>, calls: Calls): ReturnType<Store['scanMarks']> {
  for await (const mark of marks) {
    count(calls, 'marks');
    yield mark;
  }
}

/** Pairs of users whose conversation's home is in shard `a`, and whose other mailbox is elsewhere; no user is in two of them. */
function pairsHomedInA(pairs: number): (readonly [string, string])[] {
  const all = Array.from({ length: 20 * pairs }, (_, i) => {
    const participants = participantsOf(parseUserId(`x-${i}`), parseUserId(`y-${i}`));
    const side = homeSideOf(participants, hash);
    return [participants[side], participants[1 - side]!] as const;
  });
  return all.filter(([home, other]) => ring.shardOf(home) === 'a' && ring.shardOf(other) !== 'a').slice(0, pairs);
}

/**
 * What the stores are asked for by three sweeps after a crash. `marked` conversations each have a message that the other mailbox lacks; beside them there are
 * idle mailboxes. The first sweep delivers, the second finds those conversations idle and takes their marks, the third finds none.
 */
async function sweepsAfterCrash(atomicAcrossPartitions: boolean, marked: number, beside: typeof idle): Promise<Calls[]> {
  const pairs = pairsHomedInA(marked);
  expect(pairs).toHaveLength(marked);
  const memoryStore = () => new MemoryStore({ atomicAcrossPartitions, exclusive: atomicAcrossPartitions });
  const storeOf = { a: memoryStore(), b: memoryStore(), c: memoryStore() };
  const [a, b, c] = SHARDS.map((name) => hookedStore(storeOf[name])) as [Hooked, Hooked, Hooked];
  const dying = await Mailring.open({ stores: { a: a.store, b: b.store, c: c.store }, clock: new ManualClock() });
  const sendAll = () =>
    pairs.map(([senderId, recipientId]) => dying.sendMessage({ senderId, recipientId, messageContent: 'hello', clientMessageId: createClientMessageId() }));
  for (const write of beside) await storeOf[ring.shardOf(userOf(write.partition)!) as (typeof SHARDS)[number]].apply([write]);
  await Promise.all(sendAll());
  for (const { hooks } of [b, c]) hooks.apply = () => new Promise(() => undefined);
  void sendAll();
  await turns();
  // The process ends here: nobody closes its engine, and nothing of it goes on.
  for (const store of Object.values(storeOf)) await store.close();

  const calls: Calls = {};
  const take = async (): Promise<Calls> => {
    for (let before = ''; before !== JSON.stringify(calls); await turns()) before = JSON.stringify(calls);
    const taken = { ...calls };
    for (const name of Object.keys(calls)) delete calls[name];
    return taken;
  };
  const clock = new ManualClock();
  const stores = Object.fromEntries(SHARDS.map((name) => [name, counted(storeOf[name], calls)]));
  const mailring = await Mailring.open({ stores, clock, limits: { sweepMs: SWEEP_MS } });
  const sweeps = [await take()];
  for (let sweep = 2; sweep <= 3; sweep++) {
    await clock.pass(SWEEP_MS);
    sweeps.push(await take());
  }

  for (const [home, other] of pairs) {
    const { messages } = await mailring.fetchMessages({ userId: other, conversationId: mailring.conversationIdOf(home, other) });
    expect(messages.map(({ seq }) => seq)).toEqual([2, 1]);
  }
  // What was written past the engine is what it reads.
  for (let i = 0; i < beside.length; i += 9_999) expect((await mailring.fetchMessages({ userId: `idle-${i}` })).messages).toHaveLength(1);
  await mailring.close();
  return sweeps;
}

/** What one open or one sweep asks for when it finds nothing. */
const OPEN: Calls = { open: SHARDS.length, load: SHARDS.length, scanMarks: SHARDS.length * MARK_SLOTS };
const EMPTY_SWEEP: Calls = { scanMarks: SHARDS.length * MARK_SLOTS };

describe.each([
  { marks: 'of a conversation', atomic: true, perMark: [{ load: 2, scan: 3, rows: 6, apply: 1 }, { apply: 1 }] },
  {
    marks: 'of a mailbox',
    atomic: false,
    perMark: [
      // One validation more of each answer that was made from rows of the log: another owner can have trimmed it beside.
      { load: 2, validate: 2, scan: 4, rows: 7, apply: 1 },
      { validate: 3, scan: 2, rows: 2, apply: 1 },
    ],
  },
])('with marks $marks', ({ atomic, perMark }) => {
  test('a sweep that finds none asks for no mailbox', async () => {
    expect(await sweepsAfterCrash(atomic, 0, [])).toEqual([OPEN, EMPTY_SWEEP, EMPTY_SWEEP]);
  });

  test(`sweeps ask for as much as the marks they find allow, and for the same with ${IDLE.toLocaleString('en')} idle mailboxes present`, async () => {
    const alone = await sweepsAfterCrash(atomic, MARKED, []);
    expect(await sweepsAfterCrash(atomic, MARKED, idle)).toEqual(alone);
    for (const [i, nothing] of [OPEN, EMPTY_SWEEP, EMPTY_SWEEP].entries()) {
      const allowed: Calls = { ...nothing, marks: MARKED };
      for (const [name, calls] of Object.entries(perMark[i] ?? {})) count(allowed, name, calls * MARKED);
      expect(Object.entries(alone[i]!).filter(([name, calls]) => calls > (allowed[name] ?? 0))).toEqual([]);
    }
    expect(alone.map(({ marks }) => marks)).toEqual([MARKED, MARKED, undefined]);
    expect(alone[2]).toEqual(EMPTY_SWEEP);
  });
});
