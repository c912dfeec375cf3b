import type { UserId } from '../model/ids.js';
import { PAGE_BYTES_MAX, U48_MAX } from '../model/limits.js';
import type { Floor, Message, MessagesAnswer } from '../model/message.js';
import type { ConversationState } from './conversation-state.js';
import { messageItem } from './items.js';
import type { DeltaQuery, PageQuery, SeqPageQuery } from './list-query.js';
import type { MailboxView } from './mailbox-view.js';
import { MessagesBeyondLog, type PlaceBeyondLog } from './messages-beyond-log.js';
import { isOfList } from './needs.js';
import { CHANGE } from './rows.js';
import { fullPageReason, sliceSince } from './slice.js';
import type { StoredMessage } from './stored-message.js';

interface Found {
  readonly conversation: ConversationState;
  readonly message: StoredMessage;
}

/** Cuts a page at 1 MiB of content, but never below one message; `border` gives what `next` is for the last message shown. */
function page(view: MailboxView, found: readonly Found[], more: boolean, border: (message: StoredMessage) => number): MessagesAnswer {
  let bytes = 0;
  let count = 0;
  while (count < found.length && (count === 0 || bytes + found[count]!.message.contentBytes <= PAGE_BYTES_MAX)) bytes += found[count++]!.message.contentBytes;
  const truncated = count < found.length;
  const hasMore = more || truncated;
  return {
    messages: found.slice(0, count).map(({ conversation, message }) => messageItem(conversation, message)),
    isDeltaUpdate: false,
    lastUpdatedTimestamp: view.state.version,
    hasMore,
    ...(hasMore ? { next: border(found[count - 1]!.message) } : undefined),
    ...(truncated ? { truncated } : undefined),
  };
}

/** A page of one conversation, by seq, newest first: arithmetic, since seqs are dense. `undefined`: something has to be read first. */
export function conversationMessagesPage(view: MailboxView, peer: UserId, query: SeqPageQuery): MessagesAnswer | undefined {
  const conversation = view.conversation(peer);
  if (conversation === undefined) return undefined;
  const { top, bottom } = rangeOf(conversation, query);
  const messages = top < bottom ? [] : view.messages(conversation, top, bottom);
  if (messages === undefined) return undefined;
  const found = messages.map((message) => ({ conversation, message })).slice(tooNew(messages, query.around));
  return page(view, found, found.length > 0 && bottom > conversation.floorSeq + 1, ({ seq }) => seq);
}

/** The seqs of a page, both included; none where `top` is below `bottom`. */
function rangeOf(conversation: ConversationState, query: SeqPageQuery): { readonly top: number; readonly bottom: number } {
  const { lastSeq, floorSeq } = conversation;
  const top = Math.min(lastSeq, highestOf(conversation, query));
  return { top, bottom: Math.max(floorSeq + 1, (query.after ?? 0) + 1, top - query.size + 1) };
}

/** The newest seq that a page may have, there or not. */
function highestOf({ lastSeq, floorSeq }: ConversationState, { size, skip, before, after, around }: SeqPageQuery): number {
  if (after !== undefined) return after + size;
  if (around !== undefined) return Math.max(around + Math.floor((size - 1) / 2), floorSeq + size);
  return before === undefined ? lastSeq - skip : before - 1;
}

/** How many of the newest messages a page around a seq leaves out, so that 1 MiB reaches down to that seq. */
function tooNew(messages: readonly StoredMessage[], around: number | undefined): number {
  if (around === undefined) return 0;
  const middle = messages.findIndex(({ seq }) => seq <= around);
  let bytes = 0;
  for (let i = middle < 0 ? messages.length - 1 : middle; i >= 0; i--) {
    bytes += messages[i]!.contentBytes;
    if (bytes > PAGE_BYTES_MAX) return i + 1;
  }
  return 0;
}

/** A page of the whole mailbox, by number, newest first. `undefined`: something has to be read first. */
export function mailboxMessagesPage(view: MailboxView, { size, skip, before }: PageQuery): MessagesAnswer | undefined {
  const found = messagesBelow(view, before, skip, size + 1);
  if (view.needs.length > 0) return undefined;
  return page(view, found.slice(0, size), found.length > size, ({ number }) => number);
}

/** Walks the log newest first, and then goes on with what has left it. */
function messagesBelow(view: MailboxView, before: number | undefined, skip: number, wanted: number): Found[] {
  const found: Found[] = [];
  const met = new Set<UserId>();
  let skipped = 0;
  let unknown = 0;
  const take = (conversation: ConversationState | undefined, seq: number) => {
    const message = conversation && view.message(conversation, seq);
    if (message === undefined) unknown++;
    else if (message !== null) found.push({ conversation: conversation!, message });
  };
  for (const row of view.logBelow(before)) {
    for (const [i, { kind, peer, seq }] of row.changes.entries()) {
      if (kind !== CHANGE.message || (before !== undefined && row.version - i >= before)) continue;
      const newest = before === undefined && !met.has(peer);
      met.add(peer);
      if (skipped++ < skip) continue;
      take(view.conversation(peer, newest ? seq : undefined), seq);
      if (found.length + unknown === wanted) return found;
    }
  }
  if (view.needs.some(isOfList)) return found;
  const beyond = new MessagesBeyondLog(view, before ?? U48_MAX);
  let place: PlaceBeyondLog | undefined;
  for (let next = beyond.next(); next !== undefined; next = beyond.next()) {
    if (skipped++ < skip) continue;
    take(next.conversation, next.seq);
    if (found.length + unknown === wanted - 1) place = beyond.place();
    if (found.length + unknown === wanted) break;
  }
  if (place !== undefined && view.needs.length === 0) view.state.placeBeyondLog = place;
  return found;
}

/** The messages that changed since a cursor, of one conversation or of the whole mailbox, or a full first page with the reason. `undefined`: something has to be read first. */
export function messagesDelta(view: MailboxView, peer: UserId | undefined, { since, size, maxChanges }: DeltaQuery): MessagesAnswer | undefined {
  const slice =
    fullPageReason(view, since) ??
    sliceSince<Message | Floor>(view, since, { size, maxChanges }, (change, number) => {
      if (change.kind === CHANGE.marker || (peer !== undefined && change.peer !== peer)) return null;
      const conversation = view.conversation(change.peer);
      if (conversation === undefined) return undefined;
      if (change.kind === CHANGE.floor) return { item: { conversationId: conversation.conversationId, floorSeq: conversation.floorSeq }, bytes: 0 };
      const message = view.message(conversation, change.seq);
      if (message === undefined) return undefined;
      return message !== null && message.updated === number ? { item: messageItem(conversation, message), bytes: message.contentBytes } : null;
    });
  if (slice === undefined) return undefined;
  if (typeof slice === 'string') {
    const query = { size, skip: 0 };
    const first = peer === undefined ? mailboxMessagesPage(view, query) : conversationMessagesPage(view, peer, query);
    return first && { ...first, reason: slice };
  }
  return {
    messages: slice.items.filter((item): item is Message => 'messageId' in item),
    floors: slice.items.filter((item): item is Floor => !('messageId' in item)),
    isDeltaUpdate: true,
    lastUpdatedTimestamp: slice.cursor,
    hasMore: slice.hasMore,
  };
}

/** The answer about a conversation that the mailbox's owner has no part in: nothing, at the mailbox's version. */
export function strangersAnswer(view: MailboxView, since: number | undefined): MessagesAnswer {
  const reason = since === undefined ? undefined : fullPageReason(view, since);
  const isDeltaUpdate = since !== undefined && reason === undefined;
  return {
    messages: [],
    ...(isDeltaUpdate ? { floors: [] } : undefined),
    isDeltaUpdate,
    lastUpdatedTimestamp: view.state.version,
    hasMore: false,
    ...(reason && { reason }),
  };
}
