import { conversationsDelta, conversationsPage } from '../mailbox/read-conversations.js';
import { conversationMessagesPage, mailboxMessagesPage, messagesDelta, strangersAnswer } from '../mailbox/read-messages.js';
import { peerOf, type UserId } from '../model/ids.js';
import { CONVERSATIONS_PAGE_SIZE, MESSAGES_PAGE_SIZE } from '../model/limits.js';
import type { ConversationsAnswer, MessagesAnswer } from '../model/message.js';
import type { MailboxQuery } from '../shard/read-mailbox.js';
import { type CallOptions, FETCH_KEYS, type FetchRequest, readCallOptions, readConversationId, readFetch, readRequest, readUserId } from './arguments.js';
import { runCall, untilAborted } from './call.js';
import type { Engine } from './engine.js';

/** Which conversations to fetch: a page, or what changed since a cursor. */
export type FetchConversationsRequest = FetchRequest;

/** Which messages to fetch: of one conversation, or without `conversationId` of the whole mailbox. */
export interface FetchMessagesRequest extends FetchRequest {
  /** Absent: the whole mailbox. */
  readonly conversationId?: string | undefined;
  /** With `conversationId`: the page just newer than this seq, 1 or more. */
  readonly after?: number | undefined;
  /** With `conversationId`: the page with this seq in its middle, as far as there are messages on both sides. */
  readonly around?: number | undefined;
}

const MESSAGES_KEYS = [...FETCH_KEYS, 'conversationId', 'after', 'around'] as const;

export async function fetchConversations(engine: Engine, request: FetchConversationsRequest, options?: CallOptions): Promise<ConversationsAnswer> {
  engine.insistOpen();
  const given = readRequest(request, FETCH_KEYS, 'fetchConversations');
  const user = readUserId(given.userId, 'userId');
  const { since, ...page } = readFetch(given, CONVERSATIONS_PAGE_SIZE);
  return readMailbox(engine, user, readCallOptions(options, 'fetchConversations'), (view) =>
    since === undefined ? conversationsPage(view, page) : conversationsDelta(view, { since, ...page }),
  );
}

export async function fetchMessages(engine: Engine, request: FetchMessagesRequest, options?: CallOptions): Promise<MessagesAnswer> {
  engine.insistOpen();
  const given = readRequest(request, MESSAGES_KEYS, 'fetchMessages');
  const user = readUserId(given.userId, 'userId');
  const participants = given.conversationId === undefined ? undefined : readConversationId(given.conversationId);
  const { since, ...page } = readFetch(given, MESSAGES_PAGE_SIZE);
  if (participants === undefined && (page.after ?? page.around) !== undefined)
    throw new RangeError('after and around name a seq of one conversation: pass them only together with conversationId');
  const peer = participants && peerOf(user, participants);
  return readMailbox(engine, user, readCallOptions(options, 'fetchMessages'), (view) => {
    if (peer === null) return strangersAnswer(view, since);
    if (since !== undefined) return messagesDelta(view, peer, { since, ...page });
    return peer === undefined ? mailboxMessagesPage(view, page) : conversationMessagesPage(view, peer, page);
  });
}

/** Answers a question about one user's mailbox. */
export function readMailbox<T>(engine: Engine, user: UserId, limits: ReturnType<typeof readCallOptions>, query: MailboxQuery<T>): Promise<T> {
  return runCall(engine.clock, limits, (signal) => untilAborted(signal, () => engine.shardOf(user).read(user, query, signal)));
}
