import assert from 'node:assert/strict';
import { isMailringError, type SendRequest, type SendResult } from 'mailring';
import { conversationIdOf } from '../../src/testing/mailbox-model.js';
import { type Answer, type Border, checkAnswer, itemsOf, keyOf, type Query } from './answers.js';
import { type LearnedMailbox, LearnedMailboxes } from './learned-mailboxes.js';
import { entriesAt, expectedDelta } from './model-lists.js';

/** Calls that run beside each other: what was asked and answered when, and whether a model could have answered so. Moments are counted, not timed. */

/** A send from its call to its answer. */
export interface SendCall {
  readonly request: SendRequest;
  readonly started: number;
  /** What the clock has shown from the call to the answer. */
  readonly times: Set<number>;
  finished: number | undefined;
  settled: PromiseSettledResult<SendResult> | undefined;
}

/** A fetch from its call to its answer. */
export interface FetchCall {
  readonly user: string;
  /** Without the position of its cursor, which is not known before the end. */
  readonly query: Query;
  readonly started: number;
  finished: number | undefined;
  answer: Answer | undefined;
}

/** What a mailbox holds in the end, oldest first, as its messages are shown. */
export type Mailboxes = ReadonlyMap<
  string,
  readonly { messageId: string; clientMessageId: string; senderId: string; sentTimestamp: number; lastUpdatedTimestamp: number }[]
>;

const given = (error: unknown) => isMailringError(error, 'MAILRING_ABORTED');

/**
 * The model after all calls. Sends of one conversation take effect in the order of their calls; those of others in any, so the order in a mailbox is the one
 * that its numbers show. A send that was given up counts when it had a place in a batch by then and is found.
 */
export function mailboxesAfter(sends: readonly SendCall[], held: Mailboxes, kept: number | undefined): LearnedMailboxes {
  const mailboxes = new LearnedMailboxes(kept);
  for (const { request, settled, times } of sends) {
    if (settled!.status === 'rejected') {
      const error = settled!.reason;
      if (given(error) && error.outcome === 'not-accepted') continue;
      const found = held
        .get(request.senderId)
        ?.find((m) => m.senderId === request.senderId && m.clientMessageId === request.clientMessageId && isOf(m, request));
      if (given(error) && found === undefined) continue;
      const expected = mailboxes.send(request, found?.sentTimestamp ?? 0);
      const refusedAs = expected.outcome === 'refused' ? expected.code : undefined;
      if (given(error)) assert.ok(refusedAs === undefined || refusedAs === 'MAILRING_ID_CONFLICT');
      else assert.deepEqual({ code: error.code, outcome: error.outcome }, { code: refusedAs, outcome: 'not-accepted' });
      continue;
    }
    const { value } = settled!;
    const expected = mailboxes.send(request, value.sentTimestamp);
    assert.ok(expected.outcome === 'accepted' || expected.outcome === 'duplicate', `a send was accepted that is ${expected.outcome}`);
    const { messageId, conversationId, seq, sentTimestamp } = expected.message;
    const duplicate = expected.outcome === 'duplicate';
    assert.deepEqual(value, { messageId, conversationId, seq, sentTimestamp, lastUpdatedTimestamp: value.lastUpdatedTimestamp, duplicate });
    if (!duplicate) assertTime(mailboxes, request, sentTimestamp, times);
  }
  for (const mailbox of mailboxes.all()) takeOrder(mailbox, held.get(mailbox.user) ?? []);
  for (const { request, settled } of sends) if (settled!.status === 'fulfilled') assertNumber(mailboxes, request, settled!.value);
  return mailboxes;
}

const isOf = ({ messageId }: { readonly messageId: string }, { senderId, recipientId }: SendRequest) =>
  messageId.startsWith(`${conversationIdOf(senderId, recipientId)}.`);

/** The greater of the clock, while the send was under way, and the time before plus 1. */
function assertTime({ model }: LearnedMailboxes, { senderId, recipientId }: SendRequest, sentTimestamp: number, times: ReadonlySet<number>): void {
  const before = model.messages(senderId, conversationIdOf(senderId, recipientId))[1]?.sentTimestamp ?? 0;
  assert.ok(sentTimestamp === before + 1 || times.has(sentTimestamp), `sentTimestamp ${sentTimestamp} is neither the clock's nor ${before} + 1`);
}

function assertNumber(mailboxes: LearnedMailboxes, { senderId }: SendRequest, { messageId, lastUpdatedTimestamp }: SendResult): void {
  const mailbox = mailboxes.of(senderId);
  const number = mailbox.number(placeOf(mailbox, messageId));
  assert.equal(lastUpdatedTimestamp, number, 'a send answers with the number of its message in the mailbox of its sender');
}

function takeOrder(mailbox: LearnedMailbox, held: Mailboxes extends ReadonlyMap<string, infer T> ? T : never): void {
  const { model, user } = mailbox;
  const ids = held.map(({ messageId }) => messageId);
  assert.deepEqual(
    [...ids].sort(),
    model
      .messages(user)
      .map(({ messageId }) => messageId)
      .sort(),
    `the mailbox of ${user}`,
  );
  model.takeOrder(user, ids);
  for (const [i, { lastUpdatedTimestamp }] of held.entries()) mailbox.learn(i, lastUpdatedTimestamp);
}

/** Insists that every fetch shows its mailbox as it was at one moment while the fetch ran: with all that was acknowledged before it began, and never less than an earlier one. */
export function checkFetches(mailboxes: LearnedMailboxes, fetches: readonly FetchCall[], sends: readonly SendCall[]): void {
  const seen = new Map<FetchCall, Moment>();
  for (const fetch of fetches) seen.set(fetch, momentOf(mailboxes.of(fetch.user), fetch));
  for (const [fetch, end] of seen) {
    for (const send of sends)
      if (send.settled!.status === 'fulfilled' && send.finished! < fetch.started) assertSeen(mailboxes, fetch, end.greatest, send.settled!.value);
    for (const [later, laterEnd] of seen) {
      if (later.user === fetch.user && fetch.finished! < later.started)
        assert.ok(laterEnd.greatest >= end.least, 'a later fetch shows less than an earlier one');
    }
  }
}

function assertSeen(mailboxes: LearnedMailboxes, { user }: FetchCall, end: number, { messageId }: SendResult): void {
  const at = placeOf(mailboxes.of(user), messageId);
  assert.ok(at < end, `a fetch does not see a message that was acknowledged before it began: ${messageId} in the mailbox of ${user}`);
}

/** Index of the change that brought a message. */
function placeOf(mailbox: LearnedMailbox, messageId: string): number {
  return mailbox.changes.findIndex((change) => change.type === 'message' && change.message.messageId === messageId);
}

/** The position that an answer shows: the least and the greatest one that explain it, where it is a slice that does not say. */
interface Moment {
  readonly least: number;
  readonly greatest: number;
}

function momentOf(mailbox: LearnedMailbox, { query, answer }: FetchCall): Moment {
  const since = query.since && { ...query.since, position: mailbox.positionOf(query.since.value) };
  const known: Query = { ...query, ...(since && { since }), ...(query.before && { before: placed(mailbox, query.before) }) };
  if (since === undefined || !answer!.hasMore || !answer!.isDeltaUpdate) {
    const end = mailbox.positionOf(answer!.lastUpdatedTimestamp);
    checkAnswer(mailbox, known, answer!, end);
    return { least: end, greatest: end };
  }
  let greatest = mailbox.end;
  while (greatest > since.position && !explains(mailbox, known, answer!, since.position, greatest)) greatest--;
  let least = greatest;
  while (least - 1 > since.position && explains(mailbox, known, answer!, since.position, least - 1)) least--;
  // What is learnt of the log from a slice is learnt of the least moment: of a greater one it says nothing.
  checkAnswer(mailbox, known, answer!, least);
  return { least, greatest };
}

/** The place of a border, of which the number was kept, or in a conversation the seq. */
function placed(mailbox: LearnedMailbox, border: Border): Border {
  const inConversation = border.list.of === 'messages' && border.list.conversationId !== undefined;
  return inConversation ? border : { ...border, order: mailbox.positionOf(border.order) - 1 };
}

/** Whether a slice that has more is what the mailbox at `end` gives. */
function explains(mailbox: LearnedMailbox, { list, pageSize }: Query, answer: Answer, position: number, end: number): boolean {
  const { entries, hasMore } = expectedDelta(entriesAt(mailbox, list, end), position, pageSize!, Number.POSITIVE_INFINITY, end);
  const keys = (all: readonly { readonly key: string; readonly at: number }[]) => JSON.stringify(all.map(({ key, at }) => [key, mailbox.number(at)]));
  const shown = JSON.stringify(itemsOf(answer).map((item) => [keyOf(item), item.lastUpdatedTimestamp]));
  return (
    hasMore && keys(entries) === shown && (!('totals' in answer) || JSON.stringify(mailbox.model.totals(mailbox.user, end)) === JSON.stringify(answer.totals))
  );
}
