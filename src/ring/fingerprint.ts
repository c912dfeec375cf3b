import type { Hash64 } from '../model/hash.js';
import { utf8Length } from '../model/text.js';
import type { PlacedShard } from './shards.js';

/** How tokens and points are made; another number when any of it changes. */
const RING_FORMAT = 0x01;

/**
 * 16 hex digits that are equal for two rings exactly when they were made of the same: xxHash64, seed 0, of
 *
 *   u8 format (1) ‖ u32 tokensPerShard ‖ u32 number of shards ‖ for each shard, in the order of the names' UTF-8 bytes: u8 n ‖ name ‖ f64 weight
 *
 * all big-endian. It is stored with the data, so that data placed by one ring is not opened under another: part of the stored format, never change. It tells
 * mistakes apart, not forgeries.
 */
export function fingerprintOf(shards: readonly PlacedShard[], tokensPerShard: number, hash: Hash64): string {
  const head = Buffer.alloc(9);
  head.writeUInt8(RING_FORMAT, 0);
  head.writeUInt32BE(tokensPerShard, 1);
  head.writeUInt32BE(shards.length, 5);
  const rows = shards.map(({ name, weight }) => {
    const n = utf8Length(name);
    const row = Buffer.alloc(1 + n + 8);
    row.writeUInt8(n, 0);
    row.write(name, 1);
    row.writeDoubleBE(weight, 1 + n);
    return row;
  });
  return hash(Buffer.concat([head, ...rows]))
    .toString(16)
    .padStart(16, '0');
}
