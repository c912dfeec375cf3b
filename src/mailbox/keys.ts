import { partitionOf, type UserId, userOf } from '../model/ids.js';
import { U48_MAX } from '../model/limits.js';
import { NOTE_TAG } from '../store/store.js';
import type { ByteWriter } from './byte-writer.js';

/**
 * Every key of a mailbox. Integers big-endian; inv48(x) = 2^48 − 1 − x, so that a forward scan gives the newest first; ck is the peer's partition.
 *
 *   0x10                                   1   head: only a store sees this key
 *   0x20 ‖ inv48(version)                  7   log row of a commit: only a store writes this key
 *   0x21 ‖ inv48(activity)                 7   old list: a conversation whose newest message left the log
 *   0x30 ‖ ck                          4..131  a conversation
 *     ‖ 0x00                              +1     its row
 *     ‖ 0x10 ‖ inv48(seq)                 +7     a message
 *     ‖ 0x20 ‖ u8 direction ‖ id    +3..+130     dedupe row, in the home only; 0 sent by this mailbox's owner, 1 received
 *
 * Part of the stored format: never change, only add.
 */

const OLD_LIST_TAG = 0x21;
const CONVERSATION_TAG = 0x30;
const ROW_TAG = 0x00;
const MESSAGE_TAG = 0x10;
const DEDUPE_TAG = 0x20;

/** Who sent the messages of a dedupe range: 0 the owner of the mailbox, 1 the peer. */
export type Direction = 0 | 1;

/** The part of a conversation's keys that all of them begin with: 0x30 ‖ ck. */
export function conversationPrefix(peer: UserId): Uint8Array {
  return Buffer.concat([Uint8Array.of(CONVERSATION_TAG), partitionOf(peer)]);
}

function key(prefix: Uint8Array, ...tail: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(prefix.length + tail.length);
  bytes.set(prefix);
  bytes.set(tail, prefix.length);
  return bytes;
}

function inv48(value: number): number[] {
  const bytes = Buffer.allocUnsafe(6);
  bytes.writeUIntBE(U48_MAX - value, 0, 6);
  return [...bytes];
}

/** Key of a conversation's row. */
export const conversationKey = (prefix: Uint8Array): Uint8Array => key(prefix, ROW_TAG);

/** Key of a message. */
export const messageKey = (prefix: Uint8Array, seq: number): Uint8Array => key(prefix, MESSAGE_TAG, ...inv48(seq));

/** Key of a dedupe row. */
export const dedupeKey = (prefix: Uint8Array, direction: Direction, id: string): Uint8Array =>
  Buffer.concat([key(prefix, DEDUPE_TAG, direction), Buffer.from(id)]);

/** Key of an old-list row. */
export const oldListKey = (activity: number): Uint8Array => Uint8Array.of(OLD_LIST_TAG, ...inv48(activity));

/** A key range: `gte` <= key < `lt`. */
export interface KeyRange {
  readonly gte: Uint8Array;
  readonly lt: Uint8Array;
}

/** A conversation's row and behind it its messages, newest first. */
export const conversationRange = (prefix: Uint8Array): KeyRange => ({ gte: conversationKey(prefix), lt: key(prefix, MESSAGE_TAG + 1) });

/** The messages from seq `top` down to seq `bottom`, both included, newest first. */
export const messageRange = (prefix: Uint8Array, top: number, bottom: number): KeyRange => ({
  gte: messageKey(prefix, top),
  lt: messageKey(prefix, bottom - 1),
});

/** The dedupe rows of one direction, by id. */
export const dedupeRange = (prefix: Uint8Array, direction: Direction): KeyRange => ({
  gte: key(prefix, DEDUPE_TAG, direction),
  lt: key(prefix, DEDUPE_TAG, direction + 1),
});

/** The log rows of versions `newest` down to `oldest`, both included, newest first. */
export const logRange = (newest: number, oldest: number): KeyRange => ({
  gte: Uint8Array.of(NOTE_TAG, ...inv48(newest)),
  lt: oldest > 0 ? Uint8Array.of(NOTE_TAG, ...inv48(oldest - 1)) : Uint8Array.of(NOTE_TAG + 1),
});

/** The rows of the old list below activity `below`, newest first. */
export const oldListRange = (below: number): KeyRange => ({
  gte: oldListKey(below - 1),
  lt: Uint8Array.of(OLD_LIST_TAG + 1),
});

/** Writes the same bytes as {@link messageKey}, without allocating. */
export function writeMessageKey(writer: ByteWriter, prefix: Uint8Array, seq: number): Uint8Array {
  return writer
    .bytes(prefix)
    .u8(MESSAGE_TAG)
    .u48(U48_MAX - seq)
    .take();
}

/** Writes the same bytes as {@link dedupeKey}, without allocating. */
export function writeDedupeKey(writer: ByteWriter, prefix: Uint8Array, direction: Direction, id: string): Uint8Array {
  return writer.bytes(prefix).u8(DEDUPE_TAG).u8(direction).text(id).take();
}

/** What a stored key says. */
export type ParsedKey =
  | { readonly kind: 'log'; readonly version: number }
  | { readonly kind: 'old-list'; readonly activity: number }
  | { readonly kind: 'conversation'; readonly peer: UserId }
  | { readonly kind: 'message'; readonly peer: UserId; readonly seq: number }
  | { readonly kind: 'dedupe'; readonly peer: UserId; readonly direction: Direction; readonly id: string };

/** Reads a key back; `undefined` for one that this layout does not know. */
export function parseKey(bytes: Uint8Array): ParsedKey | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const number = (at: number) => U48_MAX - buffer.readUIntBE(at, 6);
  if (buffer[0] === NOTE_TAG && buffer.length === 7) return { kind: 'log', version: number(1) };
  if (buffer[0] === OLD_LIST_TAG && buffer.length === 7) return { kind: 'old-list', activity: number(1) };
  if (buffer[0] !== CONVERSATION_TAG || buffer.length < 5) return undefined;
  const end = 3 + buffer[2]!;
  const peer = userOf(buffer.subarray(1, end));
  if (peer === undefined) return undefined;
  const rest = buffer.length - end;
  if (buffer[end] === ROW_TAG && rest === 1) return { kind: 'conversation', peer };
  if (buffer[end] === MESSAGE_TAG && rest === 7) return { kind: 'message', peer, seq: number(end + 1) };
  const direction = buffer[end + 1];
  if (buffer[end] === DEDUPE_TAG && rest > 2 && (direction === 0 || direction === 1))
    return { kind: 'dedupe', peer, direction, id: buffer.toString('utf8', end + 2) };
  return undefined;
}
