import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadHash64 } from '../../src/model/hash.js';
import { Ring } from '../../src/ring/ring.js';
import { CHECK, shards, tokensPerShard, userId } from './arbitraries.js';
import { clockwise, referencePoint, referenceTokens } from './reference.js';

const hash = await loadHash64();
const ids = fc.uniqueArray(userId, { minLength: 1, maxLength: 40 });

describe('adding and removing shards', () => {
  test('adding a shard moves users to that shard only', async () => {
    await fc.assert(
      fc.asyncProperty(shards(2, 7), tokensPerShard, ids, async ([added, ...list], perShard, users) => {
        const before = await Ring.create({ shards: list, tokensPerShard: perShard });
        const after = before.with({ add: [added!] });
        for (const id of users) expect([before.shardOf(id), added!.name]).toContain(after.shardOf(id));
      }),
      CHECK,
    );
  });

  test('removing a shard moves the users of that shard only, each to the next shard clockwise', async () => {
    await fc.assert(
      fc.asyncProperty(shards(2, 7), tokensPerShard, ids, async (list, perShard, users) => {
        const before = await Ring.create({ shards: list, tokensPerShard: perShard });
        const removed = list[0]!.name;
        const after = before.with({ remove: [removed] });
        for (const id of users) {
          const [owner, next] = before.successors(id, 2);
          expect(after.shardOf(id)).toBe(owner === removed ? next : owner);
        }
      }),
      CHECK,
    );
  });

  test('a changed ring equals one created with the same list', async () => {
    await fc.assert(
      fc.asyncProperty(shards(3, 8), tokensPerShard, ids, async (list, perShard, users) => {
        const [first, second, ...rest] = list;
        const changed = (await Ring.create({ shards: [first!, ...rest], tokensPerShard: perShard })).with({ add: [second!], remove: [first!.name] });
        const created = await Ring.create({ shards: [second!, ...rest], tokensPerShard: perShard });
        expect(changed.fingerprint).toBe(created.fingerprint);
        expect(changed.balance()).toEqual(created.balance());
        expect(Ring.movedRanges(changed, created)).toEqual({ ranges: [], share: 0 });
        for (const id of users) expect(changed.shardOf(id)).toBe(created.shardOf(id));
      }),
      CHECK,
    );
  });

  test('a shard that is removed and added in one change gets its new weight', async () => {
    const ring = await Ring.create({ shards: ['a', 'b'] });
    const heavier = ring.with({ remove: ['a'], add: [{ name: 'a', weight: 2 }] });
    expect(heavier.fingerprint).toBe((await Ring.create({ shards: [{ name: 'a', weight: 2 }, 'b'] })).fingerprint);
  });

  test('a change leaves the ring it was made from as it was', async () => {
    const ring = await Ring.create({ shards: ['a', 'b'] });
    const before = [ring.fingerprint, ring.balance(), ring.successors('alice', 2)];
    expect(ring.with({ add: ['c'], remove: ['a'] })).not.toBe(ring);
    expect([ring.fingerprint, ring.balance(), ring.successors('alice', 2)]).toEqual(before);
    expect(Object.isFrozen(ring)).toBe(true);
  });

  test('what a ring was made of may change afterwards', async () => {
    const list = [{ name: 'a', weight: 1 }, { name: 'b' }];
    const options = { shards: list, tokensPerShard: 8 };
    const making = Ring.create(options);
    options.tokensPerShard = 99;
    list[0]!.name = 'z';
    list.pop();
    const ring = await making;
    list[0]!.weight = 50;
    expect(ring.with({}).fingerprint).toBe((await Ring.create({ shards: ['a', 'b'], tokensPerShard: 8 })).fingerprint);
  });
});

describe('the order of shards', () => {
  test('has no influence on owners, successors, balance or fingerprint', async () => {
    await fc.assert(
      fc.asyncProperty(
        shards(1, 6).chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))),
        tokensPerShard,
        ids,
        async ([list, shuffled], perShard, users) => {
          const a = await Ring.create({ shards: list, tokensPerShard: perShard });
          const b = await Ring.create({ shards: shuffled, tokensPerShard: perShard });
          expect(b.fingerprint).toBe(a.fingerprint);
          expect(b.balance()).toEqual(a.balance());
          for (const id of users) expect(b.successors(id, list.length)).toEqual(a.successors(id, list.length));
        },
      ),
      CHECK,
    );
  });
});

describe('successors', () => {
  test('are different shards in clockwise order, the owner first', async () => {
    await fc.assert(
      fc.asyncProperty(shards(1, 6), tokensPerShard, ids, fc.nat(), async (list, perShard, users, seed) => {
        const ring = await Ring.create({ shards: list, tokensPerShard: perShard });
        const tokens = referenceTokens(list, perShard, hash);
        const count = 1 + (seed % list.length);
        for (const id of users) {
          const names = ring.successors(id, count);
          expect(names).toHaveLength(count);
          expect(names[0]).toBe(ring.shardOf(id));
          expect(names).toEqual([...new Set(clockwise(tokens, referencePoint(id, hash)).map((token) => token.name))].slice(0, count));
        }
      }),
      CHECK,
    );
  });

  test('a count of 0, a fraction or more than there are shards is refused', async () => {
    const ring = await Ring.create({ shards: ['a', 'b'] });
    for (const count of [0, -1, 1.5, 3, Number.NaN, Number.POSITIVE_INFINITY]) expect(() => ring.successors('alice', count)).toThrow(RangeError);
    for (const count of [undefined, null, '1', 1n]) expect(() => ring.successors('alice', count as unknown as number)).toThrow(TypeError);
    expect(() => ring.successors('alice', 3)).toThrow('count must be an integer from 1 to the number of shards. count=`3` shards=`2`');
  });
});

describe('the fingerprint', () => {
  test('differs when a name, a weight, the tokens or the number of shards do', async () => {
    const made = [
      { shards: ['a', 'b'] },
      { shards: ['a', 'B'] },
      { shards: ['a', 'b', 'c'] },
      { shards: ['a'] },
      { shards: ['ab'] },
      { shards: ['a', { name: 'b', weight: 2 }] },
      { shards: [{ name: 'a', weight: 2 }, 'b'] },
      { shards: ['a', 'b'], tokensPerShard: 4_095 },
      { shards: ['e\u0301'] },
      { shards: ['\u00e9'] },
    ];
    const fingerprints = await Promise.all(made.map(async (options) => (await Ring.create(options)).fingerprint));
    expect(new Set(fingerprints).size).toBe(made.length);
    for (const fingerprint of fingerprints) expect(fingerprint).toMatch(/^[0-9a-f]{16}$/);
  });

  test('is the same for a default that is written out', async () => {
    const short = await Ring.create({ shards: ['a', { name: 'b' }] });
    const long = await Ring.create({
      shards: [
        { name: 'a', weight: 1 },
        { name: 'b', weight: undefined },
      ],
      tokensPerShard: 4_096,
    });
    expect(long.fingerprint).toBe(short.fingerprint);
  });
});
