import type { Conversation, Message, Totals } from '../index.js';
import type { FinalMailbox } from './history.js';

/** A conversation as it was at some version; of its snippet only what it is cut from. */
export interface ConversationThen {
  readonly newest: Message;
  readonly unread: number;
}

/** What a mailbox was at every version of its past, from what it is in the end: nothing in it is ever changed, so its numbers tell. */
export class MailboxTimeline {
  readonly userId: string;
  /** Oldest first, by number. */
  readonly messages: readonly Message[];
  readonly #numbers: readonly number[];
  /** Of each conversation the places of its messages in `messages`. */
  readonly #byConversation = new Map<string, number[]>();
  /** After each message. */
  readonly #totals: Totals[] = [];
  /** Incoming messages of its conversation up to each message. */
  readonly #incoming: number[] = [];

  constructor({ userId, messages }: FinalMailbox) {
    this.userId = userId;
    this.messages = [...messages].sort((a, b) => a.lastUpdatedTimestamp - b.lastUpdatedTimestamp);
    this.#numbers = this.messages.map(({ lastUpdatedTimestamp }) => lastUpdatedTimestamp);
    let unread = 0;
    for (const [i, { conversationId, senderId }] of this.messages.entries()) {
      const places = this.#byConversation.get(conversationId) ?? [];
      this.#byConversation.set(conversationId, places);
      const incoming = senderId === userId ? 0 : 1;
      this.#incoming.push(incoming + (places.length > 0 ? this.#incoming[places.at(-1)!]! : 0));
      places.push(i);
      unread += incoming;
      this.#totals.push({ conversations: this.#byConversation.size, unread });
    }
  }

  /** How many messages the mailbox had at a version. */
  countAt(version: number): number {
    return above(this.#numbers, version);
  }

  totalsAt(version: number): Totals {
    return this.#totals[this.countAt(version) - 1] ?? { conversations: 0, unread: 0 };
  }

  /** The messages with numbers above `after` and up to `upTo`, oldest first, of one conversation or all. */
  between(after: number, upTo: number, conversationId?: string): readonly Message[] {
    if (conversationId === undefined) return this.messages.slice(this.countAt(after), this.countAt(upTo));
    const places = this.#byConversation.get(conversationId) ?? [];
    return places.slice(above(places, this.countAt(after) - 1), above(places, this.countAt(upTo) - 1)).map((i) => this.messages[i]!);
  }

  /** The conversations as they were at a version, newest first. */
  conversationsAt(version: number): readonly ConversationThen[] {
    const met = new Set<string>();
    const found: ConversationThen[] = [];
    for (let i = this.countAt(version) - 1; i >= 0; i--) {
      const newest = this.messages[i]!;
      if (met.has(newest.conversationId)) continue;
      met.add(newest.conversationId);
      found.push({ newest, unread: this.#incoming[i]! });
    }
    return found;
  }

  /** The conversation as it was when a number was given; `undefined` where that number is no message's of it. */
  conversationOf(conversationId: string, number: number): ConversationThen | undefined {
    const i = this.countAt(number) - 1;
    const newest = this.messages[i];
    return newest?.lastUpdatedTimestamp === number && newest.conversationId === conversationId ? { newest, unread: this.#incoming[i]! } : undefined;
  }
}

/** Whether two answers mean the same message. */
export function sameMessage(a: Message, b: Message): boolean {
  return (
    a.messageId === b.messageId &&
    a.lastUpdatedTimestamp === b.lastUpdatedTimestamp &&
    a.messageContent === b.messageContent &&
    a.senderId === b.senderId &&
    a.clientMessageId === b.clientMessageId &&
    a.sentTimestamp === b.sentTimestamp &&
    a.seq === b.seq &&
    a.conversationId === b.conversationId &&
    a.deleted === b.deleted &&
    a.edited === b.edited
  );
}

/** Whether a conversation in an answer is what the messages say. */
export function sameConversation(item: Conversation, { newest, unread }: ConversationThen): boolean {
  const { messageContent: content } = newest;
  return (
    item.conversationId === newest.conversationId &&
    item.lastSeq === newest.seq &&
    item.lastSentTimestamp === newest.sentTimestamp &&
    item.lastActivityTimestamp === newest.lastUpdatedTimestamp &&
    item.lastUpdatedTimestamp === newest.lastUpdatedTimestamp &&
    item.lastReadSeq === 0 &&
    item.floorSeq === 0 &&
    item.unreadCount === unread &&
    content.startsWith(item.snippet) &&
    (item.snippet.length === content.length || content.length > 120)
  );
}

/** How many of `sorted` are at or below `value`. */
function above(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
