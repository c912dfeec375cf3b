import type { FullPageReason } from '../index.js';
import type { ConversationsCall, HistoryCall, MessagesCall } from './history.js';
import type { Complain } from './history-problem.js';
import type { MailboxTimeline } from './mailbox-timeline.js';

/** A call that answered with a list. */
export type ReadCall = MessagesCall | ConversationsCall;

/** How a problem names a read. */
export const told = ({ verb, request, begin }: ReadCall): string => `${verb} ${JSON.stringify(request)} begun at ${begin}`;

/** Whether two lists are the same, item by item. */
export function equal<A, B>(a: readonly A[], b: readonly B[], same: (a: A, b: B) => boolean): boolean {
  return a.length === b.length && a.every((item, i) => same(item, b[i]!));
}

/** The lists that a call has shown: an event of a watch is a delta of both. */
export function readsOf(call: HistoryCall): readonly ReadCall[] {
  if (call.verb === 'fetchMessages' || call.verb === 'fetchConversations') return [call];
  if (call.verb !== 'watch' || call.event.type === 'reset') return [];
  const { request, event, begin, end, engine } = call;
  const asked = { begin, end, engine, request: { ...request, maxChanges: Number.POSITIVE_INFINITY, pageSize: Number.POSITIVE_INFINITY } };
  const { messages, conversations, floors, totals, hasMore, lastUpdatedTimestamp } = event;
  const delta = { isDeltaUpdate: true, lastUpdatedTimestamp, hasMore };
  return [
    { ...asked, verb: 'fetchMessages', answer: { ...delta, messages, floors } },
    { ...asked, verb: 'fetchConversations', answer: { ...delta, conversations, totals } },
  ];
}

/** Why an answer to a cursor is a full page; complains where that cannot be. `changed`: bounds of the items that changed, and how many of them a delta may have. */
export function checkReason(
  read: ReadCall,
  { least, most, limit }: { readonly least: number; readonly most: number; readonly limit: number },
  complain: Complain,
): void {
  const { request, answer } = read;
  const since = request.lastUpdatedTimestamp;
  if (since === undefined) {
    if (answer.isDeltaUpdate || answer.reason !== undefined) complain('read', `a page without a cursor is a delta or has a reason: ${told(read)}`);
    return;
  }
  const possible = new Set<FullPageReason | 'delta'>(['expired']);
  if (since > answer.lastUpdatedTimestamp) possible.add('future');
  else {
    // Of a slice that more follows, the version is not known: it can be of any later one.
    if (least <= limit) possible.add('delta');
    if (most > limit) possible.add('too-many-changes');
  }
  const given = answer.isDeltaUpdate ? 'delta' : answer.reason;
  if (given === undefined || !possible.has(given))
    complain('read', `the reason of an answer is wrong: ${told(read)}: ${given} instead of ${[...possible].join(' or ')}, changes: ${least} to ${most}`);
}

/** What a cursor was answered with, in any way. */
interface Answered {
  readonly told: string;
  readonly since: number;
  readonly version: number;
  readonly as: FullPageReason | 'delta' | undefined;
}

function answeredOf(call: HistoryCall): readonly Answered[] {
  if (call.verb === 'watch' && call.event.type === 'reset') {
    const { lastUpdatedTimestamp: version, reason } = call.event;
    return [{ told: `watch ${JSON.stringify(call.request)} begun at ${call.begin}`, since: call.request.lastUpdatedTimestamp, version, as: reason }];
  }
  return readsOf(call).flatMap((read) => {
    const { request, answer } = read;
    const since = request.lastUpdatedTimestamp;
    return since === undefined ? [] : [{ told: told(read), since, version: answer.lastUpdatedTimestamp, as: answer.isDeltaUpdate ? 'delta' : answer.reason }];
  });
}

/** A cursor expires only where more has changed since than a log keeps, and then it stays so; a watch starts anew only for that, or from a cursor that is no version yet. */
export function checkExpired(calls: readonly HistoryCall[], timeline: MailboxTimeline, logChanges: number | undefined, complain: Complain): void {
  const answered = calls.flatMap((call) => (call.verb !== 'sendMessage' && call.request.userId === timeline.userId ? answeredOf(call) : []));
  const marks = [...timeline.markers.marks.values()].flat().length;
  const expired = answered.filter(({ as }) => as === 'expired');
  for (const { told, since, version } of expired) {
    const changes = timeline.between(since, version).length + marks;
    if (logChanges === undefined || changes <= logChanges) complain('read', `a cursor has expired that the log reaches back to: ${told}, changes: ${changes}`);
  }
  for (const { told, since, version, as } of answered) {
    if (as === 'delta' && expired.some((one) => one.version < version && one.since >= since))
      complain('read', `a cursor is good again that had expired: ${told}`);
    if (as === 'future' && since <= version) complain('read', `a cursor is called one of the future that is not: ${told}`);
  }
}

/** No read is of a version below one that was known when it began: from an acknowledged send, or from an answered read. Gives what was known when each call began. */
export function checkFreshness(
  calls: readonly HistoryCall[],
  timelines: ReadonlyMap<string, MailboxTimeline>,
  complain: Complain,
): ReadonlyMap<HistoryCall, number> {
  const known = new Map<string, number>();
  const know = (user: string, version: number) => known.set(user, Math.max(known.get(user) ?? 0, version));
  const numbers = new Map(
    [...timelines].map(([user, { messages }]) => [user, new Map(messages.map((message) => [message.messageId, message.lastUpdatedTimestamp]))]),
  );
  const atBegin = new Map<HistoryCall, number>();
  const moments = calls.flatMap((call) => [
    { at: call.begin, call, begins: true },
    { at: call.end, call, begins: false },
  ]);
  for (const { call, begins } of moments.sort((a, b) => a.at - b.at)) {
    if (call.verb === 'sendMessage') {
      if (begins || call.outcome.type !== 'ok') continue;
      for (const user of [call.request.senderId, call.request.recipientId]) know(user, numbers.get(user)?.get(call.outcome.result.messageId) ?? 0);
    } else if (begins) atBegin.set(call, known.get(call.request.userId) ?? 0);
    else {
      for (const read of readsOf(call)) {
        if (read.answer.isDeltaUpdate && read.answer.hasMore) continue;
        const { lastUpdatedTimestamp: version } = read.answer;
        if (version < atBegin.get(call)!)
          complain('stale', `a read is older than what was known when it began: ${told(read)}: ${version} below ${atBegin.get(call)}`);
        know(call.request.userId, version);
      }
    }
  }
  return atBegin;
}
