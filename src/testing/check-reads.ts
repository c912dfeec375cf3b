import type { Complain } from './check-history.js';
import { groupBy } from './group-by.js';
import type { ConversationsCall, History, HistoryCall, MessagesCall } from './history.js';
import { ListCopy } from './list-copy.js';
import { MailboxTimeline, sameConversation, sameMessage } from './mailbox-timeline.js';

type ReadCall = MessagesCall | ConversationsCall;

const PAGE_BYTES_MAX = 1024 * 1024;
const MESSAGES_PAGE = 50;
const CONVERSATIONS_PAGE = 20;

/** Every read against what the mailbox was at the version of its answer, and that version against what was known when it began. */
export function checkReads({ calls, mailboxes }: History, complain: Complain): void {
  const timelines = new Map(mailboxes.map((mailbox) => [mailbox.userId, new MailboxTimeline(mailbox)]));
  const reads = calls.filter((call) => call.verb !== 'sendMessage');
  for (const read of reads) {
    const timeline = timelines.get(read.request.userId);
    if (timeline === undefined) complain('read', `a mailbox is missing in the end: ${read.request.userId}`);
    else if (read.verb === 'fetchMessages') checkMessages(read, timeline, complain);
    else checkConversations(read, timeline, complain);
  }
  checkFreshness(calls, timelines, complain);
  checkFinal(mailboxes, timelines, complain);
  const sessions = groupBy(
    reads.filter(({ session }) => session !== undefined),
    ({ session }) => session!,
  );
  for (const [session, all] of sessions) checkSession(session, all, timelines, complain);
}

const told = ({ verb, request, begin }: ReadCall) => `${verb} ${JSON.stringify(request)} begun at ${begin}`;

/** Why an answer to a cursor is a full page; complains where that is not so. */
function checkReason(read: ReadCall, changed: number, complain: Complain): void {
  const { request, answer } = read;
  const since = request.lastUpdatedTimestamp;
  if (since === undefined) {
    if (answer.isDeltaUpdate || answer.reason !== undefined) complain('read', `a page without a cursor is a delta or has a reason: ${told(read)}`);
    return;
  }
  const limit = request.maxChanges ?? request.pageSize ?? (read.verb === 'fetchMessages' ? MESSAGES_PAGE : CONVERSATIONS_PAGE);
  const expected = since > answer.lastUpdatedTimestamp ? 'future' : changed > limit ? 'too-many-changes' : undefined;
  // Of a slice that more follows, the version is not known: it can be of any later one.
  if (answer.isDeltaUpdate ? expected !== undefined : answer.reason !== expected)
    complain('read', `the reason of an answer is wrong: ${told(read)}: ${answer.reason} instead of ${expected}, changes: ${changed}`);
}

function checkMessages(read: MessagesCall, timeline: MailboxTimeline, complain: Complain): void {
  const { request, answer } = read;
  const { conversationId, lastUpdatedTimestamp: since, before, pageNumber = 1, pageSize = MESSAGES_PAGE } = request;
  const version = answer.lastUpdatedTimestamp;
  checkReason(read, timeline.between(since ?? 0, version, conversationId).length, complain);
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
  const from = (pageNumber - 1) * pageSize;
  const whole = below.slice(from, from + pageSize);
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

function checkConversations(read: ConversationsCall, timeline: MailboxTimeline, complain: Complain): void {
  const { request, answer } = read;
  const { lastUpdatedTimestamp: since, before, pageNumber = 1, pageSize = CONVERSATIONS_PAGE } = request;
  const version = answer.lastUpdatedTimestamp;
  const then = timeline.conversationsAt(version);
  const changed = then.filter(({ newest }) => newest.lastUpdatedTimestamp > (since ?? 0));
  if (answer.isDeltaUpdate && answer.hasMore) {
    checkSlice(read, timeline, complain);
    return;
  }
  checkReason(read, changed.length, complain);
  const { conversations, unread } = timeline.totalsAt(version);
  if (answer.totals.conversations !== conversations || answer.totals.unread !== unread) complain('read', `totals are wrong: ${told(read)} at ${version}`);
  const below = before === undefined ? then : then.filter(({ newest }) => newest.lastUpdatedTimestamp < before);
  const from = (pageNumber - 1) * pageSize;
  const expected = answer.isDeltaUpdate ? changed.toReversed() : below.slice(from, from + pageSize);
  if (!equal(answer.conversations, expected, sameConversation))
    complain('read', `an answer is not what was there: ${told(read)} at ${version}: ${answer.conversations.length} instead of ${expected.length}`);
  const hasMore = !answer.isDeltaUpdate && expected.length > 0 && from + expected.length < below.length;
  const next = hasMore ? expected.at(-1)?.newest.lastUpdatedTimestamp : undefined;
  if (answer.hasMore !== hasMore || answer.next !== next) complain('read', `a page does not say what follows: ${told(read)} at ${version}`);
}

/** A slice that more follows: of a version that is not known; each item is the state at its own number, and what is passed over has changed later. */
function checkSlice(read: ConversationsCall, timeline: MailboxTimeline, complain: Complain): void {
  const { request, answer } = read;
  const since = request.lastUpdatedTimestamp ?? 0;
  const upTo = answer.lastUpdatedTimestamp;
  const given = new Set<string>();
  let last = since;
  for (const item of answer.conversations) {
    const then = timeline.conversationOf(item.conversationId, item.lastUpdatedTimestamp);
    if (then === undefined || !sameConversation(item, then) || item.lastUpdatedTimestamp <= last || item.lastUpdatedTimestamp > upTo)
      complain('read', `an item of a slice is not what was there: ${told(read)} to ${upTo}: ${item.conversationId}`);
    last = item.lastUpdatedTimestamp;
    given.add(item.conversationId);
  }
  if (upTo <= since) complain('read', `a slice made no progress: ${told(read)}`);
  for (const { conversationId } of timeline.between(since, upTo)) {
    if (!given.has(conversationId) && timeline.between(upTo, Number.POSITIVE_INFINITY, conversationId).length === 0)
      complain('read', `a slice passes over a change: ${told(read)} to ${upTo}: ${conversationId}`);
  }
}

/** No read is of a version below one that was known when it began: from an acknowledged send, or from an answered read. */
function checkFreshness(calls: readonly HistoryCall[], timelines: ReadonlyMap<string, MailboxTimeline>, complain: Complain): void {
  const known = new Map<string, number>();
  const know = (user: string, version: number) => known.set(user, Math.max(known.get(user) ?? 0, version));
  const numbers = new Map(
    [...timelines].map(([user, { messages }]) => [user, new Map(messages.map((message) => [message.messageId, message.lastUpdatedTimestamp]))]),
  );
  const needed = new Map<HistoryCall, number>();
  const moments = calls.flatMap((call) => [
    { at: call.begin, call, begins: true },
    { at: call.end, call, begins: false },
  ]);
  for (const { call, begins } of moments.sort((a, b) => a.at - b.at)) {
    if (call.verb === 'sendMessage') {
      if (begins || call.outcome.type !== 'ok') continue;
      for (const user of [call.request.senderId, call.request.recipientId]) know(user, numbers.get(user)?.get(call.outcome.result.messageId) ?? 0);
    } else if (begins) needed.set(call, known.get(call.request.userId) ?? 0);
    else if (!(call.answer.isDeltaUpdate && call.answer.hasMore)) {
      const { lastUpdatedTimestamp: version } = call.answer;
      if (version < needed.get(call)!)
        complain('stale', `a read is older than what was known when it began: ${told(call)}: ${version} below ${needed.get(call)}`);
      know(call.request.userId, version);
    }
  }
}

function checkFinal(mailboxes: History['mailboxes'], timelines: ReadonlyMap<string, MailboxTimeline>, complain: Complain): void {
  for (const { userId, messages, conversations, totals, lastUpdatedTimestamp } of mailboxes) {
    const timeline = timelines.get(userId)!;
    if (!equal(messages, timeline.messages.toReversed(), sameMessage))
      complain('read', `the messages in the end are not in the order of their numbers: ${userId}`);
    if (new Set(messages.map((message) => message.lastUpdatedTimestamp)).size < messages.length) complain('read', `two messages have one number: ${userId}`);
    if (!equal(conversations, timeline.conversationsAt(lastUpdatedTimestamp), sameConversation))
      complain('read', `the conversations in the end are not what the messages say: ${userId}`);
    const expected = timeline.totalsAt(lastUpdatedTimestamp);
    if (totals.conversations !== expected.conversations || totals.unread !== expected.unread) complain('read', `the totals in the end are wrong: ${userId}`);
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
  const ok = (expected: number, same: (i: number) => boolean) =>
    items.length >= (whole ? expected : 0) && items.length <= expected && items.every((_, i) => same(i));
  const messages = timeline?.between(0, cursor, last.verb === 'fetchMessages' ? last.request.conversationId : undefined).toReversed() ?? [];
  const conversations = timeline?.conversationsAt(cursor) ?? [];
  const right =
    last.verb === 'fetchMessages'
      ? ok(messages.length, (i) => 'messageId' in items[i]! && sameMessage(items[i], messages[i]!))
      : ok(conversations.length, (i) => 'lastSeq' in items[i]! && sameConversation(items[i], conversations[i]!));
  if (!right) complain('follower', `a client that followed by deltas does not hold the mailbox: ${session} at ${cursor}`);
}

function equal<A, B>(a: readonly A[], b: readonly B[], same: (a: A, b: B) => boolean): boolean {
  return a.length === b.length && a.every((item, i) => same(item, b[i]!));
}
