import { typeOf } from '../model/arguments.js';
import type { Hash64 } from '../model/hash.js';
import { parseUserId, partitionOf, type UserId } from '../model/ids.js';
import { ID_BYTES_MAX } from '../model/limits.js';

/** For each length of an ASCII id, the partition of such an id, whose end is overwritten by the next one. */
const partitions: Uint8Array[] = [];

function partitionOfLength(length: number): Uint8Array {
  partitions[length] ??= new Uint8Array(partitionOf('-'.repeat(length) as UserId));
  return partitions[length];
}

/**
 * Where a user is in the token space, 0 … 2^64−1: xxHash64, seed 0, of the user's partition. Part of the stored format.
 *
 * An ASCII id is copied into bytes that are used again: one loop checks, measures and encodes it, where `parseUserId` and `partitionOf` take two
 * calls and a buffer and cost more than twice the hash.
 *
 * @throws `MAILRING_INVALID_TEXT`; `TypeError` when it is no string
 */
export function pointOf(userId: string, hash: Hash64): bigint {
  if (typeof userId !== 'string') throw new TypeError(`userId must be a string. type=\`${typeOf(userId)}\``);
  const length = userId.length;
  if (length >= 1 && length <= ID_BYTES_MAX) {
    const partition = partitionOfLength(length);
    const start = partition.length - length;
    let i = 0;
    for (; i < length; i++) {
      const unit = userId.charCodeAt(i);
      if (unit > 0x7f) break;
      partition[start + i] = unit;
    }
    if (i === length) return hash(partition);
  }
  return hash(partitionOf(parseUserId(userId)));
}
