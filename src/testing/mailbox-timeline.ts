import type { Conversation, Message } from '../index.js';
import type { FinalMailbox, HistoryCall } from './history.js';
import { Markers } from './markers.js';

/** What a mailbox was at every version of its past, from what it is in the end: no message in it is ever changed, so their numbers tell. Of its read markers bounds are known. */
export class MailboxTimeline {
  readonly userId: string;
  /** Oldest first, by number. */
  readonly messages: readonly Message[];
  readonly #numbers: readonly number[];
  /** Of each conversation the places of its messages in `messages`. */
  readonly #byConversation = new Map<string, number[]>();
  readonly markers: Markers;
  /** How many conversations there were after each message. */
  readonly #conversations: number[] = [];
  /** Incoming messages of its conversation up to each message. */
  readonly #incoming: number[] = [];

  constructor(mailbox: FinalMailbox, calls: readonly HistoryCall[]) {
    const { userId, messages } = mailbox;
    this.userId = userId;
    this.markers = new Markers(mailbox, calls);
    this.messages = [...messages].sort((a, b) => a.lastUpdatedTimestamp - b.lastUpdatedTimestamp);
    this.#numbers = this.messages.map(({ lastUpdatedTimestamp }) => lastUpdatedTimestamp);
    for (const [i, { conversationId, senderId }] of this.messages.entries()) {
      const places = this.#byConversation.get(conversationId) ?? [];
      this.#byConversation.set(conversationId, places);
      const incoming = senderId === userId ? 0 : 1;
      this.#incoming.push(incoming + (places.length > 0 ? this.#incoming[places.at(-1)!]! : 0));
      places.push(i);
      this.#conversations.push(this.#byConversation.size);
    }
  }

  /** How many messages the mailbox had at a version. */
  countAt(version: number): number {
    return above(this.#numbers, version);
  }

  /** Whether totals can have been those of a version. */
  hadTotals({ conversations, unread }: { readonly conversations: number; readonly unread: number }, version: number): boolean {
    let [least, most] = [0, 0];
    for (const newest of this.conversationsAt(version)) {
      const marker = this.markers.at(newest.conversationId, version);
      least += this.#unreadAbove(newest, marker.most);
      most += this.#unreadAbove(newest, marker.least);
    }
    return conversations === (this.#conversations[this.countAt(version) - 1] ?? 0) && unread >= least && unread <= most;
  }

  /** Messages from the other up to `newest` that are above a marker. */
  #unreadAbove(newest: Message, seq: number): number {
    const places = this.#byConversation.get(newest.conversationId)!;
    const read = Math.min(seq, newest.seq);
    return this.#incoming[places[newest.seq - 1]!]! - (read === 0 ? 0 : this.#incoming[places[read - 1]!]!);
  }

  /** Whether a conversation can have been shown so at a version at which `newest` was its newest message. */
  hadConversation(item: Conversation, newest: Message, version: number): boolean {
    const { messageContent: content, conversationId } = newest;
    const { least, most } = this.markers.at(conversationId, version);
    const moved = item.lastUpdatedTimestamp > newest.lastUpdatedTimestamp && this.markers.marks.has(conversationId);
    return (
      item.conversationId === conversationId &&
      item.lastSeq === newest.seq &&
      item.lastSentTimestamp === newest.sentTimestamp &&
      item.lastActivityTimestamp === newest.lastUpdatedTimestamp &&
      (item.lastUpdatedTimestamp === newest.lastUpdatedTimestamp || moved) &&
      item.lastUpdatedTimestamp <= version &&
      item.lastReadSeq >= least &&
      item.lastReadSeq <= most &&
      item.floorSeq === 0 &&
      item.unreadCount === this.#unreadAbove(newest, item.lastReadSeq) &&
      content.startsWith(item.snippet) &&
      (item.snippet.length === content.length || content.length > 120)
    );
  }

  /** The messages with numbers above `after` and up to `upTo`, oldest first, of one conversation or all. */
  between(after: number, upTo: number, conversationId?: string): readonly Message[] {
    if (conversationId === undefined) return this.messages.slice(this.countAt(after), this.countAt(upTo));
    const places = this.#byConversation.get(conversationId) ?? [];
    return places.slice(above(places, this.countAt(after) - 1), above(places, this.countAt(upTo) - 1)).map((i) => this.messages[i]!);
  }

  /** The newest message of each conversation at a version, newest first. */
  conversationsAt(version: number): readonly Message[] {
    const met = new Set<string>();
    const found: Message[] = [];
    for (let i = this.countAt(version) - 1; i >= 0; i--) {
      const newest = this.messages[i]!;
      if (met.has(newest.conversationId)) continue;
      met.add(newest.conversationId);
      found.push(newest);
    }
    return found;
  }

  /** The newest message of a conversation at a version. */
  newestOf(conversationId: string, version: number): Message | undefined {
    return this.between(0, version, conversationId).at(-1);
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
