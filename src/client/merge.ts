import type { Conversation, ConversationsAnswer, Floor, Message, MessagesAnswer, WatchEvent } from '../index.js';

/** A list that a client keeps a copy of: of conversations, or of messages. */
export type ListItem = Conversation | Message;

/** What a client holds of one list of one mailbox. To be stored as one, in one transaction: items without their cursor are worth nothing. */
export interface ListCopy<Item extends ListItem> {
  /** By `messageId`, or by `conversationId` for a list of conversations: the list from its newest item down to `next`, with no hole. */
  readonly items: ReadonlyMap<string, Item>;
  /** The cursor to ask with for what changed since; absent before the first page. */
  readonly cursor: number | undefined;
  /** The `before` to ask with for older items; absent where the list is held to its end. */
  readonly next: number | undefined;
  /** Whether a delta said that there is more: until it has been asked for, the copy is of no single moment. */
  readonly behind: boolean;
}

/** Where a question asked to begin: as it was passed to the fetch. */
export interface Asked {
  /** The cursor it was asked with. */
  readonly lastUpdatedTimestamp?: number | undefined;
  /** The `next` it was asked with. */
  readonly before?: number | undefined;
}

/** The answers of the fetches, by what their lists hold. */
export type ListAnswer<Item extends ListItem> = Item extends Message ? MessagesAnswer : ConversationsAnswer;

/** A copy of nothing, to begin with. */
export function emptyCopy<Item extends ListItem>(): ListCopy<Item> {
  return { items: new Map(), cursor: undefined, next: undefined, behind: false };
}

/**
 * What to ask next: the first page, older items (where the whole list is wanted), or what changed since. Pass it to the fetch as it is, and to {@link merge} with the
 * answer.
 */
export function nextQuestion<Item extends ListItem>(copy: ListCopy<Item>, { whole }: { readonly whole: boolean }): Asked & { readonly maxChanges?: number } {
  if (copy.cursor === undefined) return {};
  if (whole && !copy.behind && copy.next !== undefined) return { before: copy.next };
  return { lastUpdatedTimestamp: copy.cursor, ...(whole && { maxChanges: Number.POSITIVE_INFINITY }) };
}

/**
 * Brings an answer into a copy, by the rules of "Merging": the new copy, or the same one where the answer comes too late to count. Pure: answers may arrive in any order, also
 * after others.
 */
export function merge<Item extends ListItem>(copy: ListCopy<Item>, asked: Asked, answer: ListAnswer<Item>): ListCopy<Item> {
  const version = answer.lastUpdatedTimestamp;
  if (asked.lastUpdatedTimestamp !== undefined) {
    if (asked.lastUpdatedTimestamp !== copy.cursor) return copy;
  } else if (version < (copy.cursor ?? 0) || (asked.before !== undefined && asked.before !== copy.next)) return copy;

  const items = new Map(answer.isDeltaUpdate || asked.before !== undefined ? copy.items : undefined);
  // What lies below `next` comes with its page: kept by itself it would stand behind a hole.
  const changed = itemsOf(answer).filter((item) => !answer.isDeltaUpdate || copy.next === undefined || !isBelow(item, copy.next));
  putAll(items, changed);
  dropFloors(items, 'floors' in answer ? (answer.floors ?? []) : []);
  return {
    items,
    cursor: asked.before === undefined ? version : copy.cursor,
    next: answer.isDeltaUpdate ? copy.next : answer.next,
    behind: answer.isDeltaUpdate ? answer.hasMore : asked.before === undefined ? false : copy.behind,
  };
}

/** What a client that watches holds of a mailbox: all that the events since its cursor have brought, on top of what it had fetched. */
export interface MailboxCopy {
  /** By `messageId`. */
  readonly messages: ReadonlyMap<string, Message>;
  /** By `conversationId`. */
  readonly conversations: ReadonlyMap<string, Conversation>;
  /** To watch on from. */
  readonly cursor: number;
}

/** Brings an event of a watch into a copy. After `reset` the copy is empty, at the version from which the watch goes on: fetch again what is to be shown. */
export function mergeEvent(copy: MailboxCopy, event: WatchEvent): MailboxCopy {
  if (event.type === 'reset') return { messages: new Map(), conversations: new Map(), cursor: event.lastUpdatedTimestamp };
  const [messages, conversations] = [new Map(copy.messages), new Map(copy.conversations)];
  putAll(messages, event.messages);
  putAll(conversations, event.conversations);
  dropFloors(messages, event.floors);
  return { messages, conversations, cursor: event.lastUpdatedTimestamp };
}

const keyOf = (item: ListItem): string => ('messageId' in item ? item.messageId : item.conversationId);

function itemsOf<Item extends ListItem>(answer: ListAnswer<Item>): readonly Item[] {
  return ('messages' in answer ? answer.messages : answer.conversations) as readonly Item[];
}

/** A conversation of which only the marker moved can lie anywhere in the list; one without messages is nowhere in it. */
const isBelow = (item: ListItem, next: number): boolean => 'lastActivityTimestamp' in item && item.lastSeq > item.floorSeq && item.lastActivityTimestamp < next;

/** An item replaces the held one unless its number is smaller; a conversation without messages leaves the list. */
function putAll<Item extends ListItem>(items: Map<string, Item>, changed: readonly Item[]): void {
  for (const item of changed) {
    const held = items.get(keyOf(item));
    if (held !== undefined && held.lastUpdatedTimestamp > item.lastUpdatedTimestamp) continue;
    items.set(keyOf(item), item);
    if ('floorSeq' in item && item.lastSeq <= item.floorSeq) items.delete(item.conversationId);
  }
}

/** Messages at or below a floor are gone. */
function dropFloors(items: Map<string, ListItem>, floors: readonly Floor[]): void {
  for (const { conversationId, floorSeq } of floors) {
    for (const [key, item] of items) if ('messageId' in item && item.conversationId === conversationId && item.seq <= floorSeq) items.delete(key);
  }
}
