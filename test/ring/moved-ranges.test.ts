import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadHash64 } from '../../src/model/hash.js';
import { compareUtf8 } from '../../src/model/text.js';
import { type MovedRanges, movedRanges } from '../../src/ring/moved-ranges.js';
import { Ring } from '../../src/ring/ring.js';
import { TokenTable } from '../../src/ring/token-table.js';
import { CHECK, shards, tokensPerShard, userId } from './arbitraries.js';
import { type ReferenceShard, type ReferenceToken, referenceOwner, referencePoint, referenceTokens, SPACE } from './reference.js';

const hash = await loadHash64();

/** Two lists of shards that share some, also with other weights. */
const twoLists = shards(2, 8).chain((list) =>
  fc.tuple(fc.subarray(list, { minLength: 1 }), fc.subarray(list, { minLength: 1 }), fc.boolean()).map(([a, b, heavier]) => ({
    before: a,
    after: heavier ? b.map((shard) => ({ ...shard, weight: 2 * shard.weight })) : b,
  })),
);

/** The points at which an owner can change: every token, the point behind it, and the ends of the space. */
const bordersOf = (...rings: (readonly ReferenceToken[])[]) =>
  [...new Set([0n, SPACE - 1n, ...rings.flat().flatMap(({ token }) => [token, (token + 1n) % SPACE])])].sort((a, b) => (a < b ? -1 : 1));

function expectExact({ ranges, share }: MovedRanges, before: readonly ReferenceToken[], after: readonly ReferenceToken[]): void {
  for (const point of bordersOf(before, after)) {
    const [from, to] = [referenceOwner(before, point), referenceOwner(after, point)];
    const holding = ranges.filter((range) => range.after < point && point <= range.upTo);
    expect(holding.map((range) => [range.from, range.to])).toEqual(from === to ? [] : [[from, to]]);
  }
  for (const [i, range] of ranges.entries()) {
    expect(range.after >= -1n && range.after < range.upTo && range.upTo < SPACE).toBe(true);
    const last = ranges[i - 1];
    if (last === undefined) continue;
    expect(last.upTo <= range.after).toBe(true);
    expect(last.upTo === range.after && last.from === range.from && last.to === range.to).toBe(false);
  }
  expect(share).toBe(Number(ranges.reduce((sum, range) => sum + range.upTo - range.after, 0n)) / 2 ** 64);
}

describe('moved ranges', () => {
  test('hold exactly the points whose owner differs, at every token boundary', async () => {
    await fc.assert(
      fc.asyncProperty(twoLists, tokensPerShard, tokensPerShard, async (lists, perShardBefore, perShardAfter) => {
        const before = await Ring.create({ shards: lists.before, tokensPerShard: perShardBefore });
        const after = await Ring.create({ shards: lists.after, tokensPerShard: perShardAfter });
        expectExact(Ring.movedRanges(before, after), referenceTokens(lists.before, perShardBefore, hash), referenceTokens(lists.after, perShardAfter, hash));
      }),
      CHECK,
    );
  });

  test('agree with shardOf on users', async () => {
    await fc.assert(
      fc.asyncProperty(twoLists, fc.array(userId, { minLength: 1, maxLength: 30 }), async (lists, ids) => {
        const before = await Ring.create({ shards: lists.before, tokensPerShard: 16 });
        const after = await Ring.create({ shards: lists.after, tokensPerShard: 16 });
        const { ranges } = Ring.movedRanges(before, after);
        for (const id of ids) {
          const point = referencePoint(id, hash);
          const range = ranges.find(({ after, upTo }) => after < point && point <= upTo);
          expect([before.shardOf(id), after.shardOf(id)]).toEqual(range ? [range.from, range.to] : [before.shardOf(id), before.shardOf(id)]);
        }
      }),
      CHECK,
    );
  });

  test('are exact also where tokens are equal or at the ends of the space', () => {
    const values = [0n, 1n, 2n ** 32n, 2n ** 63n, SPACE - 2n, SPACE - 1n];
    fc.assert(
      fc.property(twoLists, tokensPerShard, fc.subarray(values, { minLength: 1 }), (lists, perShard, used) => {
        const colliding = (bytes: Uint8Array) => used[Number(hash(bytes) % BigInt(used.length))]!;
        const sideOf = (list: readonly ReferenceShard[]) => {
          const placed = list.map((shard) => ({ ...shard, tokens: Math.round(perShard * shard.weight) })).sort((a, b) => compareUtf8(a.name, b.name));
          return { shards: placed, table: new TokenTable(placed, colliding) };
        };
        expectExact(
          movedRanges(sideOf(lists.before), sideOf(lists.after)),
          referenceTokens(lists.before, perShard, colliding),
          referenceTokens(lists.after, perShard, colliding),
        );
      }),
      CHECK,
    );
  });

  test('adding one of ten shards moves about an eleventh, all of it to the new shard', async () => {
    const before = await Ring.create({ shards: Array.from({ length: 10 }, (_, i) => `shard-${i}`) });
    const after = before.with({ add: ['shard-10'] });
    const { ranges, share } = Ring.movedRanges(before, after);
    expect(new Set(ranges.map(({ to }) => to))).toEqual(new Set(['shard-10']));
    expect(share).toBeCloseTo(after.balance().shards.find(({ name }) => name === 'shard-10')!.share, 12);
    expect(share).toBeGreaterThan(0.9 / 11);
    expect(share).toBeLessThan(1.1 / 11);
    const back = Ring.movedRanges(after, before);
    expect(back.share).toBe(share);
    expect(back.ranges).toEqual(ranges.map(({ after, upTo, from, to }) => ({ after, upTo, from: to, to: from })));
  });

  test('between two rings without a common shard the whole space moves, in one range', async () => {
    const [a, b] = [await Ring.create({ shards: ['a'] }), await Ring.create({ shards: ['b'] })];
    expect(Ring.movedRanges(a, b)).toEqual({ ranges: [{ after: -1n, upTo: SPACE - 1n, from: 'a', to: 'b' }], share: 1 });
  });

  test('between equal rings nothing moves', async () => {
    const ring = await Ring.create({ shards: ['a', 'b'] });
    expect(Ring.movedRanges(ring, ring)).toEqual({ ranges: [], share: 0 });
  });

  test('what is no ring is a TypeError', async () => {
    const ring = await Ring.create({ shards: ['a'] });
    for (const other of [undefined, null, {}, 'a', Object.create(Ring.prototype)]) {
      expect(() => Ring.movedRanges(ring, other as Ring)).toThrow(new TypeError('Ring.movedRanges compares two rings: an argument is none'));
      expect(() => Ring.movedRanges(other as Ring, ring)).toThrow(new TypeError('Ring.movedRanges compares two rings: an argument is none'));
    }
  });
});
