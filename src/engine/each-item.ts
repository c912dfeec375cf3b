import { PAGE_SIZE_MAX } from '../model/limits.js';
import type { Conversation, Message } from '../model/message.js';
import { type CallOptions, readRequest } from './arguments.js';
import type { Engine } from './engine.js';
import { fetchConversations, fetchMessages } from './fetch.js';

/** Whose conversations. */
export interface ConversationsRequest {
  readonly userId: string;
}

/** Whose messages: of one conversation, or without `conversationId` of the whole mailbox. */
export interface MessagesRequest extends ConversationsRequest {
  readonly conversationId?: string | undefined;
}

/** All conversations of a user, by activity, newest first, page by page. What moves up meanwhile is not met again: deltas bring it. */
export function eachConversation(engine: Engine, request: ConversationsRequest, options?: CallOptions): AsyncGenerator<Conversation, void, void> {
  const [given, limits] = [{ ...request }, { ...options }];
  return eachItem(async (before) => {
    readRequest(given, ['userId'], 'conversations');
    const { conversations, next } = await fetchConversations(engine, { ...given, pageSize: PAGE_SIZE_MAX, before }, limits);
    return { items: conversations, next };
  });
}

/** All messages of a conversation or of the whole mailbox, newest first, page by page. */
export function eachMessage(engine: Engine, request: MessagesRequest, options?: CallOptions): AsyncGenerator<Message, void, void> {
  const [given, limits] = [{ ...request }, { ...options }];
  return eachItem(async (before) => {
    readRequest(given, ['userId', 'conversationId'], 'messages');
    const { messages, next } = await fetchMessages(engine, { ...given, pageSize: PAGE_SIZE_MAX, before }, limits);
    return { items: messages, next };
  });
}

async function* eachItem<T>(
  fetchPage: (before: number | undefined) => Promise<{ readonly items: readonly T[]; readonly next: number | undefined }>,
): AsyncGenerator<T, void, void> {
  let before: number | undefined;
  do {
    const { items, next } = await fetchPage(before);
    yield* items;
    before = next;
  } while (before !== undefined);
}
