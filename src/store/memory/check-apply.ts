import { bytesKey, compareBytes } from '../../model/bytes.js';
import { MARK_SLOTS, U48_MAX } from '../../model/limits.js';
import { HEAD_KEY, type MarkChange, NOTE_TAG, noteKey, type Op, type PartitionWrite, type StoreCapabilities } from '../store.js';

/**
 * The contract's preconditions of `apply`, checked before anything is touched. The reference is strict so that a caller's mistake shows in its
 * first test and not on the backend that happens to suffer from it.
 *
 * @throws RangeError
 */
export function checkApply(writes: readonly PartitionWrite[], marks: readonly MarkChange[], capabilities: StoreCapabilities): void {
  if (writes.length > 1 && !capabilities.atomicAcrossPartitions) {
    throw new RangeError(`this store takes one partition an apply. partitions=\`${writes.length}\``);
  }
  if (new Set(writes.map((write) => bytesKey(write.partition))).size !== writes.length) {
    throw new RangeError('a partition may occur once in an apply');
  }
  for (const write of writes) checkWrite(write);
  for (const mark of marks) checkMark(mark);
  const bytes = writes.reduce((sum, write) => sum + bytesOf(write), 0);
  if (bytes > capabilities.applyBytesMax) {
    throw new RangeError(`apply too large. bytes=\`${bytes}\` limit=\`${capabilities.applyBytesMax}\``);
  }
}

/** @throws RangeError unless `partition` is not empty; the reference takes any other bytes, so it cannot confuse two partitions. */
export function checkPartition(partition: Uint8Array): void {
  if (partition.length < 1) throw new RangeError('a partition has 1 byte or more');
}

function checkWrite(write: PartitionWrite): void {
  checkPartition(write.partition);
  const { version, expectVersion } = write;
  if (!Number.isInteger(expectVersion) || !Number.isInteger(version) || expectVersion < 0 || version <= expectVersion || version > U48_MAX) {
    throw new RangeError(`version must be an integer above expectVersion and below 2^48. version=\`${version}\` expectVersion=\`${expectVersion}\``);
  }
  const note = noteKey(version);
  for (const op of write.ops) checkOp(op, note);
}

function checkOp(op: Op, note: Uint8Array): void {
  if (op.type === 'deleteRange') {
    for (const key of [HEAD_KEY, note]) {
      if (compareBytes(op.gte, key) <= 0 && compareBytes(key, op.lt) < 0) {
        throw new RangeError(`a deleteRange may not cover the head or this commit's note. key=\`${bytesText(key)}\``);
      }
    }
    return;
  }
  if (op.key.length === 0) throw new RangeError('a key has 1 byte or more');
  const reserved = compareBytes(op.key, HEAD_KEY) === 0 || (op.type === 'put' ? op.key[0] === NOTE_TAG : compareBytes(op.key, note) === 0);
  if (reserved) throw new RangeError(`the key is the store's own: it is written by head and note. op=\`${op.type}\` key=\`${bytesText(op.key)}\``);
}

function checkMark(mark: MarkChange): void {
  checkPartition(mark.partition);
  checkSlot(mark.slot);
}

/** @throws RangeError unless `slot` is an integer from 0 to MARK_SLOTS − 1 */
export function checkSlot(slot: number): void {
  if (!Number.isInteger(slot) || slot < 0 || slot >= MARK_SLOTS) throw new RangeError(`slot must be an integer from 0 to ${MARK_SLOTS - 1}. slot=\`${slot}\``);
}

/** What a write counts towards `applyBytesMax`. */
function bytesOf(write: PartitionWrite): number {
  let bytes = noteKey(write.version).length + write.note.length;
  if (write.head !== undefined) bytes += HEAD_KEY.length + write.head.length;
  for (const op of write.ops) {
    if (op.type === 'put') bytes += op.key.length + op.value.length;
    else bytes += op.type === 'delete' ? op.key.length : op.gte.length + op.lt.length;
  }
  return bytes;
}

function bytesText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
