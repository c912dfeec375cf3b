import { PAGE_SIZE_MAX } from '../model/limits.js';
import type { Conversation, Message } from '../model/message.js';
import { type CallOptions, readCallOptions, readRequest } from './arguments.js';
import type { Engine } from './engine.js';
import { fetchConversations, fetchMessages } from './fetch.js';

/** Whose conversations. */
export interface ConversationsRequest {
  /** Whose mailbox; 1 to 128 bytes of UTF-8, compared by its bytes. */
  readonly userId: string;
}

/** Whose messages: of one conversation, or without `conversationId` of the whole mailbox. */
export interface MessagesRequest extends ConversationsRequest {
  /** One conversation; absent, the whole mailbox. */
  readonly conversationId?: string | undefined;
}

/** All conversations of a user, by activity, newest first, page by page. What moves up meanwhile is not met again: deltas bring it. */
export function eachConversation(engine: Engine, request: ConversationsRequest, options?: CallOptions): AsyncGenerator<Conversation, void, void> {
  const given = readNow(request, ['userId'], options, 'conversations');
  return eachItem(given, async ({ request, limits }, before) => {
    const { conversations, next } = await fetchConversations(engine, { ...request, pageSize: PAGE_SIZE_MAX, before }, limits);
    return { items: conversations, next };
  });
}

/** All messages of a conversation or of the whole mailbox, newest first, page by page. */
export function eachMessage(engine: Engine, request: MessagesRequest, options?: CallOptions): AsyncGenerator<Message, void, void> {
  const given = readNow(request, ['userId', 'conversationId'], options, 'messages');
  return eachItem(given, async ({ request, limits }, before) => {
    const { messages, next } = await fetchMessages(engine, { ...request, pageSize: PAGE_SIZE_MAX, before }, limits);
    return { items: messages, next };
  });
}

/** What an iterator was called with, as it was then. */
interface Given<T> {
  readonly request: T;
  readonly limits: CallOptions;
}

/** Reads the arguments when the iterator is made; what is wrong with them is told when the first item is asked for. */
async function readNow<T extends object>(request: T, known: readonly (keyof T & string)[], options: CallOptions | undefined, verb: string): Promise<Given<T>> {
  return { request: { ...readRequest(request, known, verb) }, limits: readCallOptions(options, verb) };
}

type FetchPage<T, R> = (given: Given<R>, before: number | undefined) => Promise<{ readonly items: readonly T[]; readonly next: number | undefined }>;

function eachItem<T, R>(given: Promise<Given<R>>, fetchPage: FetchPage<T, R>): AsyncGenerator<T, void, void> {
  // Whoever never asks for an item is never told.
  given.catch(() => undefined);
  return pageByPage(given, fetchPage);
}

async function* pageByPage<T, R>(given: Promise<Given<R>>, fetchPage: FetchPage<T, R>): AsyncGenerator<T, void, void> {
  const call = await given;
  let before: number | undefined;
  do {
    const { items, next } = await fetchPage(call, before);
    yield* items;
    before = next;
  } while (before !== undefined);
}
