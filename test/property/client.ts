import assert from 'node:assert/strict';
import type { Mailring } from 'mailring';
import { type Asked, emptyCopy, type ListAnswer, type ListItem, merge } from 'mailring/client';
import type { LearnedMailbox } from './learned-mailboxes.js';
import { entriesAt, type List } from './model-lists.js';

/** What a client can ask for. */
export type Question = 'first' | 'delta' | 'next';

/** An answer on its way. */
export interface Landing {
  readonly asked: Asked;
  readonly answer: ListAnswer<ListItem>;
}

const orderOf = (item: ListItem) => ('messageId' in item ? item.lastUpdatedTimestamp : item.lastActivityTimestamp);

/** A client that keeps a copy of a list with the functions that the package has for it. It knows nothing of the model but at the end. */
export class Client {
  readonly user: string;
  readonly list: List;
  copy = emptyCopy<ListItem>();
  /** Answers that have not landed yet. */
  readonly inFlight: Landing[] = [];

  constructor(user: string, list: List) {
    this.user = user;
    this.list = list;
  }

  /** Asks; a question that makes no sense yet is the first page. */
  async ask(mailring: Mailring, wanted: Question, pageSize: number, maxChanges: number | undefined): Promise<void> {
    const { cursor, next } = this.copy;
    const question = cursor === undefined || (wanted === 'next' && next === undefined) ? 'first' : wanted;
    const asked = { delta: { lastUpdatedTimestamp: cursor }, next: { before: next }, first: {} }[question];
    const request = { userId: this.user, pageSize, ...asked, ...(question === 'delta' && { maxChanges }) };
    const answer =
      this.list.of === 'conversations'
        ? await mailring.fetchConversations(request)
        : await mailring.fetchMessages({ ...request, conversationId: this.list.conversationId });
    this.inFlight.push({ asked, answer });
  }

  /** Merges an answer. */
  land({ asked, answer }: Landing): void {
    this.copy = merge(this.copy, asked, answer);
  }

  /** When no number of the mailbox is above the cursor: everything at or above the oldest item held is exact, and the whole list is held when there is no `next`. */
  check(mailbox: LearnedMailbox): void {
    const { cursor, next, behind, items } = this.copy;
    if (cursor === undefined || behind || cursor < mailbox.newest) return;
    const held = [...items.values()].sort((a, b) => orderOf(b) - orderOf(a));
    const list = entriesAt(mailbox, this.list, mailbox.end);
    if (next === undefined) assert.equal(held.length, list.length, 'a client that came to the end holds the list');
    const expected = list.slice(0, held.length).map((entry) => entry.item());
    assert.deepEqual(held, expected, 'what a client holds is the list from its oldest item up');
  }
}
