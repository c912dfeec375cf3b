import { corrupt } from '../../model/errors.js';
import { type Mark, NOTE_TAG, PARTITION_KIND_END, type Partition } from '../store.js';

/**
 * Where rows stand in LevelDB:
 *
 *   P ‖ key                       → value      a row. P = u8 kind ‖ u8 n (1..128) ‖ n bytes says where it ends, so no other partition's rows stand among its own
 *   0xFE ‖ u8 slot ‖ P ‖ name     → nothing    a mark
 *
 * Part of the stored format: never change, only add.
 */

/** First byte of a mark; kinds of partitions are below. */
export const MARK_TAG = PARTITION_KIND_END;

/** Value of a mark. */
export const NOTHING: Uint8Array = Buffer.alloc(0);

/** The row `key` of `partition`, in memory of its own. */
export function physicalKey(partition: Partition, key: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(partition.length + key.length);
  bytes.set(partition, 0);
  bytes.set(key, partition.length);
  return bytes;
}

/** All log rows of `partition`, newest first. */
export function notesOf(partition: Partition): { readonly gte: Buffer; readonly lt: Buffer } {
  return { gte: physicalKey(partition, Buffer.of(NOTE_TAG)), lt: physicalKey(partition, Buffer.of(NOTE_TAG + 1)) };
}

/** The partition whose name begins at `offset`, as a view of `key`. @throws `MAILRING_CORRUPT` */
export function partitionAt(key: Uint8Array, offset: number): Partition {
  const end = offset + 2 + (key[offset + 1] ?? 0);
  if (end < offset + 3 || end > key.length) throw corrupt('a key does not begin with a partition', { key: Buffer.from(key).toString('hex') });
  return key.subarray(offset, end);
}

/** The first key behind every row of `partition`: its name with the last byte below 0xff raised and the rest cut. */
export function behind(partition: Partition): Buffer {
  let end = partition.length;
  while (partition[end - 1] === 0xff) end--;
  const bytes = Buffer.from(partition.subarray(0, end));
  // The kind is below MARK_TAG, so at least that byte can be raised.
  bytes[end - 1]! += 1;
  return bytes;
}

/** Where a mark stands. */
export function markKey({ slot, partition, name }: Mark): Buffer {
  const bytes = Buffer.allocUnsafe(2 + partition.length + name.length);
  bytes[0] = MARK_TAG;
  bytes[1] = slot;
  bytes.set(partition, 2);
  bytes.set(name, 2 + partition.length);
  return bytes;
}

/** The mark that stands at `key`; it shares no memory with it. @throws `MAILRING_CORRUPT` */
export function markAt(key: Uint8Array): Mark {
  const partition = partitionAt(key, 2);
  return { slot: key[1]!, partition: Buffer.from(partition), name: Buffer.from(key.subarray(2 + partition.length)) };
}
