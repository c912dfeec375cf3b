/**
 * What the records of LevelDB's logs are:
 *
 *   .log      a batch: u64 sequence of its first operation ‖ u32 number of operations (both little-endian) ‖ operations
 *             an operation: 0 ‖ key, or 1 ‖ key ‖ value; key and value: varint n ‖ n bytes
 *   MANIFEST  an edit: varint tag ‖ field, in the order comparator (varint n ‖ n bytes), number of the oldest log needed (varint), …
 *
 * Source: LevelDB 1.20, db/write_batch.cc and version_edit.cc.
 */
const BATCH_HEADER_BYTES = 12;
const DELETE = 0;
const PUT = 1;
const COMPARATOR_TAG = 1;
const LOG_NUMBER_TAG = 2;

/** The sequence numbers of a batch: its first one, and the one that follows its last. */
export interface Sequences {
  readonly first: number;
  readonly next: number;
}

/** Reads a batch to its end; `undefined` where it has another end than it says, so that a part of it is missing or too much. */
export function sequencesOf(batch: Buffer): Sequences | undefined {
  if (batch.length < BATCH_HEADER_BYTES) return undefined;
  const first = Number(batch.readBigUInt64LE(0));
  const operations = batch.readUInt32LE(8);
  let at = BATCH_HEADER_BYTES;
  for (let i = 0; i < operations; i++) {
    const type = batch[at++];
    if (type === PUT) at = behindBytes(batch, at);
    else if (type !== DELETE) return undefined;
    at = behindBytes(batch, at);
  }
  return at === batch.length ? { first, next: first + operations } : undefined;
}

/** The number of the oldest log that is needed since this edit, where it says one. */
export function logNumberOf(edit: Buffer): number | undefined {
  const at = edit[0] === COMPARATOR_TAG ? behindBytes(edit, 1) : 0;
  return edit[at] === LOG_NUMBER_TAG ? varintAt(edit, at + 1).value : undefined;
}

function behindBytes(bytes: Buffer, at: number): number {
  const { value, end } = varintAt(bytes, at);
  return end + value;
}

/** Behind the end of `bytes` everything is 0. */
function varintAt(bytes: Buffer, at: number): { readonly value: number; readonly end: number } {
  let value = 0;
  let end = at;
  for (let factor = 1; ; factor *= 128) {
    const byte = bytes[end++] ?? 0;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return { value, end };
  }
}
