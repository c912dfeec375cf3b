import { describe, expect, test } from 'vitest';
import { loadHash64 } from '../../src/model/hash.js';
import { pointOf } from '../../src/ring/point.js';
import { Ring } from '../../src/ring/ring.js';
import { TokenTable } from '../../src/ring/token-table.js';

/*
 * Part of the stored format: when a value here changes, users are looked for on shards that do not have them. Never change one, only add. The values were
 * computed by a second implementation, written from the specifications of xxHash64 and of the ring.
 */
const STORED = 'stored format: never change what was already written by this';

const hash = await loadHash64();
const four = { shards: ['shard-0', 'shard-1', 'shard-2', 'shard-3'] };
const weighted = {
  shards: [
    { name: '\u00e9', weight: 0.5 },
    { name: 'a', weight: 2 },
    { name: '\u{1f433}', weight: 1 },
    { name: '\uff5e', weight: 1.25 },
  ],
  tokensPerShard: 100,
};

describe('the stored format', () => {
  test('of the hash', () => {
    expect(hash(new Uint8Array()), STORED).toBe(0xef46db3751d8e999n);
    expect(hash(Buffer.from('abc')), STORED).toBe(0x44bc2cf5ad770999n);
  });

  test.each([
    ['shard-0', 0, 0xf2161b5ed8eb11b3n],
    ['shard-0', 1, 0x1e124aeefa27f660n],
    ['shard-0', 4_095, 0x31e2a52828cf4538n],
    ['shard-0', 65_536, 0x5ad012fede5e548cn],
    ['a', 0, 0xfd7e0f972d12c590n],
    ['\u00e9', 7, 0x7ab58bef75d30259n],
    ['\u{1f433}', 255, 0x10ac2a777bc58c94n],
  ])('of token %s %i', (name, j, token) => {
    const tokensOf = (tokens: number) => {
      const table = new TokenTable([{ name, weight: 1, tokens }], hash);
      return new Set(Array.from({ length: tokens }, (_, position) => table.tokenAt(position)));
    };
    expect(tokensOf(j + 1).has(token), STORED).toBe(true);
    // It is the last of them that was added, so j is what counts up.
    if (j > 0) expect(tokensOf(j).has(token), STORED).toBe(false);
  });

  test('of a whole table', () => {
    const names = ['a', 'b', 'c'];
    const table = new TokenTable(
      names.map((name) => ({ name, weight: 1, tokens: 2 })),
      hash,
    );
    const rows = Array.from({ length: table.length }, (_, position) => [table.tokenAt(position), names[table.ownerAt(position)]]);
    expect(rows, STORED).toEqual([
      [0x62696ad7482442een, 'a'],
      [0x71e793ca357944f6n, 'c'],
      [0xa24be6ee339ed9ban, 'c'],
      [0xb5809c5c6dbb2102n, 'b'],
      [0xd14dc28664891cf4n, 'b'],
      [0xfd7e0f972d12c590n, 'a'],
    ]);
  });

  test.each([
    ['1', 0x7eb3cb4da7e027a4n, '0132', 'a'],
    ['1899', 0x012c8c37a36b1894n, '1320', 'a'],
    ['alice', 0x5e51b59d3ac76a7dn, '1302', '\u{1f433}'],
    ['bob@example.org', 0xc469c3aa3ca223f5n, '2103', 'a'],
    ['6f9619ff-8b86-d011-b42d-00cf4fc964ff', 0x28a267cd71b551dbn, '0321', 'a'],
    ['x'.repeat(128), 0x3cd0f718f8236046n, '2310', '\uff5e'],
    ['\u00e9tienne', 0x947f46f0a55c1fean, '2310', 'a'],
    ['e\u0301tienne', 0x83856b190c139cbbn, '2301', '\u{1f433}'],
    ['\u738b\u5c0f\u660e', 0x1175cfabd841879fn, '2103', '\u{1f433}'],
    ['\u{1f433}', 0xeaae4eb8b4f722can, '2031', 'a'],
    ['\u0000', 0x15dfcf47ca3cd8e1n, '0231', '\uff5e'],
    ['\uff5e', 0x88c2ddd933ab366fn, '3210', '\uff5e'],
    ['\u00df'.repeat(64), 0x956689f320590c46n, '3012', 'a'],
  ])('of the point and the owners of %j', async (id, point, successors, owner) => {
    expect(pointOf(id, hash), STORED).toBe(point);
    const ring = await Ring.create(four);
    const names = [...successors].map((digit) => `shard-${digit}`);
    expect(ring.shardOf(id), STORED).toBe(names[0]);
    expect(ring.successors(id, 4), STORED).toEqual(names);
    expect((await Ring.create(weighted)).shardOf(id), STORED).toBe(owner);
  });

  test('of fingerprints', async () => {
    expect((await Ring.create({ shards: ['shard-0'] })).fingerprint, STORED).toBe('b1906307511011e9');
    expect((await Ring.create({ shards: ['shard-26'] })).fingerprint, STORED).toBe('072529613c06fd41');
    expect((await Ring.create(four)).fingerprint, STORED).toBe('f739d24f5dbcd81a');
    expect((await Ring.create(weighted)).fingerprint, STORED).toBe('bca9d5f27450ea54');
  });
});
