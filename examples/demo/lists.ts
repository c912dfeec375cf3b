import type { Conversation, Floor, FullPageReason, Mailring, Message, Totals } from 'mailring';

/** The verbs that the demo uses: a `Mailring`, or one that is wrapped to see whether a fault is found. */
export type DemoMailring = Pick<Mailring, 'sendMessage' | 'fetchConversations' | 'fetchMessages' | 'verify' | 'close'>;

/** Which list of a mailbox: its conversations, all its messages, or those of one conversation. */
export interface ListName {
  readonly userId: string;
  readonly of: 'conversations' | 'messages';
  readonly conversationId?: string;
}

export type Item = Conversation | Message;

/** Which page or slice. */
export interface Place {
  readonly pageNumber?: number;
  readonly pageSize?: number;
  readonly before?: number | undefined;
  readonly lastUpdatedTimestamp?: number;
  readonly maxChanges?: number | undefined;
}

/** What `fetchConversations` and `fetchMessages` answer, in one shape. */
export interface Answer {
  readonly items: readonly Item[];
  readonly isDeltaUpdate: boolean;
  readonly lastUpdatedTimestamp: number;
  readonly hasMore: boolean;
  readonly next?: number;
  readonly truncated?: true;
  readonly reason?: FullPageReason;
  readonly totals?: Totals;
  readonly floors?: readonly Floor[];
}

/** Fetches a page or slice of a list. */
export async function fetchList(mailring: DemoMailring, { userId, of, conversationId }: ListName, place: Place): Promise<Answer> {
  if (of === 'conversations') {
    const { conversations, ...answer } = await mailring.fetchConversations({ userId, ...place });
    return { items: conversations, ...answer };
  }
  const { messages, ...answer } = await mailring.fetchMessages({ userId, conversationId, ...place });
  return { items: messages, ...answer };
}

/** The changes since a cursor, slice by slice to the end; the last slice says `hasMore: false`. Ends at once with a full page where that is the answer. */
export async function* slicesSince(mailring: DemoMailring, list: ListName, cursor: number, place: Place): AsyncGenerator<Answer> {
  let since = cursor;
  for (;;) {
    const slice = await fetchList(mailring, list, { ...place, lastUpdatedTimestamp: since });
    yield slice;
    if (!slice.isDeltaUpdate || !slice.hasMore) return;
    if (slice.lastUpdatedTimestamp <= since)
      throw new Error(`${nameOf(list)}: the slice after ${since} has more, but its cursor ${slice.lastUpdatedTimestamp} does not go on`);
    since = slice.lastUpdatedTimestamp;
  }
}

export function keyOf(item: Item): string {
  return 'messageId' in item ? item.messageId : item.conversationId;
}

/** The number an item stands at in its list: a message's arrival (nothing is edited here), a conversation's newest message. */
export function placeOf(item: Item): number {
  return 'messageId' in item ? item.lastUpdatedTimestamp : item.lastActivityTimestamp;
}

export function nameOf({ userId, of, conversationId }: ListName): string {
  return `mailbox ${userId}, ${of}${conversationId === undefined ? '' : ` of ${conversationId}`}`;
}
