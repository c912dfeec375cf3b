import assert from 'node:assert/strict';
import type { Mailring } from 'mailring';
import { type Answer, type Item, itemsOf, keyOf } from './answers.js';
import type { ModelMailbox } from './model.js';
import { entriesAt, type List } from './model-lists.js';

/** What a client can ask for. */
export type Question = 'first' | 'delta' | 'next';

/** An answer on its way. */
export interface Landing {
  readonly question: Question;
  readonly asked: { readonly cursor: number | undefined; readonly next: number | undefined };
  readonly answer: Answer;
}

const orderOf = (item: Item) => ('messageId' in item ? item.lastUpdatedTimestamp : item.lastActivityTimestamp);

/** A client that keeps a copy of a list, by the rules of "Merging" in api.md; their numbers stand beside them. It knows nothing of the model but at the end. */
export class Client {
  readonly user: string;
  readonly list: List;
  readonly items = new Map<string, Item>();
  /** Absent before the first page. */
  cursor: number | undefined;
  /** Absent when the list is held to its end. */
  next: number | undefined;
  /** A delta said that there is more. */
  behind = false;
  /** Answers that have not landed yet. */
  readonly inFlight: Landing[] = [];

  constructor(user: string, list: List) {
    this.user = user;
    this.list = list;
  }

  /** Asks; a question that makes no sense yet is the first page. */
  async ask(mailring: Mailring, wanted: Question, pageSize: number, maxChanges: number | undefined): Promise<void> {
    const asked = { cursor: this.cursor, next: this.next };
    const question = this.cursor === undefined || (wanted === 'next' && this.next === undefined) ? 'first' : wanted;
    const request = {
      userId: this.user,
      pageSize,
      ...(question === 'delta' && { lastUpdatedTimestamp: this.cursor, maxChanges }),
      ...(question === 'next' && { before: this.next }),
    };
    const answer =
      this.list.of === 'conversations'
        ? await mailring.fetchConversations(request)
        : await mailring.fetchMessages({ ...request, conversationId: this.list.conversationId });
    this.inFlight.push({ question, asked, answer });
  }

  /** Merges an answer. */
  land({ question, asked, answer }: Landing): void {
    const version = answer.lastUpdatedTimestamp;
    if (question === 'delta' && answer.isDeltaUpdate) {
      if (asked.cursor !== this.cursor) return; // 2
      this.#merge(answer);
      this.cursor = version;
      this.behind = answer.hasMore;
      return;
    }
    if (question === 'delta' && asked.cursor !== this.cursor) return; // 2
    if (question !== 'delta' && version < (this.cursor ?? 0)) return; // 4
    if (question === 'next') {
      if (asked.next !== this.next) return; // 5
      this.#merge(answer);
    } else {
      this.items.clear(); // 3
      this.#merge(answer);
      this.cursor = version;
      this.behind = false;
    }
    this.next = answer.next;
  }

  #merge(answer: Answer): void {
    for (const item of itemsOf(answer)) {
      const held = this.items.get(keyOf(item));
      if (held === undefined || item.lastUpdatedTimestamp >= held.lastUpdatedTimestamp) this.items.set(keyOf(item), item); // 1
    }
  }

  /** When no number of the mailbox is above the cursor: everything at or above the oldest item held is exact, and the whole list is held when there is no `next`. */
  check(mailbox: ModelMailbox): void {
    const end = mailbox.arrivals.length;
    if (this.cursor === undefined || this.behind || this.cursor < (mailbox.arrivals[end - 1]?.number ?? 0)) return;
    const held = [...this.items.values()].sort((a, b) => orderOf(b) - orderOf(a));
    const list = entriesAt(mailbox, this.list, end);
    if (this.next === undefined) assert.equal(held.length, list.length, 'a client that came to the end holds the list');
    const expected = list.slice(0, held.length).map((entry) => entry.item(mailbox.arrivals[entry.at]!.number!));
    assert.deepEqual(held, expected, 'what a client holds is the list from its oldest item up');
  }
}
