import type { Conversation, ConversationsAnswer, Message, MessagesAnswer } from '../index.js';

type Answer = ConversationsAnswer | MessagesAnswer;
type Item = Conversation | Message;

/** What to ask next: the places of a fetch request. */
export interface ListQuestion {
  readonly before?: number | undefined;
  readonly lastUpdatedTimestamp?: number | undefined;
  readonly maxChanges?: number | undefined;
}

const keyOf = (item: Item): string => ('messageId' in item ? item.messageId : item.conversationId);

/**
 * A client's copy of one list of one mailbox, kept by the rules of merging, one question at a time. `whole`: it goes on through `next` to the end and takes every change;
 * otherwise it holds the first page and what came after.
 */
export class ListCopy {
  readonly whole: boolean;
  readonly #items = new Map<string, Item>();
  #cursor: number | undefined;
  #next: number | undefined;
  #behind = false;

  constructor(whole: boolean) {
    this.whole = whole;
  }

  /** The version this copy has, once it has one. */
  get cursor(): number | undefined {
    return this.#cursor;
  }

  /** Whether nothing is left to be asked but what changes later. */
  get settled(): boolean {
    return this.#cursor !== undefined && !this.#behind && (!this.whole || this.#next === undefined);
  }

  /** The items, newest first. */
  get items(): readonly Item[] {
    const placeOf = (item: Item) => ('messageId' in item ? item.lastUpdatedTimestamp : item.lastActivityTimestamp);
    return [...this.#items.values()].sort((a, b) => placeOf(b) - placeOf(a));
  }

  question(): ListQuestion {
    if (this.#cursor === undefined) return {};
    if (this.whole && !this.#behind && this.#next !== undefined) return { before: this.#next };
    return { lastUpdatedTimestamp: this.#cursor, ...(this.whole && { maxChanges: Number.POSITIVE_INFINITY }) };
  }

  take(question: ListQuestion, answer: Answer): void {
    const items: readonly Item[] = 'messages' in answer ? answer.messages : answer.conversations;
    const isNext = question.before !== undefined;
    // A page older than what is held would bring back what was deleted since.
    if (isNext && answer.lastUpdatedTimestamp < (this.#cursor ?? 0)) return;
    if (!answer.isDeltaUpdate && !isNext) this.#items.clear();
    for (const item of items) {
      const held = this.#items.get(keyOf(item));
      if (held === undefined || held.lastUpdatedTimestamp <= item.lastUpdatedTimestamp) this.#items.set(keyOf(item), item);
    }
    if (!isNext) {
      this.#cursor = answer.lastUpdatedTimestamp;
      this.#behind = answer.isDeltaUpdate && answer.hasMore;
    }
    if (!answer.isDeltaUpdate) this.#next = answer.next;
  }
}
