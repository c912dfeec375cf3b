import type { FetchMessagesRequest, Message } from '../index.js';
import { checkConversations } from './check-conversations.js';
import { checkItems } from './check-items.js';
import { checkExpired, checkFreshness, checkReason, equal, type ReadCall, readsOf, told } from './check-versions.js';
import { groupBy } from './group-by.js';
import type { History, MessagesCall } from './history.js';
import type { Complain } from './history-problem.js';
import { ListCopy } from './list-copy.js';
import { MailboxTimeline, sameMessage } from './mailbox-timeline.js';

const PAGE_BYTES_MAX = 1024 * 1024;
const MESSAGES_PAGE = 50;

/** Every read against what the mailbox was at the version of its answer, and that version against what was known when it began. */
export function checkReads({ calls, mailboxes, logChanges }: History, complain: Complain): void {
  const timelines = new Map(mailboxes.map((mailbox) => [mailbox.userId, new MailboxTimeline(mailbox, calls)]));
  const reads = calls.flatMap(readsOf);
  const ofUsers = groupBy(reads, ({ request }) => request.userId);
  for (const [userId, own] of ofUsers) {
    const timeline = timelines.get(userId);
    if (timeline === undefined) {
      complain('read', `a mailbox is missing in the end: ${userId}`);
      continue;
    }
    for (const read of own) {
      if (read.verb === 'fetchMessages') checkMessages(read, timeline, complain);
      else checkConversations(read, timeline, complain);
    }
  }
  for (const timeline of timelines.values()) checkExpired(calls, timeline, logChanges, complain);
  const known = checkFreshness(calls, timelines, complain);
  checkItems(calls, timelines, known, complain);
  checkFinal(mailboxes, timelines, complain);
  const sessions = groupBy(
    reads.filter(({ session }) => session !== undefined),
    ({ session }) => session!,
  );
  for (const [session, all] of sessions) checkSession(session, all, timelines, complain);
}

function checkMessages(read: MessagesCall, timeline: MailboxTimeline, complain: Complain): void {
  const { request, answer } = read;
  const { conversationId, lastUpdatedTimestamp: since, before, pageNumber = 1, pageSize = MESSAGES_PAGE } = request;
  const version = answer.lastUpdatedTimestamp;
  const changed = timeline.between(since ?? 0, version, conversationId).length;
  checkReason(read, { least: changed, most: changed, limit: request.maxChanges ?? pageSize }, complain);
  if (answer.isDeltaUpdate) {
    const expected = timeline.between(since ?? 0, version, conversationId);
    if (!equal(answer.messages, expected, sameMessage) || answer.messages.length > pageSize || (answer.floors ?? []).length > 0)
      complain('read', `a delta is not what changed: ${told(read)} to ${version}: ${answer.messages.length} instead of ${expected.length}`);
    if (answer.hasMore && version <= (since ?? 0)) complain('read', `a slice made no progress: ${told(read)}`);
    return;
  }
  const all = timeline.between(0, version, conversationId).toReversed();
  const below =
    before === undefined ? all : all.filter(({ seq, lastUpdatedTimestamp }) => (conversationId === undefined ? lastUpdatedTimestamp : seq) < before);
  const from = request.after !== undefined || request.around !== undefined ? placeOf(request, all.length, pageSize) : (pageNumber - 1) * pageSize;
  const whole = below.slice(from, request.after === undefined ? from + pageSize : Math.max(0, all.length - request.after));
  const expected = answer.truncated ? whole.slice(0, answer.messages.length) : whole;
  const hasMore = expected.length > 0 && from + expected.length < below.length;
  if (!equal(answer.messages, expected, sameMessage))
    complain('read', `a page is not what was there: ${told(read)} at ${version}: ${answer.messages.length} instead of ${expected.length}`);
  const last = expected.at(-1);
  const next = hasMore ? (conversationId === undefined ? last?.lastUpdatedTimestamp : last?.seq) : undefined;
  if (answer.hasMore !== hasMore || answer.next !== next) complain('read', `a page does not say what follows: ${told(read)} at ${version}`);
  const bytes = whole.slice(0, expected.length + 1).reduce((sum, { messageContent }) => sum + Buffer.byteLength(messageContent), 0);
  if (answer.truncated && (expected.length === 0 || bytes <= PAGE_BYTES_MAX)) complain('read', `a page was cut for no reason: ${told(read)}`);
}

/** How many messages of a conversation a page after or around a seq leaves out. */
function placeOf({ after, around = 0 }: FetchMessagesRequest, count: number, pageSize: number): number {
  if (after !== undefined) return Math.max(0, count - after - pageSize);
  return Math.max(0, Math.min(count - around - Math.floor((pageSize - 1) / 2), count - pageSize));
}

function checkFinal(mailboxes: History['mailboxes'], timelines: ReadonlyMap<string, MailboxTimeline>, complain: Complain): void {
  for (const { userId, messages, conversations, totals, lastUpdatedTimestamp } of mailboxes) {
    const timeline = timelines.get(userId)!;
    if (!equal(messages, timeline.messages.toReversed(), sameMessage))
      complain('read', `the messages in the end are not in the order of their numbers: ${userId}`);
    if (new Set(messages.map((message) => message.lastUpdatedTimestamp)).size < messages.length) complain('read', `two messages have one number: ${userId}`);
    if (!equal(conversations, timeline.conversationsAt(lastUpdatedTimestamp), (item, newest) => timeline.hadConversation(item, newest, lastUpdatedTimestamp)))
      complain('read', `the conversations in the end are not what the messages say: ${userId}`);
    if (!timeline.hadTotals(totals, lastUpdatedTimestamp)) complain('read', `the totals in the end are wrong: ${userId}`);
  }
}

/** A client that keeps a copy by the rules of merging holds, at its cursor, what the mailbox held. */
function checkSession(session: string, reads: readonly ReadCall[], timelines: ReadonlyMap<string, MailboxTimeline>, complain: Complain): void {
  const whole = reads.some(({ request }) => request.maxChanges === Number.POSITIVE_INFINITY || request.before !== undefined);
  const copy = new ListCopy(whole);
  for (const { request, answer } of reads.toSorted((a, b) => a.end - b.end)) copy.take(request, answer);
  const last = reads.at(-1)!;
  // A page that was reached through `next` is newer than the rest: what is held is of one version again with the next answer to the cursor.
  if (!copy.settled || last.request.before !== undefined) return;
  const timeline = timelines.get(last.request.userId);
  const { items, cursor = 0 } = copy;
  const messages = timeline?.between(0, cursor, last.verb === 'fetchMessages' ? last.request.conversationId : undefined).toReversed() ?? [];
  const conversations = timeline?.conversationsAt(cursor) ?? [];
  const expected = last.verb === 'fetchMessages' ? messages : conversations;
  const isRight = (item: (typeof items)[number], newest: Message | undefined): boolean => {
    if (newest === undefined) return false;
    return 'messageId' in item ? sameMessage(item, newest) : timeline!.hadConversation(item, newest, cursor);
  };
  // A marker brings a conversation that is not near to the others: of a part of the list each is right, and the newest is there.
  const among = (item: (typeof items)[number], i: number) =>
    whole || 'messageId' in item || i === 0 ? expected[i] : conversations.find(({ conversationId }) => conversationId === item.conversationId);
  const right = items.length >= (whole ? expected.length : 0) && items.length <= expected.length && items.every((item, i) => isRight(item, among(item, i)));
  if (!right) complain('follower', `a client that followed by deltas does not hold the mailbox: ${session} at ${cursor}`);
}
