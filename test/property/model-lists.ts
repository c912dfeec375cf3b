import type { LearnedMailbox } from './learned-mailboxes.js';

/** The lists of a mailbox as the model has them, and what pages and deltas of them have to be. */

/** What is listed: the conversations, the messages of the whole mailbox, or those of one conversation, in which the user may have no part. */
export type List = { readonly of: 'conversations' } | { readonly of: 'messages'; readonly conversationId?: string; readonly stranger?: boolean };

/** One entry of a list. */
export interface Entry {
  readonly key: string;
  /** Index of the change that made it what it is: its last one, and the one whose number it shows. */
  readonly at: number;
  /** Its place: greater is newer. */
  readonly order: number;
  /** Bytes of content it counts for. */
  readonly bytes: number;
  /** The item, once its numbers are known. */
  item(): object;
}

const PAGE_BYTES_MAX = 1024 * 1024;
/** Changes that one delta looks at. */
const CHANGES_LOOKED_AT = 1_000;

/** A list at a position, newest first. */
export function entriesAt(mailbox: LearnedMailbox, list: List, position: number): Entry[] {
  return list.of === 'conversations' ? conversationsAt(mailbox, position) : messagesAt(mailbox, position, list.conversationId);
}

function messagesAt(mailbox: LearnedMailbox, position: number, conversationId: string | undefined): Entry[] {
  const entries: Entry[] = [];
  for (const [at, change] of mailbox.changes.slice(0, position).entries()) {
    if (change.type !== 'message' || (conversationId !== undefined && change.conversationId !== conversationId)) continue;
    const { message } = change;
    entries.push({
      key: message.messageId,
      at,
      order: conversationId === undefined ? at : message.seq,
      bytes: Buffer.byteLength(message.messageContent),
      item: () => ({ ...message, lastUpdatedTimestamp: mailbox.number(at) }),
    });
  }
  return entries.reverse();
}

function conversationsAt(mailbox: LearnedMailbox, position: number): Entry[] {
  const changedAt = new Map<string, number>();
  const activeAt = new Map<string, number>();
  for (const [at, { type, conversationId }] of mailbox.changes.slice(0, position).entries()) {
    changedAt.set(conversationId, at);
    if (type === 'message') activeAt.set(conversationId, at);
  }
  return mailbox.model.conversations(mailbox.user, position).map((conversation) => {
    const { conversationId: key } = conversation;
    const [at, order] = [changedAt.get(key)!, activeAt.get(key)!];
    const item = () => ({ ...conversation, lastActivityTimestamp: mailbox.number(order), lastUpdatedTimestamp: mailbox.number(at) });
    return { key, at, order, bytes: 0, item };
  });
}

/** What an answer has to be. */
export interface ExpectedAnswer {
  readonly entries: readonly Entry[];
  readonly hasMore: boolean;
  readonly truncated: boolean;
  /** Of a delta: where it goes on; `exact` when that holds for every list. */
  readonly position?: number;
  readonly exact?: boolean;
  readonly reason?: 'too-many-changes' | 'future' | 'expired';
}

/** The longest beginning that one answer may hold. */
function cut(entries: readonly Entry[], size: number): readonly Entry[] {
  let bytes = 0;
  let count = 0;
  while (count < Math.min(entries.length, size) && (count === 0 || bytes + entries[count]!.bytes <= PAGE_BYTES_MAX)) bytes += entries[count++]!.bytes;
  return entries.slice(0, count);
}

/** The page behind `skip` entries, of those below the place `before`. */
export function expectedPage(entries: readonly Entry[], size: number, skip: number, before = Infinity): ExpectedAnswer {
  const rest = entries.filter(({ order }) => order < before).slice(skip);
  const shown = cut(rest, size);
  return { entries: shown, hasMore: shown.length < rest.length, truncated: shown.length < Math.min(size, rest.length) };
}

/** What changed since `position`, oldest change first; or the first page where that is too much. */
export function expectedDelta(
  entries: readonly Entry[],
  position: number,
  size: number,
  maxChanges: number,
  end: number,
  changes = CHANGES_LOOKED_AT,
): ExpectedAnswer {
  const lookedAt = Math.min(end, position + changes);
  const changed = entries.filter(({ at }) => at >= position && at < lookedAt).sort((a, b) => a.at - b.at);
  if (changed.length > maxChanges) return { ...expectedPage(entries, size, 0), reason: 'too-many-changes' };
  const shown = cut(changed, size);
  const cutOff = shown.length < changed.length;
  return { entries: shown, hasMore: cutOff || lookedAt < end, truncated: false, position: cutOff ? shown.at(-1)!.at + 1 : lookedAt, exact: !cutOff };
}
