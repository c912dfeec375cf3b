import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadHash64 } from '../../src/model/hash.js';
import { Ring } from '../../src/ring/ring.js';
import { CHECK, shards, tokensPerShard } from './arbitraries.js';
import { referenceShares, referenceTokens, SPACE } from './reference.js';
import { ID_KINDS, randomFrom, shardNames } from './samples.js';

const hash = await loadHash64();
const SEED = 20_240_607;

describe('balance', () => {
  test('is each shard’s exact share of the space, and the greatest for its weight', async () => {
    await fc.assert(
      fc.asyncProperty(shards(1, 6), tokensPerShard, async (list, perShard) => {
        const { shards: rows, maxOverMean } = (await Ring.create({ shards: list, tokensPerShard: perShard })).balance();
        const exact = referenceShares(referenceTokens(list, perShard, hash));
        const weights = list.reduce((sum, { weight }) => sum + weight, 0);
        expect(rows.map(({ name }) => name)).toEqual(list.map(({ name }) => name).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
        for (const { name, weight, share } of rows) {
          expect(weight).toBe(list.find((shard) => shard.name === name)!.weight);
          expect(share).toBeCloseTo(Number(exact.get(name) ?? 0n) / Number(SPACE), 12);
        }
        expect(rows.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
        expect(maxOverMean).toBeCloseTo(Math.max(...rows.map(({ share, weight }) => (share / weight) * weights)), 12);
      }),
      CHECK,
    );
  });

  test('users are divided by weight', async () => {
    const weights = new Map([
      ['small', 0.5],
      ['middle', 1],
      ['large', 4],
    ]);
    const ring = await Ring.create({ shards: [...weights].map(([name, weight]) => ({ name, weight })) });
    const users = 50_000;
    const counts = new Map<string, number>();
    for (let i = 0; i < users; i++) counts.set(ring.shardOf(`user-${i}`), (counts.get(ring.shardOf(`user-${i}`)) ?? 0) + 1);
    for (const [name, weight] of weights) expect(Math.abs((counts.get(name)! / users / weight) * 5.5 - 1), name).toBeLessThan(0.08);
    expect(ring.balance().maxOverMean).toBeLessThan(1.08);
  });

  test.each(Object.entries(ID_KINDS))('%s: over 20 sets of 10 shard names and 50,000 ids no shard has more than 1.10 times the mean', async (kind, make) => {
    const random = randomFrom(SEED);
    const ids = Array.from({ length: 50_000 }, (_, i) => make(i, random));
    let worst = 0;
    for (let set = 0; set < 20; set++) {
      const names = shardNames(10, random);
      const ring = await Ring.create({ shards: names });
      const counts = new Map<string, number>();
      for (const id of ids) counts.set(ring.shardOf(id), (counts.get(ring.shardOf(id)) ?? 0) + 1);
      expect([...counts.keys()].sort()).toEqual([...names].sort());
      worst = Math.max(worst, Math.max(...counts.values()) / (ids.length / names.length));
    }
    expect(worst, `${kind}, seed ${SEED}`).toBeLessThanOrEqual(1.1);
  });
});
