import assert from 'node:assert/strict';
import { isMailringError, type SendResult } from 'mailring';
import { type Answer, type Border, checkAnswer, itemsOf, keyOf, type Query } from './answers.js';
import { conversationIdOf, Model, type ModelMailbox, type SendArguments } from './model.js';
import { entriesAt, expectedDelta, totalsAt } from './model-lists.js';

/** Calls that run beside each other: what was asked and answered when, and whether a model could have answered so. Moments are counted, not timed. */

/** A send from its call to its answer. */
export interface SendCall {
  readonly request: SendArguments;
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
export function modelAfter(sends: readonly SendCall[], held: Mailboxes, kept: number | undefined): Model {
  const model = new Model(kept);
  for (const { request, settled, times } of sends) {
    if (settled!.status === 'rejected') {
      const error = settled!.reason;
      if (given(error) && error.outcome === 'not-accepted') continue;
      const found = held
        .get(request.senderId)
        ?.find((m) => m.senderId === request.senderId && m.clientMessageId === request.clientMessageId && isOf(m, request));
      if (given(error) && found === undefined) continue;
      const expected = model.send(request, found?.sentTimestamp ?? 0);
      if (given(error)) assert.notEqual(expected.outcome, 'refused');
      else
        assert.deepEqual(
          { code: error.code, outcome: error.outcome },
          { code: expected.outcome === 'conflict' ? 'MAILRING_ID_CONFLICT' : undefined, outcome: 'not-accepted' },
        );
      continue;
    }
    const { value } = settled!;
    const expected = model.send(request, value.sentTimestamp);
    assert.ok(expected.outcome === 'accepted' || expected.outcome === 'duplicate', `a send was accepted that is ${expected.outcome}`);
    const { messageId, conversationId, seq, sentTimestamp } = expected.message;
    const duplicate = expected.outcome === 'duplicate';
    assert.deepEqual(value, { messageId, conversationId, seq, sentTimestamp, lastUpdatedTimestamp: value.lastUpdatedTimestamp, duplicate });
    if (!duplicate) assertTime(model, request, sentTimestamp, times);
  }
  for (const mailbox of model.mailboxes.values()) takeOrder(mailbox, held.get(mailbox.user) ?? []);
  for (const { request, settled } of sends) if (settled!.status === 'fulfilled') assertNumber(model, request, settled!.value);
  return model;
}

const isOf = ({ messageId }: { readonly messageId: string }, { senderId, recipientId }: SendArguments) =>
  messageId.startsWith(`${conversationIdOf(senderId, recipientId)}.`);

/** The greater of the clock, while the send was under way, and the time before plus 1. */
function assertTime(model: Model, { senderId, recipientId }: SendArguments, sentTimestamp: number, times: ReadonlySet<number>): void {
  const before = model.conversation(senderId, recipientId).at(-2)?.sentTimestamp ?? 0;
  assert.ok(sentTimestamp === before + 1 || times.has(sentTimestamp), `sentTimestamp ${sentTimestamp} is neither the clock's nor ${before} + 1`);
}

function assertNumber(model: Model, { senderId }: SendArguments, { messageId, lastUpdatedTimestamp }: SendResult): void {
  const arrival = model.mailbox(senderId).arrivals.find(({ message }) => message.messageId === messageId);
  assert.equal(lastUpdatedTimestamp, arrival?.number, 'a send answers with the number of its message in the mailbox of its sender');
}

function takeOrder(mailbox: ModelMailbox, held: Mailboxes extends ReadonlyMap<string, infer T> ? T : never): void {
  const { arrivals } = mailbox;
  const index = new Map(held.map(({ messageId }, i) => [messageId, i]));
  assert.deepEqual([...index.keys()].sort(), arrivals.map(({ message }) => message.messageId).sort(), `the mailbox of ${mailbox.user}`);
  arrivals.sort((a, b) => index.get(a.message.messageId)! - index.get(b.message.messageId)!);
  for (const [i, { lastUpdatedTimestamp }] of held.entries()) mailbox.learn(i, lastUpdatedTimestamp);
}

/** Insists that every fetch shows its mailbox as it was at one moment while the fetch ran: with all that was acknowledged before it began, and never less than an earlier one. */
export function checkFetches(model: Model, fetches: readonly FetchCall[], sends: readonly SendCall[]): void {
  const seen = new Map<FetchCall, Moment>();
  for (const fetch of fetches) seen.set(fetch, momentOf(model.mailbox(fetch.user), fetch));
  for (const [fetch, end] of seen) {
    for (const send of sends)
      if (send.settled!.status === 'fulfilled' && send.finished! < fetch.started) assertSeen(model, fetch, end.greatest, send.settled!.value);
    for (const [later, laterEnd] of seen) {
      if (later.user === fetch.user && fetch.finished! < later.started)
        assert.ok(laterEnd.greatest >= end.least, 'a later fetch shows less than an earlier one');
    }
  }
}

function assertSeen(model: Model, { user }: FetchCall, end: number, { messageId }: SendResult): void {
  const at = model.mailbox(user).arrivals.findIndex(({ message }) => message.messageId === messageId);
  assert.ok(at < end, `a fetch does not see a message that was acknowledged before it began: ${messageId} in the mailbox of ${user}`);
}

/** The position that an answer shows: the least and the greatest one that explain it, where it is a slice that does not say. */
interface Moment {
  readonly least: number;
  readonly greatest: number;
}

function momentOf(mailbox: ModelMailbox, { query, answer }: FetchCall): Moment {
  const since = query.since && { ...query.since, position: mailbox.positionOf(query.since.value) };
  const known: Query = { ...query, ...(since && { since }), ...(query.before && { before: placed(mailbox, query.before) }) };
  if (since === undefined || !answer!.hasMore || !answer!.isDeltaUpdate) {
    const end = mailbox.positionOf(answer!.lastUpdatedTimestamp);
    checkAnswer(mailbox, known, answer!, end);
    return { least: end, greatest: end };
  }
  let greatest = mailbox.arrivals.length;
  while (greatest > since.position && !explains(mailbox, known, answer!, since.position, greatest)) greatest--;
  let least = greatest;
  while (least - 1 > since.position && explains(mailbox, known, answer!, since.position, least - 1)) least--;
  // What is learnt of the log from a slice is learnt of the least moment: of a greater one it says nothing.
  checkAnswer(mailbox, known, answer!, least);
  return { least, greatest };
}

/** The place of a border, of which the number was kept, or in a conversation the seq. */
function placed(mailbox: ModelMailbox, border: Border): Border {
  const inConversation = border.list.of === 'messages' && border.list.conversationId !== undefined;
  return inConversation ? border : { ...border, order: mailbox.positionOf(border.order) - 1 };
}

/** Whether a slice that has more is what the mailbox at `end` gives. */
function explains(mailbox: ModelMailbox, { list, pageSize }: Query, answer: Answer, position: number, end: number): boolean {
  const { entries, hasMore } = expectedDelta(entriesAt(mailbox, list, end), position, pageSize!, Number.POSITIVE_INFINITY, end);
  const keys = (all: readonly { readonly key: string; readonly at: number }[]) => JSON.stringify(all.map(({ key, at }) => [key, mailbox.arrivals[at]!.number]));
  const shown = JSON.stringify(itemsOf(answer).map((item) => [keyOf(item), item.lastUpdatedTimestamp]));
  return hasMore && keys(entries) === shown && (!('totals' in answer) || JSON.stringify(totalsAt(mailbox, end)) === JSON.stringify(answer.totals));
}
