import type { Conversation, Floor, FullPageReason, Message, Totals } from '../model/message.js';
import { conversationItem, messageItem } from './items.js';
import type { MailboxView } from './mailbox-view.js';
import { CHANGE } from './rows.js';
import { fullPageReason, sliceSince } from './slice.js';

/** Everything that changed in a mailbox since a cursor, as far as one slice goes. */
export interface MailboxChanges {
  /** In their current state, oldest change first. */
  readonly messages: readonly Message[];
  /** In their current state, oldest change first. */
  readonly conversations: readonly Conversation[];
  /** What was deleted for this user. */
  readonly floors: readonly Floor[];
  /** Of the version that the slice ends at, where nothing more has changed; else of a later one. */
  readonly totals: Totals;
  /** The cursor to go on from. */
  readonly lastUpdatedTimestamp: number;
  /** Whether more has changed than this slice has. */
  readonly hasMore: boolean;
}

/** What one change has brought. */
interface Changed {
  readonly message: Message | undefined;
  readonly conversation: Conversation | undefined;
  readonly floor: Floor | undefined;
}

/**
 * One slice of the messages, conversations and floors that changed since a cursor, or why the cursor cannot be answered by one. `undefined`: something has to be read
 * first.
 */
export function changesSince(view: MailboxView, since: number, size: number): MailboxChanges | FullPageReason | undefined {
  const slice =
    fullPageReason(view, since) ??
    sliceSince<Changed>(view, since, { size, maxChanges: Number.POSITIVE_INFINITY }, ({ kind, peer, seq }, number) => {
      const conversation = view.conversation(peer);
      if (conversation === undefined) return undefined;
      const stored = kind === CHANGE.marker || kind === CHANGE.floor ? null : view.message(conversation, seq);
      if (stored === undefined) return undefined;
      const message = stored?.updated === number ? stored : undefined;
      const floor = kind === CHANGE.floor ? { conversationId: conversation.conversationId, floorSeq: conversation.floorSeq } : undefined;
      const isLast = conversation.lastChange === number;
      if (message === undefined && floor === undefined && !isLast) return null;
      const item = { message: message && messageItem(conversation, message), conversation: isLast ? conversationItem(conversation) : undefined, floor };
      return { item, bytes: message?.contentBytes ?? 0 };
    });
  if (slice === undefined || typeof slice === 'string') return slice;
  return {
    messages: slice.items.flatMap(({ message }) => message ?? []),
    conversations: slice.items.flatMap(({ conversation }) => conversation ?? []),
    floors: slice.items.flatMap(({ floor }) => floor ?? []),
    totals: view.state.totals,
    lastUpdatedTimestamp: slice.cursor,
    hasMore: slice.hasMore,
  };
}
