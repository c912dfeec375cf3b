import type { Conversation, MarkReadRequest, Message, SendRequest, Totals } from '../index.js';

/** A message as both of its mailboxes show it: without its number, which each mailbox gives itself. */
export type ModelMessage = Omit<Message, 'lastUpdatedTimestamp' | 'deleted' | 'edited'>;

/** A conversation as its owner sees it, without its numbers. */
export type ModelConversation = Omit<Conversation, 'lastActivityTimestamp' | 'lastUpdatedTimestamp'>;

/** What a send has to answer. */
export type ModelSend =
  | {
      /** It is a new message, or a repeat of one. */
      readonly outcome: 'accepted' | 'duplicate';
      /** The message. */
      readonly message: ModelMessage;
    }
  | {
      /** Nothing changes. */
      readonly outcome: 'refused';
      /** With which code. */
      readonly code: 'MAILRING_INVALID_TEXT' | 'MAILRING_MESSAGE_TOO_LARGE' | 'MAILRING_ID_CONFLICT';
      /** Of a conflict: the message that has the id. */
      readonly message?: ModelMessage;
    };

/** One change of a mailbox: a message came, or its owner read a conversation up to one. */
export type ModelChange =
  | {
      /** A message came. */
      readonly type: 'message';
      /** In which conversation. */
      readonly conversationId: string;
      /** The message. */
      readonly message: ModelMessage;
    }
  | {
      /** The marker of a conversation moved. */
      readonly type: 'read';
      /** Of which conversation. */
      readonly conversationId: string;
      /** To which message: its `lastReadSeq`. */
      readonly seq: number;
    };

/** A conversation while its changes are gone through. */
interface Conversing {
  newest: ModelMessage;
  read: number;
  /** Seqs of the other's messages above `read`. */
  unread: number[];
}

const CONTENT_BYTES_MAX = 65_535;
const ID_BYTES_MAX = 128;
const SNIPPET_GRAPHEMES_MAX = 120;
const SNIPPET_BYTES_MAX = 480;
const segmenter = new Intl.Segmenter('und', { granularity: 'grapheme' });

/**
 * What mailring is, in plain arrays: what a property compares a host's product, or mailring itself, with. It shares no code with the engine; ids, order, limits and
 * snippets are written down here once more. Numbers (versions, cursors) are the engine's to choose and are not in it. Every call is synchronous and O(changes).
 */
export class MailboxModel {
  readonly #changes = new Map<string, ModelChange[]>();
  readonly #conversations = new Map<string, ModelMessage[]>();
  readonly #byId = new Map<string, ModelMessage>();
  readonly #snippets = new Map<ModelMessage, string>();

  /**
   * Sends. `now`: what the clock shows then, in milliseconds since 1970; where the clock is not the test's own, the `sentTimestamp` that was answered.
   */
  send(request: SendRequest, now: number): ModelSend {
    const { senderId, recipientId, messageContent, clientMessageId } = request;
    if (![senderId, recipientId, clientMessageId].every(isId) || !messageContent.isWellFormed()) return { outcome: 'refused', code: 'MAILRING_INVALID_TEXT' };
    if (Buffer.byteLength(messageContent) > CONTENT_BYTES_MAX) return { outcome: 'refused', code: 'MAILRING_MESSAGE_TOO_LARGE' };
    const conversationId = conversationIdOf(senderId, recipientId);
    const scope = JSON.stringify([conversationId, senderId, clientMessageId]);
    const first = this.#byId.get(scope);
    if (first?.messageContent === messageContent) return { outcome: 'duplicate', message: first };
    if (first !== undefined) return { outcome: 'refused', code: 'MAILRING_ID_CONFLICT', message: first };

    const earlier = entryOf(this.#conversations, conversationId);
    const seq = earlier.length + 1;
    const sentTimestamp = Math.max(Math.floor(now), (earlier.at(-1)?.sentTimestamp ?? 0) + 1);
    const participants = pairOf(senderId, recipientId);
    const message = { messageId: `${conversationId}.${seq}`, conversationId, seq, senderId, participants, messageContent, clientMessageId, sentTimestamp };
    earlier.push(message);
    this.#byId.set(scope, message);
    for (const user of new Set(participants)) entryOf(this.#changes, user).push({ type: 'message', conversationId, message });
    return { outcome: 'accepted', message };
  }

  /** Marks a conversation as read; says whether that changes anything. */
  markRead({ userId, conversationId, seq }: MarkReadRequest): boolean {
    const conversation = this.conversations(userId).find((one) => one.conversationId === conversationId);
    if (conversation === undefined) return false;
    const read = Math.min(seq, conversation.lastSeq);
    if (read <= conversation.lastReadSeq) return false;
    entryOf(this.#changes, userId).push({ type: 'read', conversationId, seq: read });
    return true;
  }

  /** What has changed a user's mailbox, oldest first. */
  changes(userId: string): readonly ModelChange[] {
    return this.#changes.get(userId) ?? [];
  }

  /**
   * Takes the order in which messages have come into a mailbox, given by their ids, oldest first: of sends that nobody waited for it is the engine's to choose, but for each
   * conversation.
   */
  takeOrder(userId: string, messageIds: readonly string[]): void {
    const places = new Map(messageIds.map((id, i) => [id, i]));
    const changes = entryOf(this.#changes, userId);
    const placeOf = (change: ModelChange) => (change.type === 'message' ? places.get(change.message.messageId) : undefined);
    const moved = changes.filter((change) => placeOf(change) !== undefined).sort((a, b) => placeOf(a)! - placeOf(b)!);
    for (const [at, change] of changes.entries()) if (placeOf(change) !== undefined) changes[at] = moved.shift()!;
  }

  /** The messages of a mailbox or of one conversation in it, newest first: now, or after so many of its changes. */
  messages(userId: string, conversationId?: string, changes = Number.POSITIVE_INFINITY): ModelMessage[] {
    const found: ModelMessage[] = [];
    for (const change of this.changes(userId).slice(0, changes))
      if (change.type === 'message' && (conversationId === undefined || change.conversationId === conversationId)) found.push(change.message);
    return found.reverse();
  }

  /** The conversations of a user, newest activity first: now, or after so many changes of the mailbox. */
  conversations(userId: string, changes = Number.POSITIVE_INFINITY): ModelConversation[] {
    const found: ModelConversation[] = [];
    for (const { newest, read, unread } of this.#conversing(userId, changes).values())
      found.push({
        conversationId: newest.conversationId,
        participants: newest.participants,
        snippet: this.#snippetOf(newest),
        lastSeq: newest.seq,
        lastSentTimestamp: newest.sentTimestamp,
        lastReadSeq: read,
        unreadCount: unread.length,
        floorSeq: 0,
      });
    return found.reverse();
  }

  /** How many conversations and unread messages a user has: now, or after so many changes of the mailbox. */
  totals(userId: string, changes = Number.POSITIVE_INFINITY): Totals {
    const conversing = this.#conversing(userId, changes);
    let unread = 0;
    for (const conversation of conversing.values()) unread += conversation.unread.length;
    return { conversations: conversing.size, unread };
  }

  #snippetOf(message: ModelMessage): string {
    const snippet = this.#snippets.get(message) ?? snippetOf(message.messageContent);
    this.#snippets.set(message, snippet);
    return snippet;
  }

  /** The conversations after some changes, by id, oldest activity first. */
  #conversing(userId: string, changes: number): ReadonlyMap<string, Conversing> {
    const found = new Map<string, Conversing>();
    for (const change of this.changes(userId).slice(0, changes)) {
      const { conversationId } = change;
      const before = found.get(conversationId);
      if (change.type === 'read') {
        before!.read = change.seq;
        before!.unread = before!.unread.filter((seq) => seq > change.seq);
        continue;
      }
      const { message } = change;
      const conversation = before ?? { newest: message, read: 0, unread: [] };
      conversation.newest = message;
      if (message.senderId !== userId) conversation.unread.push(message.seq);
      // Set anew, it stands at the end.
      found.delete(conversationId);
      found.set(conversationId, conversation);
    }
    return found;
  }
}

const isId = (text: string) => text.isWellFormed() && text.length > 0 && Buffer.byteLength(text) <= ID_BYTES_MAX;

function entryOf<T>(map: Map<string, T[]>, key: string): T[] {
  const entry = map.get(key) ?? [];
  map.set(key, entry);
  return entry;
}

/** Both users, lower UTF-8 first. */
function pairOf(a: string, b: string): readonly [string, string] {
  return Buffer.compare(Buffer.from(a), Buffer.from(b)) <= 0 ? [a, b] : [b, a];
}

/** The id of a conversation: base64url of 1, the length of the lower id, both ids. */
export function conversationIdOf(a: string, b: string): string {
  const [lower, higher] = pairOf(a, b).map((user) => Buffer.from(user)) as [Buffer, Buffer];
  return Buffer.concat([Uint8Array.of(1, lower.length), lower, higher]).toString('base64url');
}

/** The first clusters of a text: at most 120 and 480 bytes. By the definition, without any short cut. */
export function snippetOf(content: string): string {
  let snippet = '';
  let clusters = 0;
  for (const { segment } of segmenter.segment(content)) {
    if (++clusters > SNIPPET_GRAPHEMES_MAX || Buffer.byteLength(snippet + segment) > SNIPPET_BYTES_MAX) break;
    snippet += segment;
  }
  return snippet;
}
