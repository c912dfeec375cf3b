import { MARK_SLOTS, U48_MAX } from '../../model/limits.js';
import { HEAD_KEY, type MarkChange, NOTE_TAG, noteKey, type Op, type PartitionWrite } from '../store.js';
import { APPLY_BYTES_MAX } from './options.js';
import { checkPartition } from './physical-keys.js';

/** Bytes of a log row's key. */
const NOTE_KEY_BYTES = noteKey(0).length;

/**
 * The contract's preconditions of `apply` but one (a partition occurs once, seen where versions are looked up). They run on every commit, before
 * anything else, and allocate nothing.
 *
 * @throws RangeError
 */
export function checkApply(writes: readonly PartitionWrite[], marks: readonly MarkChange[]): void {
  let bytes = 0;
  for (const write of writes) bytes += checkWrite(write);
  for (const mark of marks) {
    checkPartition(mark.partition);
    checkSlot(mark.slot);
  }
  if (bytes > APPLY_BYTES_MAX) throw new RangeError(`apply too large. bytes=\`${bytes}\` limit=\`${APPLY_BYTES_MAX}\``);
}

/** @throws RangeError unless `slot` is an integer from 0 to MARK_SLOTS − 1 */
export function checkSlot(slot: number): void {
  if (!Number.isInteger(slot) || slot < 0 || slot >= MARK_SLOTS) throw new RangeError(`slot must be an integer from 0 to ${MARK_SLOTS - 1}. slot=\`${slot}\``);
}

/** Whether any operation needs the keys that are stored now. */
export function hasDeleteRange(writes: readonly PartitionWrite[]): boolean {
  for (const write of writes) {
    for (const op of write.ops) if (op.type === 'deleteRange') return true;
  }
  return false;
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
