import type { Conversation, ConversationsAnswer, Message, MessagesAnswer } from 'mailring';
import { emptyCopy, type ListCopy, type MailboxCopy, merge, mergeEvent, nextQuestion } from 'mailring/client';
import { describe, expect, test } from 'vitest';

const message = (seq: number, number: number, more: Partial<Message> = {}): Message => ({
  messageId: `c.${seq}`,
  conversationId: 'c',
  seq,
  senderId: 'ann',
  participants: ['ann', 'bob'],
  messageContent: `${seq}`,
  clientMessageId: `${seq}`,
  sentTimestamp: seq,
  lastUpdatedTimestamp: number,
  ...more,
});

const conversation = (conversationId: string, number: number, more: Partial<Conversation> = {}): Conversation => ({
  conversationId,
  participants: ['ann', 'bob'],
  snippet: '',
  lastSeq: 1,
  lastSentTimestamp: 1,
  lastReadSeq: 0,
  unreadCount: 0,
  floorSeq: 0,
  lastActivityTimestamp: number,
  lastUpdatedTimestamp: number,
  ...more,
});

const page = (version: number, messages: readonly Message[], next?: number): MessagesAnswer => ({
  messages,
  isDeltaUpdate: false,
  lastUpdatedTimestamp: version,
  hasMore: next !== undefined,
  ...(next !== undefined && { next }),
});

const delta = (version: number, messages: readonly Message[], more: Partial<MessagesAnswer> = {}): MessagesAnswer => ({
  messages,
  floors: [],
  isDeltaUpdate: true,
  lastUpdatedTimestamp: version,
  hasMore: false,
  ...more,
});

const keys = (copy: ListCopy<Message>) => [...copy.items.keys()].sort();

/** Messages 3 and 2 of a mailbox at 10; message 1 is behind the page. */
const held = merge(emptyCopy<Message>(), {}, page(10, [message(3, 10), message(2, 9)], 9));

describe('merging', () => {
  test('takes the first page, and asks on from there', () => {
    expect(held).toMatchObject({ cursor: 10, next: 9, behind: false });
    expect(keys(held)).toEqual(['c.2', 'c.3']);
    expect(nextQuestion(emptyCopy(), { whole: true })).toEqual({});
    expect(nextQuestion(held, { whole: true })).toEqual({ before: 9 });
    expect(nextQuestion(held, { whole: false })).toEqual({ lastUpdatedTimestamp: 10 });
    expect(nextQuestion({ ...held, behind: true }, { whole: true })).toEqual({ lastUpdatedTimestamp: 10, maxChanges: Number.POSITIVE_INFINITY });
  });

  test('1: an item replaces the held one unless its number is smaller', () => {
    const newer = merge(held, { lastUpdatedTimestamp: 10 }, delta(12, [message(2, 12, { deleted: true })]));
    expect(newer.items.get('c.2')).toMatchObject({ deleted: true });
    const older = merge(newer, { before: 9 }, page(12, [message(2, 9), message(1, 8)]));
    expect(older.items.get('c.2')).toMatchObject({ deleted: true, lastUpdatedTimestamp: 12 });
    expect(keys(older)).toEqual(['c.1', 'c.2', 'c.3']);
  });

  test('2: a delta counts only while the cursor it was asked with is held; one with more to come leaves the copy behind', () => {
    const slice = merge(held, { lastUpdatedTimestamp: 10 }, delta(11, [message(4, 11)], { hasMore: true }));
    expect(slice).toMatchObject({ cursor: 11, behind: true, next: 9 });
    expect(merge(slice, { lastUpdatedTimestamp: 10 }, delta(20, [message(9, 20)]))).toBe(slice);
    expect(merge(slice, { lastUpdatedTimestamp: 11 }, delta(12, []))).toMatchObject({ cursor: 12, behind: false });
  });

  test('3: a full page that answers a cursor takes the place of everything', () => {
    const anew = merge(held, { lastUpdatedTimestamp: 10 }, { ...page(30, [message(7, 30)], 30), reason: 'expired' });
    expect(keys(anew)).toEqual(['c.7']);
    expect(anew).toMatchObject({ cursor: 30, next: 30, behind: false });
    expect(merge(held, { lastUpdatedTimestamp: 5 }, { ...page(30, [message(7, 30)]), reason: 'expired' })).toBe(held);
  });

  test('4: a page that is older than the cursor is thrown away', () => {
    expect(merge(held, { before: 9 }, page(9, [message(1, 8)]))).toBe(held);
    expect(merge(held, {}, page(9, [message(2, 9)]))).toBe(held);
  });

  test('5: the next of a page counts only if the page was asked with the next that is held, and never moves the cursor', () => {
    expect(merge(held, { before: 8 }, page(15, [message(1, 7)]))).toBe(held);
    const older = merge(held, { before: 9 }, page(15, [message(1, 8)]));
    expect(older).toMatchObject({ cursor: 10, next: undefined });
    expect(keys(older)).toEqual(['c.1', 'c.2', 'c.3']);
  });

  test('6: floors drop messages, and a conversation without messages leaves the list', () => {
    const floored = merge(held, { lastUpdatedTimestamp: 10 }, delta(12, [], { floors: [{ conversationId: 'c', floorSeq: 2 }] }));
    expect(keys(floored)).toEqual(['c.3']);
    const { messages: _, ...first } = page(10, []);
    const { messages: __, floors: ___, ...since } = delta(12, []);
    const list: ConversationsAnswer = {
      ...first,
      conversations: [conversation('c', 10), conversation('d', 9)],
      totals: { conversations: 2, unread: 0 },
    };
    const conversations = merge(emptyCopy<Conversation>(), {}, list);
    const nothingLeft = conversation('c', 12, { floorSeq: 1, lastActivityTimestamp: 0 });
    const gone: ConversationsAnswer = { ...since, conversations: [nothingLeft], totals: { conversations: 1, unread: 0 } };
    expect([...merge(conversations, { lastUpdatedTimestamp: 10 }, gone).items.keys()]).toEqual(['d']);
    expect([...merge({ ...conversations, next: 9 }, { lastUpdatedTimestamp: 10 }, gone).items.keys()]).toEqual(['d']);
  });

  test('a conversation below the pages that are held, of which only the marker moved, comes with its page', () => {
    const totals = { conversations: 3, unread: 0 };
    const { messages: _, ...first } = page(10, [], 9);
    const { messages: __, floors: ___, ...since } = delta(12, []);
    const list = merge(emptyCopy<Conversation>(), {}, { ...first, conversations: [conversation('c', 10), conversation('d', 9)], totals });
    const read = conversation('e', 8, { lastUpdatedTimestamp: 12, lastReadSeq: 1 });
    const later = merge(list, { lastUpdatedTimestamp: 10 }, { ...since, conversations: [{ ...conversation('d', 9), lastUpdatedTimestamp: 11 }, read], totals });
    expect([...later.items.keys()]).toEqual(['c', 'd']);
    expect(later).toMatchObject({ cursor: 12, next: 9 });
    expect(later.items.get('d')).toMatchObject({ lastUpdatedTimestamp: 11 });
    const { messages: ____, ...last } = page(12, []);
    const whole = merge(later, { before: 9 }, { ...last, conversations: [read], totals });
    expect([...whole.items.keys()]).toEqual(['c', 'd', 'e']);
  });

  test('changes nothing that it was given', () => {
    const before = JSON.stringify([held, keys(held)]);
    merge(held, { lastUpdatedTimestamp: 10 }, delta(12, [message(4, 12)], { floors: [{ conversationId: 'c', floorSeq: 3 }] }));
    expect(JSON.stringify([held, keys(held)])).toBe(before);
  });
});

describe('merging an event of a watch', () => {
  const copy: MailboxCopy = { messages: new Map([['c.1', message(1, 5)]]), conversations: new Map(), cursor: 5 };
  const totals = { conversations: 1, unread: 1 };

  test('brings all of it in, and moves the cursor', () => {
    const event = {
      type: 'changes',
      messages: [message(2, 6)],
      conversations: [conversation('c', 6)],
      floors: [{ conversationId: 'c', floorSeq: 1 }],
      totals,
      lastUpdatedTimestamp: 7,
      hasMore: false,
    } as const;
    const merged = mergeEvent(copy, event);
    expect({ messages: [...merged.messages.keys()], conversations: [...merged.conversations.keys()], cursor: merged.cursor }).toEqual({
      messages: ['c.2'],
      conversations: ['c'],
      cursor: 7,
    });
  });

  test('drops everything at a reset', () => {
    expect(mergeEvent(copy, { type: 'reset', reason: 'expired', lastUpdatedTimestamp: 9 })).toEqual({
      messages: new Map(),
      conversations: new Map(),
      cursor: 9,
    });
  });
});
