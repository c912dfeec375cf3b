import { MailringError } from './errors.js';
import type { Hash64 } from './hash.js';
import { ID_BYTES_MAX, U48_MAX } from './limits.js';
import { compareUtf8, utf8Length } from './text.js';

/**
 * The ids of the domain and the bytes they are stored as.
 *
 *   partition P      0x01 ‖ u8 n (1..128) ‖ user id, UTF-8                       a user's mailbox; also the conversation key `ck` of that peer
 *   conversationId   base64url, unpadded, of 0x01 ‖ u8 n ‖ lower id ‖ higher id   lower and higher by UTF-8 bytes; n = length of the lower
 *   messageId        conversationId ‖ '.' ‖ seq in decimal
 *
 * Part of the stored format and of the public contract: never change, only add.
 */

declare const brand: unique symbol;

/** A user id that was checked: 1–128 bytes of UTF-8, well-formed. Two ids are the same user exactly when their bytes are equal; nothing is normalized. */
export type UserId = string & { readonly [brand]: 'user' };
/** A client message id that was checked: 1–128 bytes of UTF-8, well-formed. */
export type ClientMessageId = string & { readonly [brand]: 'clientMessage' };

/** The two users of a conversation, in the order of their UTF-8 bytes; equal for a conversation with oneself. */
export type Participants = readonly [UserId, UserId];

const USER_TAG = 0x01;
const PAIR_TAG = 0x01;
/** Of two ids of the greatest length: 258 bytes in base64url. */
const CONVERSATION_ID_CHARACTERS_MAX = 344;

/** @throws `MAILRING_INVALID_TEXT` */
export function insistWellFormed(text: string, name: string): void {
  if (text.isWellFormed()) return;
  throw new MailringError('MAILRING_INVALID_TEXT', `${name} has an unpaired surrogate; give it whole, or mend it with toWellFormed()`, {
    outcome: 'not-accepted',
    details: { argument: name },
  });
}

function parseId(text: string, name: string): string {
  insistWellFormed(text, name);
  const bytes = utf8Length(text);
  if (bytes < 1 || bytes > ID_BYTES_MAX) {
    throw new MailringError('MAILRING_INVALID_TEXT', `${name} must have 1 to ${ID_BYTES_MAX} bytes of UTF-8. bytes=\`${bytes}\``, {
      outcome: 'not-accepted',
      details: { argument: name, bytes, limit: ID_BYTES_MAX },
    });
  }
  return text;
}

/** Checks a user id; `name` is the argument that the error names. @throws `MAILRING_INVALID_TEXT` */
export function parseUserId(text: string, name = 'userId'): UserId {
  return parseId(text, name) as UserId;
}

/** Checks a client message id. @throws `MAILRING_INVALID_TEXT` */
export function parseClientMessageId(text: string): ClientMessageId {
  return parseId(text, 'clientMessageId') as ClientMessageId;
}

/** The partition that holds a user's mailbox; the same bytes name that user as a peer inside other mailboxes. */
export function partitionOf(user: UserId): Buffer {
  const n = utf8Length(user);
  const bytes = Buffer.allocUnsafe(2 + n);
  bytes[0] = USER_TAG;
  bytes[1] = n;
  bytes.write(user, 2);
  return bytes;
}

/** The user whose mailbox a partition is; `undefined` for a partition that is not a user's. */
export function userOf(partition: Uint8Array): UserId | undefined {
  const n = partition[1];
  if (partition[0] !== USER_TAG || n === undefined || n < 1 || n > ID_BYTES_MAX || partition.length !== 2 + n) return undefined;
  const text = Buffer.from(partition.buffer, partition.byteOffset + 2, n).toString('utf8');
  return utf8Length(text) === n && partitionOf(text as UserId).equals(partition) ? (text as UserId) : undefined;
}

/** Both users in the order of their UTF-8 bytes. */
export function participantsOf(a: UserId, b: UserId): Participants {
  return compareUtf8(a, b) <= 0 ? [a, b] : [b, a];
}

/** The other participant, or `null` where the user has no part in the conversation. */
export function peerOf(user: UserId, [lower, higher]: Participants): UserId | null {
  if (user === lower) return higher;
  return user === higher ? lower : null;
}

function pairBytes([lower, higher]: Participants): Buffer {
  const n = utf8Length(lower);
  const bytes = Buffer.allocUnsafe(2 + n + utf8Length(higher));
  bytes[0] = PAIR_TAG;
  bytes[1] = n;
  bytes.write(lower, 2);
  bytes.write(higher, 2 + n);
  return bytes;
}

/** The conversation of two users. */
export function conversationIdOf(participants: Participants): string {
  return pairBytes(participants).toString('base64url');
}

/** The users of a conversation id, or `undefined` where the string is not one: only what re-encodes to the same string is accepted. */
export function parseConversationId(text: string): Participants | undefined {
  if (text.length > CONVERSATION_ID_CHARACTERS_MAX) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  const n = bytes[1] ?? 0;
  if (bytes[0] !== PAIR_TAG || n < 1 || n > ID_BYTES_MAX || bytes.length < 2 + n + 1 || bytes.length > 2 + n + ID_BYTES_MAX) return undefined;
  const participants: Participants = [bytes.toString('utf8', 2, 2 + n) as UserId, bytes.toString('utf8', 2 + n) as UserId];
  if (compareUtf8(participants[0], participants[1]) > 0 || conversationIdOf(participants) !== text) return undefined;
  return participants;
}

/** The id of a message, the same for both participants. */
export function messageIdOf(conversationId: string, seq: number): string {
  return `${conversationId}.${seq}`;
}

/** What a message id names, or `undefined` where the string is not one. */
export function parseMessageId(text: string): { readonly participants: Participants; readonly conversationId: string; readonly seq: number } | undefined {
  const dot = text.indexOf('.');
  const seq = Number(text.slice(dot + 1));
  if (dot < 0 || !Number.isInteger(seq) || seq < 1 || seq > U48_MAX) return undefined;
  const conversationId = text.slice(0, dot);
  const participants = parseConversationId(conversationId);
  if (participants === undefined || messageIdOf(conversationId, seq) !== text) return undefined;
  return { participants, conversationId, seq };
}

/**
 * Which of the two mailboxes is the conversation's home, where every send commits first: 0 the lower user's, 1 the higher's. Frozen: both
 * conversation rows store it. By a hash of the pair, so that the load of a busy user's conversations is spread evenly.
 */
export function homeSideOf(participants: Participants, hash: Hash64): 0 | 1 {
  if (participants[0] === participants[1]) return 0;
  return Number(hash(pairBytes(participants)) & 1n) as 0 | 1;
}
