import type { ModelMailbox, ModelMessage } from './model.js';

/** The lists of a mailbox as the model has them, and what pages and deltas of them have to be. */

/** What is listed: the conversations, the messages of the whole mailbox, or those of one conversation, in which the user may have no part. */
export type List = { readonly of: 'conversations' } | { readonly of: 'messages'; readonly conversationId?: string; readonly stranger?: boolean };

/** One entry of a list. */
export interface Entry {
  readonly key: string;
  /** Index of the arrival that made it what it is: its last change, and the one whose number it shows. */
  readonly at: number;
  /** Its place: greater is newer. */
  readonly order: number;
  /** Bytes of content it counts for. */
  readonly bytes: number;
  /** The item, given its number. */
  item(number: number): object;
}

const PAGE_BYTES_MAX = 1024 * 1024;
/** Changes that one delta looks at. */
const CHANGES_LOOKED_AT = 1_000;
const SNIPPET_GRAPHEMES_MAX = 120;
const SNIPPET_BYTES_MAX = 480;
const segmenter = new Intl.Segmenter('und', { granularity: 'grapheme' });
const snippets = new Map<string, string>();

/** The first clusters of a text: at most 120 and 480 bytes. By the definition, without any short cut. */
export function snippetOf(content: string): string {
  let snippet = snippets.get(content);
  if (snippet === undefined) {
    snippet = '';
    let clusters = 0;
    for (const { segment } of segmenter.segment(content)) {
      if (++clusters > SNIPPET_GRAPHEMES_MAX || Buffer.byteLength(snippet + segment) > SNIPPET_BYTES_MAX) break;
      snippet += segment;
    }
    snippets.set(content, snippet);
  }
  return snippet;
}

/** A list at a position, newest first. */
export function entriesAt(mailbox: ModelMailbox, list: List, position: number): Entry[] {
  return list.of === 'conversations' ? conversationsAt(mailbox, position) : messagesAt(mailbox, position, list.conversationId);
}

function messagesAt({ arrivals }: ModelMailbox, position: number, conversationId: string | undefined): Entry[] {
  const entries: Entry[] = [];
  for (let at = position - 1; at >= 0; at--) {
    const { message } = arrivals[at]!;
    if (conversationId !== undefined && message.conversationId !== conversationId) continue;
    entries.push({
      key: message.messageId,
      at,
      order: conversationId === undefined ? at : message.seq,
      bytes: Buffer.byteLength(message.messageContent),
      item: (number) => ({ ...message, lastUpdatedTimestamp: number }),
    });
  }
  return entries;
}

function conversationsAt(mailbox: ModelMailbox, position: number): Entry[] {
  const newest = new Map<string, { readonly at: number; readonly message: ModelMessage; unread: number }>();
  for (let at = position - 1; at >= 0; at--) {
    const { message } = mailbox.arrivals[at]!;
    const conversation = newest.get(message.conversationId) ?? { at, message, unread: 0 };
    newest.set(message.conversationId, conversation);
    if (message.senderId !== mailbox.user) conversation.unread++;
  }
  return [...newest.values()].map(({ at, message, unread }) => ({
    key: message.conversationId,
    at,
    order: at,
    bytes: 0,
    item: (number) => ({
      conversationId: message.conversationId,
      participants: message.participants,
      snippet: snippetOf(message.messageContent),
      lastSeq: message.seq,
      lastSentTimestamp: message.sentTimestamp,
      lastReadSeq: 0,
      unreadCount: unread,
      floorSeq: 0,
      lastActivityTimestamp: number,
      lastUpdatedTimestamp: number,
    }),
  }));
}

/** How many conversations and unread messages there are, counted. */
export function totalsAt({ arrivals, user }: ModelMailbox, position: number): { conversations: number; unread: number } {
  const messages = arrivals.slice(0, position).map(({ message }) => message);
  return {
    conversations: new Set(messages.map(({ conversationId }) => conversationId)).size,
    unread: messages.filter(({ senderId }) => senderId !== user).length,
  };
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
