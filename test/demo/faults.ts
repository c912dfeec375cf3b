import type { Conversation, ConversationsAnswer, FetchRequest, Message, MessagesAnswer } from 'mailring';
import type { DemoMailring } from '../../examples/demo/lists.js';

/** A way for a mailring to be wrong, and what the demo must say about it. */
export interface Fault {
  readonly name: string;
  readonly says: RegExp;
  /** The verbs that are wrong, over a right mailring. */
  readonly wrong: (right: DemoMailring) => Partial<DemoMailring>;
}

/** The mailring with some of its verbs replaced. */
export function wrapped(right: DemoMailring, wrong: Partial<DemoMailring>): DemoMailring {
  return {
    sendMessage: (request, options) => right.sendMessage(request, options),
    fetchConversations: (request, options) => right.fetchConversations(request, options),
    fetchMessages: (request, options) => right.fetchMessages(request, options),
    verify: (request, options) => right.verify(request, options),
    close: () => right.close(),
    ...wrong,
  };
}

type Change<T> = (answer: T, request: FetchRequest) => T;

function messages(name: string, says: RegExp, change: Change<MessagesAnswer>): Fault {
  return { name, says, wrong: (right) => ({ fetchMessages: async (request) => change(await right.fetchMessages(request), request) }) };
}

function conversations(name: string, says: RegExp, change: Change<ConversationsAnswer>): Fault {
  return { name, says, wrong: (right) => ({ fetchConversations: async (request) => change(await right.fetchConversations(request), request) }) };
}

function asked(name: string, says: RegExp, change: <T extends FetchRequest>(request: T) => T): Fault {
  return {
    name,
    says,
    wrong: (right) => ({
      fetchMessages: (request) => right.fetchMessages(change(request)),
      fetchConversations: (request) => right.fetchConversations(change(request)),
    }),
  };
}

const eachMessage = (change: (message: Message) => Message): Change<MessagesAnswer> => {
  return (answer) => ({ ...answer, messages: answer.messages.map(change) });
};

const eachConversation = (change: (conversation: Conversation) => Conversation): Change<ConversationsAnswer> => {
  return (answer) => ({ ...answer, conversations: answer.conversations.map(change) });
};

const swapped = <T>(items: readonly T[]): readonly T[] => (items.length > 1 ? [items[1]!, items[0]!, ...items.slice(2)] : items);

export const FAULTS: readonly Fault[] = [
  messages('a page by number drops a message', /page \d+ of \d+: \d+ items instead of \d+/, (answer, { pageNumber }) =>
    pageNumber === undefined ? answer : { ...answer, messages: answer.messages.slice(0, -1) },
  ),
  conversations('a page by number drops a conversation', /conversations, page \d+ of \d+: \d+ items instead of \d+/, (answer, { pageNumber }) =>
    pageNumber === undefined ? answer : { ...answer, conversations: answer.conversations.slice(0, -1) },
  ),
  messages('the whole mailbox has lost a message', /message \S+ is missing/, (answer) => ({
    ...answer,
    messages: answer.messages.filter(({ seq, participants: [a, b] }) => seq !== 2 || a === b),
  })),
  asked('a page through next repeats one at its border', /listed twice|through next: \d+ items instead of/, (request) =>
    request.before === undefined ? request : { ...request, before: request.before + 1 },
  ),
  asked('a page through next passes over one at its border', /is missing|through next: \d+ items instead of/, (request) =>
    request.before === undefined ? request : { ...request, before: request.before - 1 },
  ),
  asked('a page by number is shifted by one', /page \d+ of \d+, item 1 of/, (request) =>
    (request.pageNumber ?? 1) === 1 ? request : { ...request, pageNumber: request.pageNumber! - 1 },
  ),
  messages('a page that is the last says there is more', /page \d+ of \d+: hasMore is true instead of false/, (answer, { pageNumber }) =>
    pageNumber === undefined ? answer : { ...answer, hasMore: true },
  ),
  messages('two messages stand in the wrong order', /is not below/, (answer) => ({ ...answer, messages: swapped(answer.messages) })),
  conversations('two conversations stand in the wrong order', /conversations, .*item 1 of/, (answer) => ({
    ...answer,
    conversations: swapped(answer.conversations),
  })),
  messages(
    'a message has lost its end',
    /messageContent is/,
    eachMessage((message) => ({ ...message, messageContent: message.messageContent.slice(0, 40) })),
  ),
  messages('the copies of a message disagree on when it was sent', /sentTimestamp is/, (answer, { userId }) =>
    eachMessage((message) => (message.senderId === userId ? message : { ...message, sentTimestamp: message.sentTimestamp + 1 }))(answer, { userId }),
  ),
  messages(
    'a message says that it was edited',
    /edited is true instead of absent/,
    eachMessage((message) => ({ ...message, edited: true })),
  ),
  conversations(
    'a snippet ends one unit too early',
    /snippet is/,
    eachConversation((conversation) => ({ ...conversation, snippet: conversation.snippet.slice(0, -1) })),
  ),
  conversations(
    'unread messages are one too few',
    /unreadCount is/,
    eachConversation((conversation) => ({ ...conversation, unreadCount: Math.max(0, conversation.unreadCount - 1) })),
  ),
  conversations('the totals count one too many', /totals is/, (answer) => ({
    ...answer,
    totals: { ...answer.totals, unread: answer.totals.unread + 1 },
  })),
  conversations('a page is of an older version than it shows', /version is|lastUpdatedTimestamp is/, (answer, { before, lastUpdatedTimestamp }) =>
    before === undefined && lastUpdatedTimestamp === undefined ? { ...answer, lastUpdatedTimestamp: Math.max(0, answer.lastUpdatedTimestamp - 1) } : answer,
  ),
  messages('a delta loses a message', /since \d+: \d+ items instead of \d+/, (answer) =>
    answer.isDeltaUpdate ? { ...answer, messages: answer.messages.slice(1) } : answer,
  ),
  conversations('a delta loses a conversation', /since \d+: \d+ items instead of \d+/, (answer) =>
    answer.isDeltaUpdate ? { ...answer, conversations: answer.conversations.slice(1) } : answer,
  ),
  asked('a delta begins one too early', /since \d+: \d+ items instead of \d+/, (request) =>
    request.lastUpdatedTimestamp ? { ...request, lastUpdatedTimestamp: request.lastUpdatedTimestamp - 1 } : request,
  ),
  messages('a delta ends before its end', /slices of \d+ since \d+: cursor is/, (answer) => (answer.isDeltaUpdate ? { ...answer, hasMore: false } : answer)),
  messages('a delta is in the wrong order', /since \d+, item 1 of/, (answer) =>
    answer.isDeltaUpdate ? { ...answer, messages: swapped(answer.messages) } : answer,
  ),
  asked('a delta is a page whatever changed', /slices of \d+ since \d+: delta is false/, (request) => ({
    ...request,
    lastUpdatedTimestamp: undefined,
    maxChanges: undefined,
  })),
  asked('a delta never becomes a page', /by default since \d+/, (request) =>
    request.lastUpdatedTimestamp === undefined ? request : { ...request, maxChanges: Number.POSITIVE_INFINITY },
  ),
  messages('a fetch does not show the newest message yet', /a read does not show/, (answer, request) =>
    request.before === undefined && !answer.isDeltaUpdate ? { ...answer, messages: answer.messages.slice(1) } : answer,
  ),
  {
    name: 'a repeated send is stored again',
    says: /listed twice, or was never sent/,
    wrong: (right) => {
      const seen = new Set<string>();
      return {
        sendMessage: async (request) => {
          const again = seen.has(request.clientMessageId) ? [{ ...request, clientMessageId: `${request.clientMessageId}-again` }] : [];
          seen.add(request.clientMessageId);
          const [first] = await Promise.all([request, ...again].map((one) => right.sendMessage(one)));
          return first!;
        },
      };
    },
  },
  {
    name: 'a repeated send does not say so',
    says: /repeated send of \S+: duplicate is false instead of true/,
    wrong: (right) => ({ sendMessage: async (request) => ({ ...(await right.sendMessage(request)), duplicate: false }) }),
  },
  {
    name: 'a send is acknowledged and not stored',
    says: /is missing/,
    wrong: (right) => ({
      sendMessage: (request) =>
        right.sendMessage(request.messageContent.endsWith(' 100') ? { ...request, senderId: 'nobody', recipientId: 'nobody' } : request),
    }),
  },
  {
    name: 'a send has another seq than its place in the order of the calls',
    says: /the send of \S+: .*seq is/,
    wrong: (right) => ({
      sendMessage: async (request) => {
        const result = await right.sendMessage(request);
        return { ...result, seq: result.seq + 1 };
      },
    }),
  },
];
