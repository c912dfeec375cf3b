import { crc32 } from '../model/crc32.js';
import { corrupt } from '../model/errors.js';
import type { ClientMessageId, UserId } from '../model/ids.js';
import { ID_BYTES_MAX } from '../model/limits.js';
import { utf8Length } from '../model/text.js';
import { ByteReader } from './byte-reader.js';
import type { ByteWriter } from './byte-writer.js';

/**
 * Every stored value of a mailbox, encoder and decoder together.
 *
 *   value         u8 format (1) ‖ fields ‖ u32 crc32 over P ‖ key ‖ format ‖ fields
 *   head          u8 state ‖ deltaFloor u48 ‖ reset u48 ‖ u8 reason ‖ [mark name]
 *   head, format 2  … u8 reason ‖ u8 trimming ‖ counted u48 ‖ changes varint ‖ [mark name]: of a mailbox whose log was trimmed
 *   log           conversations varint ‖ unread varint ‖ changes, newest first: (u8 kind ‖ ck ‖ seq varint)
 *   old list      ck ‖ seq varint
 *   conversation  u8 home side ‖ number u48 ‖ floorSeq ‖ floorIn ‖ floorTs u48 ‖ readSeq ‖ readIn
 *   message       u8 flags ‖ number u48 ‖ [updated u48] ‖ sentTs u48 ‖ inNo ‖ revision ‖ u8 n ‖ clientMessageId ‖ [first digest 16] ‖ content
 *   dedupe        seq ‖ sentTs u48 ‖ digest 16
 *
 * Numbers, versions and times are u48; seqs and counts unsigned LEB128 varints in their shortest form. The checksum covers the partition and the
 * key, so that a row that was put in another place does not pass.
 *
 * Part of the stored format: never change, only add. Format 1 is the first. Format 2, of heads only: how long the log is.
 */
const FORMAT = 1;
const TRIMMED_HEAD_FORMAT = 2;
const CRC_BYTES = 4;

/** Where a row stands: the CRC of its partition's bytes (computed once per mailbox) and its key. */
export interface Place {
  readonly partitionCrc: number;
  readonly key: Uint8Array;
}

function seal(writer: ByteWriter, place: Place): Uint8Array {
  return writer.u32(writer.crc32(crc32(place.key, place.partitionCrc))).take();
}

/** Whether a value ends with the checksum that belongs to its place. */
export function checksumHolds(value: Uint8Array, place: Place): boolean {
  const end = value.length - CRC_BYTES;
  if (end < 1) return false;
  return Buffer.from(value.buffer, value.byteOffset + end, CRC_BYTES).readUInt32BE(0) === crc32(value, crc32(place.key, place.partitionCrc), 0, end);
}

function unseal(value: Uint8Array, place: Place, newest = FORMAT): ByteReader {
  const end = value.length - CRC_BYTES;
  if (end < 1) throw corrupt('a row is too short');
  if (!checksumHolds(value, place)) throw corrupt('a row fails its checksum', { key: Buffer.from(place.key).toString('hex') });
  if (value[0]! < FORMAT || value[0]! > newest) throw corrupt(`a row has an unknown format. format=\`${value[0]}\` known=\`${newest}\``);
  return new ByteReader(value, 1, end);
}

/** A mailbox's state of being and where its deltas begin. */
export interface Head {
  readonly state: 0 | 1 | 2 | 3 | 4;
  /** Cursors below are answered by a full page: the log no longer reaches there. */
  readonly deltaFloor: number;
  /** Number of the last erasure or restore; cursors below are answered with its reason. */
  readonly reset: number;
  readonly reason: 0 | 1 | 2;
  /** Name of the mark that this mailbox's last commit set, where a store keeps marks apart; empty otherwise. */
  readonly markName: Uint8Array;
  /** How long the log was after the last commit that trimmed it; absent while none did. */
  readonly logged?: LoggedChanges | undefined;
}

/** The length of a log as one of its trims has left it, so that a mailbox that is loaded again need not count all of it. */
export interface LoggedChanges {
  /** Version of that commit. */
  readonly at: number;
  /** Changes in the log rows up to that version. */
  readonly changes: number;
  /** Whether the trim has left something for the next commit. */
  readonly trimming: boolean;
}

/** Of a mark that is named by a version: a u48. */
const MARK_NAME_BYTES = 6;

/** The head of a mailbox that never wrote one. */
export const FRESH_HEAD: Head = Object.freeze({ state: 0, deltaFloor: 0, reset: 0, reason: 0, markName: new Uint8Array() });

export function encodeHead(writer: ByteWriter, place: Place, { state, deltaFloor, reset, reason, logged, markName }: Head): Uint8Array {
  writer
    .u8(logged === undefined ? FORMAT : TRIMMED_HEAD_FORMAT)
    .u8(state)
    .u48(deltaFloor)
    .u48(reset)
    .u8(reason);
  if (logged !== undefined)
    writer
      .u8(logged.trimming ? 1 : 0)
      .u48(logged.at)
      .varint(logged.changes);
  return seal(writer.bytes(markName), place);
}

export function decodeHead(value: Uint8Array, place: Place): Head {
  const reader = unseal(value, place, TRIMMED_HEAD_FORMAT);
  const state = reader.u8();
  const deltaFloor = reader.u48();
  const reset = reader.u48();
  const reason = reader.u8();
  if (state > 4 || reason > 2) throw corrupt(`a head has an unknown state. state=\`${state}\` reason=\`${reason}\``);
  const logged = value[0] === TRIMMED_HEAD_FORMAT ? readLogged(reader) : undefined;
  const markName = reader.bytes();
  if (markName.length !== 0 && markName.length !== MARK_NAME_BYTES) throw corrupt(`a head has an unknown mark name. bytes=\`${markName.length}\``);
  return { state: state as Head['state'], deltaFloor, reset, reason: reason as Head['reason'], markName, ...(logged && { logged }) };
}

function readLogged(reader: ByteReader): LoggedChanges {
  const trimming = reader.u8();
  if (trimming > 1) throw corrupt(`a head has an unknown state of trimming. trimming=\`${trimming}\``);
  return { trimming: trimming === 1, at: reader.u48(), changes: reader.varint() };
}

/** What a change did: 1 a message arrived, 2 was edited, 3 became a stub; 4 a read marker moved; 5 a conversation was deleted up to a floor. */
export const CHANGE = { message: 1, edit: 2, stub: 3, marker: 4, floor: 5 } as const;
export type ChangeKind = (typeof CHANGE)[keyof typeof CHANGE];

/** One change of a mailbox. */
export interface Change {
  readonly kind: ChangeKind;
  readonly peer: UserId;
  /** Of the message; of a marker its readSeq, of a floor its floorSeq. */
  readonly seq: number;
}

/** One commit: its changes and the totals after it. The i-th change, counted from 0, has number `version` − i. */
export interface LogRow {
  readonly version: number;
  readonly conversations: number;
  readonly unread: number;
  readonly changes: readonly Change[];
}

export function encodeLogRow(writer: ByteWriter, place: Place, row: LogRow): Uint8Array {
  writer.u8(FORMAT).varint(row.conversations).varint(row.unread);
  for (const { kind, peer, seq } of row.changes) writer.u8(kind).u8(1).shortText(peer).varint(seq);
  return seal(writer, place);
}

function readPeer(reader: ByteReader): UserId {
  const tag = reader.u8();
  const length = reader.u8();
  const peer = reader.text(length) as UserId;
  if (tag !== 1 || length < 1 || length > ID_BYTES_MAX || utf8Length(peer) !== length) throw corrupt('a row names a user that cannot exist');
  return peer;
}

export function decodeLogRow(value: Uint8Array, place: Place, version: number): LogRow {
  const reader = unseal(value, place);
  const conversations = reader.varint();
  const unread = reader.varint();
  const changes: Change[] = [];
  while (!reader.done) {
    const kind = reader.u8();
    if (kind < 1 || kind > 5) throw corrupt(`a log row has an unknown kind of change. kind=\`${kind}\``);
    changes.push({ kind: kind as ChangeKind, peer: readPeer(reader), seq: reader.varint() });
  }
  return { version, conversations, unread, changes };
}

/** A conversation whose newest message left the log. */
export interface OldListRow {
  readonly peer: UserId;
  readonly seq: number;
}

export function encodeOldListRow(writer: ByteWriter, place: Place, row: OldListRow): Uint8Array {
  return seal(writer.u8(FORMAT).u8(1).shortText(row.peer).varint(row.seq), place);
}

export function decodeOldListRow(value: Uint8Array, place: Place): OldListRow {
  const reader = unseal(value, place);
  const row = { peer: readPeer(reader), seq: reader.varint() };
  reader.finish();
  return row;
}

/** What a conversation keeps apart from its messages; all but `homeSide` are 0 until a marker or a floor moves. */
export interface ConversationRow {
  readonly homeSide: 0 | 1;
  /** Number of the change that last moved a marker or a floor. */
  readonly number: number;
  readonly floorSeq: number;
  /** Count of incoming messages up to the floor. */
  readonly floorIn: number;
  /** `sentTimestamp` of the message at the floor. */
  readonly floorTimestamp: number;
  readonly readSeq: number;
  /** Count of incoming messages up to the read marker. */
  readonly readIn: number;
}

export function encodeConversationRow(writer: ByteWriter, place: Place, row: ConversationRow): Uint8Array {
  return seal(
    writer.u8(FORMAT).u8(row.homeSide).u48(row.number).varint(row.floorSeq).varint(row.floorIn).u48(row.floorTimestamp).varint(row.readSeq).varint(row.readIn),
    place,
  );
}

export function decodeConversationRow(value: Uint8Array, place: Place): ConversationRow {
  const reader = unseal(value, place);
  const homeSide = reader.u8();
  if (homeSide > 1) throw corrupt(`a conversation has an unknown home side. side=\`${homeSide}\``);
  const row: ConversationRow = {
    homeSide: homeSide as 0 | 1,
    number: reader.u48(),
    floorSeq: reader.varint(),
    floorIn: reader.varint(),
    floorTimestamp: reader.u48(),
    readSeq: reader.varint(),
    readIn: reader.varint(),
  };
  reader.finish();
  return row;
}

/** A message's own fields; its seq stands in the key. */
export interface MessageFields {
  readonly incoming: boolean;
  readonly edited: boolean;
  readonly deleted: boolean;
  /** Number of the change that brought it: its place in the whole mailbox; never changes. */
  readonly number: number;
  /** Number of its last change. */
  readonly updated: number;
  readonly sentTimestamp: number;
  /** Messages from the peer up to and with this one. */
  readonly inNo: number;
  readonly revision: number;
  readonly clientMessageId: ClientMessageId;
  /** Digest of the content as first sent (16 bytes, one character each), where the content is no longer that. */
  readonly firstDigest?: string | undefined;
  readonly content: string;
}

const INCOMING = 1;
const UPDATED = 2;
const EDITED = 4;
const DELETED = 8;
const DIGEST = 16;
const DIGEST_BYTES = 16;

export function encodeMessage(writer: ByteWriter, place: Place, m: MessageFields): Uint8Array {
  const updated = m.updated !== m.number;
  const flags =
    (m.incoming ? INCOMING : 0) | (updated ? UPDATED : 0) | (m.edited ? EDITED : 0) | (m.deleted ? DELETED : 0) | (m.firstDigest === undefined ? 0 : DIGEST);
  writer.u8(FORMAT).u8(flags).u48(m.number);
  if (updated) writer.u48(m.updated);
  writer.u48(m.sentTimestamp).varint(m.inNo).varint(m.revision).shortText(m.clientMessageId);
  if (m.firstDigest !== undefined) writer.latin1(m.firstDigest);
  return seal(writer.text(m.content), place);
}

export function decodeMessage(value: Uint8Array, place: Place): MessageFields {
  const reader = unseal(value, place);
  const flags = reader.u8();
  if (flags > 31) throw corrupt(`a message has unknown flags. flags=\`${flags}\``);
  const number = reader.u48();
  return {
    incoming: (flags & INCOMING) !== 0,
    edited: (flags & EDITED) !== 0,
    deleted: (flags & DELETED) !== 0,
    number,
    updated: flags & UPDATED ? reader.u48() : number,
    sentTimestamp: reader.u48(),
    inNo: reader.varint(),
    revision: reader.varint(),
    clientMessageId: reader.text(reader.u8()) as ClientMessageId,
    firstDigest: flags & DIGEST ? reader.latin1(DIGEST_BYTES) : undefined,
    content: reader.text(),
  };
}

/** What is kept of every send for as long as the sequence lives: the first result and a digest of the request. */
export interface DedupeRow {
  readonly seq: number;
  readonly sentTimestamp: number;
  /** First 16 bytes of SHA-256 over the content's UTF-8, one character each. */
  readonly digest: string;
}

export function encodeDedupeRow(writer: ByteWriter, place: Place, row: DedupeRow): Uint8Array {
  return seal(writer.u8(FORMAT).varint(row.seq).u48(row.sentTimestamp).latin1(row.digest), place);
}

export function decodeDedupeRow(value: Uint8Array, place: Place): DedupeRow {
  const reader = unseal(value, place);
  const row = { seq: reader.varint(), sentTimestamp: reader.u48(), digest: reader.latin1(DIGEST_BYTES) };
  reader.finish();
  return row;
}
