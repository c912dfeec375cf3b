import type { ConversationCall, HistoryCall, MarkReadCall, MessageCall } from './history.js';
import type { Complain } from './history-problem.js';
import { type MailboxTimeline, sameMessage } from './mailbox-timeline.js';

/** Single items and read markers: against the messages, and against what was `known` of the mailbox when the call began. */
export function checkItems(
  calls: readonly HistoryCall[],
  timelines: ReadonlyMap<string, MailboxTimeline>,
  known: ReadonlyMap<HistoryCall, number>,
  complain: Complain,
): void {
  for (const call of calls) {
    if (call.verb === 'sendMessage') continue;
    const timeline = timelines.get(call.request.userId);
    if (timeline === undefined) continue;
    if (call.verb === 'getMessage') checkMessage(call, timeline, known.get(call)!, complain);
    if (call.verb === 'getConversation') checkConversation(call, timeline, known.get(call)!, complain);
    if (call.verb === 'markRead' && call.outcome.type === 'ok') checkMarked(call, timeline, known.get(call)!, complain);
  }
  for (const timeline of timelines.values()) checkMarkers(timeline, complain);
}

function checkMessage({ request, answer, begin }: MessageCall, { messages }: MailboxTimeline, known: number, complain: Complain): void {
  const message = messages.find(({ messageId }) => messageId === request.messageId);
  const right = answer === undefined ? message === undefined || message.lastUpdatedTimestamp > known : message !== undefined && sameMessage(answer, message);
  if (!right) complain('read', `a message asked for alone is not what was there: ${JSON.stringify(request)} begun at ${begin}`);
}

function checkConversation({ request, answer, begin }: ConversationCall, timeline: MailboxTimeline, known: number, complain: Complain): void {
  const { conversationId } = request;
  const oldest = timeline.newestOf(conversationId, known);
  const number = answer?.lastUpdatedTimestamp ?? 0;
  const newest = timeline.newestOf(conversationId, number);
  const right = answer === undefined ? oldest === undefined : newest !== undefined && timeline.hadConversation(answer, newest, number);
  if (!right) complain('read', `a conversation asked for alone is not what was there: ${JSON.stringify(request)} begun at ${begin}`);
  else if (answer !== undefined && answer.lastSeq < (oldest?.seq ?? 0))
    complain('stale', `a conversation asked for alone is older than what was known: ${JSON.stringify(request)} begun at ${begin}`);
}

/** Whatever is read after a marker was acknowledged shows it, as far as there were messages to be marked. */
function checkMarked({ request, end }: MarkReadCall, timeline: MailboxTimeline, known: number, complain: Complain): void {
  const { conversationId, seq } = request;
  const least = Math.min(seq, timeline.newestOf(conversationId, known)?.seq ?? 0);
  for (const point of timeline.markers.points.get(conversationId) ?? []) {
    if (point.begin > end && point.seq < least)
      complain('stale', `a read does not show a marker that was acknowledged before it began: ${JSON.stringify(request)}, ${point.seq} at ${point.version}`);
  }
}

/** A marker never goes back, and stands only where its user has put it, or at the newest message of the time. */
function checkMarkers({ userId, markers }: MailboxTimeline, complain: Complain): void {
  for (const [conversationId, points] of markers.points) {
    const marks = markers.marks.get(conversationId) ?? [];
    for (const [i, { seq, version, end }] of points.entries()) {
      const last = points[i - 1] ?? { seq: 0, version: -1 };
      if (seq < last.seq || (version === last.version && seq !== last.seq))
        complain('read', `a read marker goes back, or is at two places at once: ${userId} ${conversationId} ${seq} at ${version}`);
      if (seq > 0 && !marks.some((mark) => mark.request.seq >= seq && mark.begin < end))
        complain('read', `a read marker stands where nobody has put it: ${userId} ${conversationId} ${seq} at ${version}`);
    }
  }
}
