import { bytesKey } from '../model/bytes.js';
import { ID_BYTES_MAX, MARK_SLOTS, U48_MAX } from '../model/limits.js';
import {
  HEAD_KEY,
  type MarkChange,
  NOTE_KEY_BYTES,
  NOTE_TAG,
  noteKey,
  type Op,
  PARTITION_KIND_END,
  type Partition,
  type PartitionWrite,
  type StoreCapabilities,
} from './store.js';

/** Bytes that one apply of a store on this machine may bring. */
export const APPLY_BYTES_MAX = 4 * 1024 * 1024;

/** Bytes of the shortest partition: u8 kind, u8 n, 1 byte. */
const PARTITION_BYTES_MIN = 3;

/**
 * The contract's preconditions of `apply`, the same in every backend. They run on every commit, before anything else, and allocate nothing for puts.
 * One precondition is not here: that a partition occurs once. Each backend sees it where it looks versions up.
 *
 * @throws `RangeError`
 */
export function checkApply(
  writes: readonly PartitionWrite[],
  marks: readonly MarkChange[],
  { atomicAcrossPartitions, applyBytesMax }: StoreCapabilities,
): void {
  if (writes.length > 1 && !atomicAcrossPartitions) throw new RangeError(`this store takes one partition an apply. partitions=\`${writes.length}\``);
  let bytes = 0;
  for (const write of writes) bytes += checkWrite(write);
  for (const mark of marks) {
    checkPartition(mark.partition);
    checkSlot(mark.slot);
  }
  if (bytes > applyBytesMax) throw new RangeError(`apply too large. bytes=\`${bytes}\` limit=\`${applyBytesMax}\``);
}

/** @throws `RangeError` unless `partition` is u8 kind ‖ u8 n ‖ n bytes */
export function checkPartition(partition: Partition): void {
  const n = partition[1]!;
  if (partition.length < PARTITION_BYTES_MIN || n > ID_BYTES_MAX || partition.length !== n + 2 || partition[0]! >= PARTITION_KIND_END) {
    throw new RangeError(`a partition is u8 kind (below 0xfe), u8 n (1 to 128), n bytes. partition=\`${Buffer.from(partition).toString('hex')}\``);
  }
}

/** @throws `RangeError` unless `slot` is an integer from 0 to MARK_SLOTS − 1 */
export function checkSlot(slot: number): void {
  if (!Number.isInteger(slot) || slot < 0 || slot >= MARK_SLOTS) throw new RangeError(`slot must be an integer from 0 to ${MARK_SLOTS - 1}. slot=\`${slot}\``);
}

/** The error for a partition that occurs twice in an apply. */
export function repeated(partition: Partition): RangeError {
  return new RangeError(`a partition may occur once in an apply. partition=\`${Buffer.from(partition).toString('hex')}\``);
}

/** @throws `RangeError` when a partition occurs twice */
export function checkDistinct(writes: readonly PartitionWrite[]): void {
  const names = new Set<string>();
  for (const { partition } of writes) {
    const name = bytesKey(partition);
    if (names.has(name)) throw repeated(partition);
    names.add(name);
  }
}

/** Checks one write and counts its bytes. */
function checkWrite(write: PartitionWrite): number {
  const { version, expectVersion } = write;
  checkPartition(write.partition);
  if (!Number.isInteger(expectVersion) || !Number.isInteger(version) || expectVersion < 0 || version <= expectVersion || version > U48_MAX) {
    throw new RangeError(`version must be an integer above expectVersion and below 2^48. version=\`${version}\` expectVersion=\`${expectVersion}\``);
  }
  let bytes = NOTE_KEY_BYTES + write.note.length;
  if (write.head !== undefined) bytes += HEAD_KEY.length + write.head.length;
  for (const op of write.ops) bytes += checkOp(op, version);
  return bytes;
}

function checkOp(op: Op, version: number): number {
  if (op.type === 'deleteRange') {
    if (covers(op, HEAD_KEY) || covers(op, noteKey(version))) throw new RangeError("a deleteRange may not cover the head or this commit's note");
    return op.gte.length + op.lt.length;
  }
  const { key } = op;
  if (key.length === 0) throw new RangeError('a key has 1 byte or more');
  const isHead = key.length === 1 && key[0] === HEAD_KEY[0];
  const isNote = key[0] === NOTE_TAG && (op.type === 'put' || Buffer.compare(key, noteKey(version)) === 0);
  if (isHead || isNote) {
    throw new RangeError(`the key is the store's own: it is written by head and note. op=\`${op.type}\` key=\`${Buffer.from(key).toString('hex')}\``);
  }
  return op.type === 'put' ? key.length + op.value.length : key.length;
}

/** Whether `key` is in the range. */
export function covers(range: { readonly gte: Uint8Array; readonly lt: Uint8Array }, key: Uint8Array): boolean {
  return Buffer.compare(range.gte, key) <= 0 && Buffer.compare(key, range.lt) < 0;
}
