import assert from 'node:assert/strict';
import type { Conversation, ConversationsAnswer, Mailring, Message, MessagesAnswer } from 'mailring';
import type { LearnedMailbox } from './learned-mailboxes.js';
import { type Entry, type ExpectedAnswer, entriesAt, expectedDelta, expectedPage, type List } from './model-lists.js';

/** Fetches, and what the model says of their answers. */

/** An item of any list. */
export type Item = Conversation | Message;
/** An answer about any list. */
export type Answer = ConversationsAnswer | MessagesAnswer;

/** A cursor that an answer gave, and how many changes it stands for. */
export interface Cursor {
  readonly user: string;
  readonly value: number;
  /** Count of changes that are behind it, of the list it was given for. */
  readonly position: number;
  /** Whether `position` holds for every list: a cursor inside a slice may have passed over changes that only another list shows. */
  readonly exact: boolean;
}

/** A `next` that an answer gave, and the place in its list that it stands for. */
export interface Border {
  readonly user: string;
  readonly list: List;
  readonly value: number;
  readonly order: number;
}

/** A fetch of a list. At most one of the last three. */
export interface Query {
  readonly list: List;
  readonly pageSize?: number;
  readonly maxChanges?: number;
  readonly pageNumber?: number;
  readonly before?: Border;
  readonly since?: Cursor;
}

/** Asks the engine. */
export function ask(mailring: Mailring, user: string, { list, pageSize, maxChanges, pageNumber, before, since }: Query): Promise<Answer> {
  const request = { userId: user, pageSize, pageNumber, before: before?.value, lastUpdatedTimestamp: since?.value, maxChanges };
  if (list.of === 'conversations') return mailring.fetchConversations(request);
  return mailring.fetchMessages({ ...request, conversationId: list.conversationId });
}

/** The items of an answer. */
export function itemsOf(answer: Answer): readonly Item[] {
  return 'conversations' in answer ? answer.conversations : answer.messages;
}

/** What an item is kept under. */
export function keyOf(item: Item): string {
  return 'messageId' in item ? item.messageId : item.conversationId;
}

/** What the answer to a query has to be, when the mailbox is at `end`. */
function expectedOf(mailbox: LearnedMailbox, query: Query, end: number, expired: boolean): ExpectedAnswer {
  const entries = entriesAt(mailbox, query.list, end);
  const size = query.pageSize ?? (query.list.of === 'conversations' ? 20 : 50);
  const { since, before, pageNumber = 1, maxChanges = size } = query;
  if (since === undefined) return expectedPage(entries, size, (pageNumber - 1) * size, before?.order);
  if (since.position > end) return { ...expectedPage(entries, size, 0), reason: 'future' };
  if (mailbox.kept < Number.POSITIVE_INFINITY) mailbox.learnExpired(expired, since.value, since.position, end);
  if (expired) return { ...expectedPage(entries, size, 0), reason: 'expired' };
  // In a conversation that the user has no part in there is nothing to look at.
  const nothing = query.list.of === 'messages' && query.list.stranger;
  return expectedDelta(entries, since.position, size, maxChanges, end, nothing ? Number.POSITIVE_INFINITY : undefined);
}

/** What an answer leaves with its caller. */
export interface Checked {
  readonly entries: readonly Entry[];
  readonly cursor: Cursor;
  readonly border: Border | undefined;
  readonly truncated: boolean;
}

/** Insists that an answer is what the model says, with the mailbox at `end`, and learns the numbers that it shows. */
export function checkAnswer(mailbox: LearnedMailbox, query: Query, answer: Answer, end: number): Checked {
  const { user } = mailbox;
  const { list, since } = query;
  const expected = expectedOf(mailbox, query, end, mailbox.kept < Number.POSITIVE_INFINITY && answer.reason === 'expired');
  const { entries, hasMore, truncated, position, exact = true, reason } = expected;
  const items = itemsOf(answer);
  assert.deepEqual(
    items.map(keyOf),
    entries.map(({ key }) => key),
    'the items of an answer, in order',
  );
  for (const [i, { at, order }] of entries.entries()) {
    const item = items[i]!;
    mailbox.learn(at, item.lastUpdatedTimestamp);
    if ('lastActivityTimestamp' in item) mailbox.learn(order, item.lastActivityTimestamp);
  }

  const version = answer.lastUpdatedTimestamp;
  const delta = position !== undefined;
  if (delta && hasMore) {
    assert.ok(version > since!.value, 'a slice makes progress');
    assert.ok(version >= (items.at(-1)?.lastUpdatedTimestamp ?? 0), 'a cursor is not below what came with it');
    if (exact) mailbox.learnVersion(position, version);
  } else mailbox.learnVersion(end, version);
  if (delta)
    assert.ok(
      items.every((item) => item.lastUpdatedTimestamp > since!.value),
      'a slice holds nothing at or below its start',
    );

  const continues = hasMore && !delta;
  assert.deepEqual(
    answer,
    {
      [list.of]: entries.map((entry) => entry.item()),
      isDeltaUpdate: delta,
      lastUpdatedTimestamp: version,
      hasMore,
      ...(continues && { next: answer.next }),
      ...(truncated && { truncated }),
      ...(reason && { reason }),
      ...(list.of === 'conversations' && { totals: mailbox.model.totals(user, end) }),
      ...(list.of === 'messages' && delta && { floors: [] }),
    },
    'an answer',
  );
  if (continues) assert.ok(Number.isSafeInteger(answer.next) && answer.next! > 0, `next is no number above 0: ${answer.next}`);
  return {
    entries,
    truncated,
    cursor: { user, value: version, position: position ?? end, exact },
    border: continues ? { user, list, value: answer.next!, order: entries.at(-1)!.order } : undefined,
  };
}
