import { checkReason, equal, told } from './check-versions.js';
import type { ConversationsCall } from './history.js';
import type { Complain } from './history-problem.js';
import type { MailboxTimeline } from './mailbox-timeline.js';

const CONVERSATIONS_PAGE = 20;

/** An answer of `fetchConversations` against what the mailbox was. */
export function checkConversations(read: ConversationsCall, timeline: MailboxTimeline, complain: Complain): void {
  const { request, answer } = read;
  const { lastUpdatedTimestamp: since = 0, before, pageNumber = 1, pageSize = CONVERSATIONS_PAGE } = request;
  const version = answer.lastUpdatedTimestamp;
  const { markers } = timeline;
  if (answer.isDeltaUpdate && answer.hasMore) {
    checkSlice(read, timeline, complain);
    return;
  }
  const then = timeline.conversationsAt(version);
  const changed = then.filter((newest) => newest.lastUpdatedTimestamp > since);
  const most = changed.length + then.filter((newest) => !changed.includes(newest) && markers.marks.has(newest.conversationId)).length;
  checkReason(read, { least: changed.length, most, limit: request.maxChanges ?? pageSize }, complain);
  if (!timeline.hadTotals(answer.totals, version)) complain('read', `totals are wrong: ${told(read)} at ${version}`);
  if (answer.isDeltaUpdate) {
    checkDelta(read, timeline, complain);
    return;
  }
  const below = before === undefined ? then : then.filter((newest) => newest.lastUpdatedTimestamp < before);
  const from = (pageNumber - 1) * pageSize;
  const expected = below.slice(from, from + pageSize);
  if (!equal(answer.conversations, expected, (item, newest) => timeline.hadConversation(item, newest, version)))
    complain('read', `an answer is not what was there: ${told(read)} at ${version}: ${answer.conversations.length} instead of ${expected.length}`);
  const hasMore = expected.length > 0 && from + expected.length < below.length;
  const next = hasMore ? expected.at(-1)?.lastUpdatedTimestamp : undefined;
  if (answer.hasMore !== hasMore || answer.next !== next) complain('read', `a page does not say what follows: ${told(read)} at ${version}`);
}

/** A delta to its end: all that have changed, by message or by marker, each as it is at the version of the answer. */
function checkDelta(read: ConversationsCall, timeline: MailboxTimeline, complain: Complain): void {
  const { answer, request } = read;
  const [since, upTo] = [request.lastUpdatedTimestamp ?? 0, answer.lastUpdatedTimestamp];
  const given = new Set<string>();
  let last = since;
  for (const item of answer.conversations) {
    const newest = timeline.newestOf(item.conversationId, upTo);
    if (newest === undefined || !timeline.hadConversation(item, newest, upTo) || item.lastUpdatedTimestamp <= last)
      complain('read', `an item of a delta is not what has changed: ${told(read)} to ${upTo}: ${item.conversationId}`);
    last = item.lastUpdatedTimestamp;
    given.add(item.conversationId);
  }
  for (const { conversationId, lastUpdatedTimestamp } of timeline.conversationsAt(upTo)) {
    if (given.has(conversationId)) continue;
    const { markers } = timeline;
    if (lastUpdatedTimestamp > since) complain('read', `a delta passes over a message: ${told(read)} to ${upTo}: ${conversationId}`);
    if (markers.at(conversationId, upTo).least > markers.at(conversationId, since).most)
      complain('read', `a delta passes over a read marker: ${told(read)} to ${upTo}: ${conversationId}`);
  }
}

/** A slice that more follows: of a version that is not known; each item is the state at its own number, and what is passed over has changed later. */
function checkSlice(read: ConversationsCall, timeline: MailboxTimeline, complain: Complain): void {
  const { request, answer } = read;
  const since = request.lastUpdatedTimestamp ?? 0;
  const upTo = answer.lastUpdatedTimestamp;
  const given = new Set<string>();
  let last = since;
  for (const item of answer.conversations) {
    const number = item.lastUpdatedTimestamp;
    const newest = timeline.newestOf(item.conversationId, number);
    if (newest === undefined || !timeline.hadConversation(item, newest, number) || number <= last || number > upTo)
      complain('read', `an item of a slice is not what was there: ${told(read)} to ${upTo}: ${item.conversationId}`);
    last = number;
    given.add(item.conversationId);
  }
  if (upTo <= since) complain('read', `a slice made no progress: ${told(read)}`);
  for (const { conversationId } of timeline.between(since, upTo)) {
    const marked = timeline.markers.marks.get(conversationId)?.some(({ begin }) => begin < read.end);
    const changesLater = marked || timeline.between(upTo, Number.POSITIVE_INFINITY, conversationId).length > 0;
    if (!given.has(conversationId) && !changesLater) complain('read', `a slice passes over a change: ${told(read)} to ${upTo}: ${conversationId}`);
  }
}
