import type { UserId } from '../model/ids.js';
import { PAGE_SIZE_MAX, U48_MAX } from '../model/limits.js';
import type { ConversationsAnswer } from '../model/message.js';
import type { ConversationState } from './conversation-state.js';
import { conversationItem } from './items.js';
import type { DeltaQuery, PageQuery } from './list-query.js';
import type { MailboxState } from './mailbox-state.js';
import type { MailboxView } from './mailbox-view.js';
import { isOfList } from './needs.js';
import { CHANGE } from './rows.js';
import { fullPageReason, sliceSince } from './slice.js';

/** A page of the conversations, by activity, newest first. `undefined`: something has to be read first. */
export function conversationsPage(view: MailboxView, { size, skip, before }: PageQuery): ConversationsAnswer | undefined {
  const { version, totals } = view.state;
  // From the top the totals tell whether there is more; below a border only one conversation beyond the page does.
  const wanted = before === undefined ? Math.min(size, totals.conversations - skip) : size + 1;
  const inMemory = allInMemory(view.state)?.filter(({ activity }) => before === undefined || activity < before);
  const found = wanted <= 0 ? [] : (inMemory?.slice(skip, skip + wanted) ?? conversationsBelow(view, before, skip, wanted));
  if (view.needs.length > 0) return undefined;
  const shown = found.slice(0, size);
  const hasMore = before === undefined ? totals.conversations > skip + shown.length && shown.length > 0 : found.length > size;
  return {
    conversations: shown.map(conversationItem),
    isDeltaUpdate: false,
    lastUpdatedTimestamp: version,
    hasMore,
    ...(hasMore ? { next: shown.at(-1)!.activity } : undefined),
    totals,
  };
}

/**
 * The visible conversations in their order, where all of them are in memory: the few that most users have need no walk over a log that one of them has filled.
 */
function allInMemory({ conversations, totals }: MailboxState): ConversationState[] | undefined {
  if (totals.conversations > PAGE_SIZE_MAX || conversations.size > 2 * PAGE_SIZE_MAX) return undefined;
  const visible = [...conversations.values()].filter((conversation) => conversation.visible);
  return visible.length === totals.conversations ? visible.sort((a, b) => b.activity - a.activity) : undefined;
}

/** Walks the log newest first, where a conversation stands at the first message change met of it, and then the old list. */
function conversationsBelow(view: MailboxView, before: number | undefined, skip: number, wanted: number): ConversationState[] {
  const found: ConversationState[] = [];
  const met = new Set<UserId>();
  let skipped = 0;
  let unknown = 0;
  const take = (peer: UserId, seq: number | undefined, number: number) => {
    if (before === undefined && skipped++ < skip) return;
    const conversation = view.conversation(peer, seq);
    if (conversation === undefined) unknown++;
    else if (conversation.activity === number) found.push(conversation);
  };
  for (const row of view.logBelow(before)) {
    for (const [i, { kind, peer, seq }] of row.changes.entries()) {
      const number = row.version - i;
      if (before !== undefined && number >= before) continue;
      if ((kind !== CHANGE.message && kind !== CHANGE.floor) || met.has(peer)) continue;
      met.add(peer);
      // Below a border the first change met need not be the newest: that one may stand above.
      if (kind !== CHANGE.floor) take(peer, before === undefined ? seq : undefined, number);
      if (found.length + unknown === wanted) return found;
    }
  }
  if (view.needs.some(isOfList)) return found;
  const rest = () => Math.max(0, skip - skipped) + wanted - found.length - unknown;
  for (const { peer, seq, activity } of view.oldList(before ?? U48_MAX, rest())) {
    if (met.has(peer)) continue;
    take(peer, seq, activity);
    if (found.length + unknown === wanted) return found;
  }
  return found;
}

/** The conversations that changed since a cursor, or a full first page with the reason. `undefined`: something has to be read first. */
export function conversationsDelta(view: MailboxView, { since, size, maxChanges }: DeltaQuery): ConversationsAnswer | undefined {
  const slice =
    fullPageReason(view, since) ??
    sliceSince(view, since, { size, maxChanges }, ({ peer }, number) => {
      const conversation = view.conversation(peer);
      if (conversation === undefined) return undefined;
      return conversation.lastChange === number ? { item: conversation, bytes: 0 } : null;
    });
  if (slice === undefined) return undefined;
  if (typeof slice === 'string') {
    const page = conversationsPage(view, { size, skip: 0 });
    return page && { ...page, reason: slice };
  }
  return {
    conversations: slice.items.map(conversationItem),
    isDeltaUpdate: true,
    lastUpdatedTimestamp: slice.cursor,
    hasMore: slice.hasMore,
    totals: view.state.totals,
  };
}
