import { type Asked, emptyCopy, type ListAnswer, type ListItem, merge, nextQuestion } from '../client.js';

/** What to ask next: the places of a fetch request. */
export type ListQuestion = ReturnType<typeof nextQuestion>;

/**
 * A client's copy of one list of one mailbox, kept by the rules of merging, one question at a time. `whole`: it goes on through `next` to the end and takes every change;
 * otherwise it holds the first page and what came after.
 */
export class ListCopy {
  /** Whether it holds the whole list. */
  readonly whole: boolean;
  #copy = emptyCopy<ListItem>();

  /** An empty copy. */
  constructor(whole: boolean) {
    this.whole = whole;
  }

  /** The version this copy has, once it has one. */
  get cursor(): number | undefined {
    return this.#copy.cursor;
  }

  /** Whether nothing is left to be asked but what changes later. */
  get settled(): boolean {
    const { cursor, behind, next } = this.#copy;
    return cursor !== undefined && !behind && (!this.whole || next === undefined);
  }

  /** The items, newest first. */
  get items(): readonly ListItem[] {
    const placeOf = (item: ListItem) => ('messageId' in item ? item.lastUpdatedTimestamp : item.lastActivityTimestamp);
    return [...this.#copy.items.values()].sort((a, b) => placeOf(b) - placeOf(a));
  }

  /** What to ask next. */
  question(): ListQuestion {
    return nextQuestion(this.#copy, this);
  }

  /** Merges an answer in. */
  take(asked: Asked, answer: ListAnswer<ListItem>): void {
    this.#copy = merge(this.#copy, asked, answer);
  }
}
