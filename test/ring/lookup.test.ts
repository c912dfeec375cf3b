import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isMailringError } from '../../src/model/errors.js';
import { loadHash64 } from '../../src/model/hash.js';
import { parseUserId, partitionOf } from '../../src/model/ids.js';
import { compareUtf8 } from '../../src/model/text.js';
import { pointOf } from '../../src/ring/point.js';
import { Ring } from '../../src/ring/ring.js';
import { TokenTable } from '../../src/ring/token-table.js';
import { CHECK, shards, tokensPerShard, userId } from './arbitraries.js';
import { clockwise, referenceOwner, referencePoint, referenceTokens, SPACE } from './reference.js';

const hash = await loadHash64();

describe('the owner of a user', () => {
  test('is the owner of the first token at or after the point, wrapping, as a plain search finds it', async () => {
    await fc.assert(
      fc.asyncProperty(shards(1, 6), tokensPerShard, fc.array(userId, { minLength: 1, maxLength: 20 }), async (list, perShard, ids) => {
        const ring = await Ring.create({ shards: list, tokensPerShard: perShard });
        const tokens = referenceTokens(list, perShard, hash);
        for (const id of ids) expect(ring.shardOf(id)).toBe(referenceOwner(tokens, referencePoint(id, hash)));
      }),
      CHECK,
    );
  });

  test('is the same as a plain search finds in a ring of the default size', async () => {
    const list = Array.from({ length: 10 }, (_, i) => ({ name: `shard-${i}`, weight: 1 }));
    const ring = await Ring.create({ shards: list });
    const tokens = referenceTokens(list, 4_096, hash);
    const ids = Array.from({ length: 300 }, (_, i) => `user-${i}`);
    expect(ids.map((id) => ring.shardOf(id))).toEqual(ids.map((id) => referenceOwner(tokens, referencePoint(id, hash))));
  });

  test('does not depend on what was looked up before', async () => {
    const ring = await Ring.create({ shards: ['a', 'b', 'c'] });
    const ids = ['alice', 'alixe', 'élise', 'a', 'alice2', 'x'.repeat(128), 'y'.repeat(128), '\u0000'];
    const alone = ids.map((id) => ring.shardOf(id));
    for (const other of ids) {
      for (const [i, id] of ids.entries()) {
        ring.shardOf(other);
        expect(ring.shardOf(id)).toBe(alone[i]);
      }
    }
  });
});

describe('a point', () => {
  test('is the hash of the partition, for ASCII and any other id', () => {
    fc.assert(
      fc.property(fc.oneof(userId, fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 128 })), (id) => {
        expect(pointOf(id, hash)).toBe(hash(partitionOf(parseUserId(id))));
      }),
      CHECK,
    );
  });

  test.each([
    ['an empty id', ''],
    ['129 bytes of ASCII', 'x'.repeat(129)],
    ['127 characters and 129 bytes', `${'x'.repeat(125)}éé`],
    ['an unpaired surrogate', 'a\ud800'],
  ])('%s has no point', (_, id) => {
    let thrown: unknown;
    try {
      pointOf(id, hash);
    } catch (error) {
      thrown = error;
    }
    expect(isMailringError(thrown, 'MAILRING_INVALID_TEXT')).toBe(true);
  });

  test('what is no string has none either', () => {
    for (const value of [undefined, null, 1, ['a'], { length: 1 }]) expect(() => pointOf(value as unknown as string, hash)).toThrow(TypeError);
  });
});

describe('the table of tokens', () => {
  // Few values, at the borders of words, of index entries and of the space, so that tokens collide and neighbours differ in one word only.
  const values = [
    0n,
    1n,
    2n ** 31n,
    2n ** 32n - 1n,
    2n ** 32n,
    2n ** 32n + 1n,
    2n ** 62n,
    2n ** 63n - 1n,
    2n ** 63n,
    2n ** 63n + 2n ** 32n,
    SPACE - 2n,
    SPACE - 1n,
  ];

  test('finds the first token at or after a point also where tokens are equal, at the ends or all in one place', () => {
    fc.assert(
      fc.property(shards(1, 6), tokensPerShard, fc.subarray(values, { minLength: 1 }), (list, perShard, used) => {
        const colliding = (bytes: Uint8Array) => used[Number(hash(bytes) % BigInt(used.length))]!;
        const placed = list.map((shard) => ({ ...shard, tokens: Math.round(perShard * shard.weight) })).sort((a, b) => compareUtf8(a.name, b.name));
        const table = new TokenTable(placed, colliding);
        const tokens = referenceTokens(list, perShard, colliding);
        expect(Array.from({ length: table.length }, (_, i) => table.tokenAt(i))).toEqual(tokens.map(({ token }) => token));
        for (const value of values) {
          for (const point of [value - 1n, value, value + 1n]) {
            if (point < 0n || point >= SPACE) continue;
            const position = table.find(point);
            expect(placed[table.ownerAt(position)]!.name).toBe(referenceOwner(tokens, point));
            expect(table.tokenAt(position)).toBe(clockwise(tokens, point)[0]!.token);
          }
        }
      }),
      CHECK,
    );
  });
});
