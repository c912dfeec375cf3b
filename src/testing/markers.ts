import type { Conversation } from '../index.js';
import type { FinalMailbox, HistoryCall, MarkReadCall } from './history.js';

/** Where a read marker was at some version, as an answer has shown it. */
export interface MarkerPoint {
  readonly version: number;
  /** The `lastReadSeq`. */
  readonly seq: number;
  /** When the call that showed it was made and answered. */
  readonly begin: number;
  readonly end: number;
}

/**
 * The read markers of one mailbox. A marker that moves takes a version that no call is told; what answers have shown bounds where it was at the versions between.
 */
export class Markers {
  /** What its user has marked, or may have, by conversation. */
  readonly marks = new Map<string, MarkReadCall[]>();
  readonly #points = new Map<string, MarkerPoint[]>();

  constructor({ userId, conversations, lastUpdatedTimestamp }: FinalMailbox, calls: readonly HistoryCall[]) {
    for (const call of calls) {
      if (call.verb === 'sendMessage' || call.request.userId !== userId) continue;
      if (call.verb === 'markRead' && call.outcome.type !== 'not-accepted') push(this.marks, call.request.conversationId, call);
      if (call.verb === 'getConversation' && call.answer) this.#show(call.answer, call.answer.lastUpdatedTimestamp, call);
      if (call.verb === 'fetchConversations') this.#showAll(call.answer.conversations, call.answer.hasMore && call.answer.isDeltaUpdate, call.answer, call);
      if (call.verb === 'watch' && call.event.type === 'changes') this.#showAll(call.event.conversations, call.event.hasMore, call.event, call);
    }
    for (const conversation of conversations)
      this.#show(conversation, lastUpdatedTimestamp, { begin: Number.POSITIVE_INFINITY, end: Number.POSITIVE_INFINITY });
    for (const points of this.#points.values()) points.sort((a, b) => a.version - b.version || a.seq - b.seq);
  }

  /** By conversation, by version. */
  get points(): ReadonlyMap<string, readonly MarkerPoint[]> {
    return this.#points;
  }

  /** The least and the most that a marker can have been at a version. */
  at(conversationId: string, version: number): { readonly least: number; readonly most: number } {
    const points = this.marks.has(conversationId) ? (this.#points.get(conversationId) ?? []) : [];
    return {
      least: points.findLast((point) => point.version <= version)?.seq ?? 0,
      most: this.marks.has(conversationId) ? (points.find((point) => point.version >= version)?.seq ?? Number.POSITIVE_INFINITY) : 0,
    };
  }

  /** Each item is as it was at its own number; unless more follows, it is so up to the version of the answer. */
  #showAll(
    conversations: readonly Conversation[],
    isSlice: boolean,
    { lastUpdatedTimestamp }: { readonly lastUpdatedTimestamp: number },
    call: HistoryCall,
  ): void {
    for (const conversation of conversations) {
      this.#show(conversation, conversation.lastUpdatedTimestamp, call);
      if (!isSlice) this.#show(conversation, lastUpdatedTimestamp, call);
    }
  }

  #show({ conversationId, lastReadSeq }: Conversation, version: number, { begin, end }: Pick<MarkerPoint, 'begin' | 'end'>): void {
    push(this.#points, conversationId, { version, seq: lastReadSeq, begin, end });
  }
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const all = map.get(key);
  if (all === undefined) map.set(key, [value]);
  else all.push(value);
}
