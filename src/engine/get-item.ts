import { conversationItem, messageItem } from '../mailbox/items.js';
import { peerOf } from '../model/ids.js';
import type { Conversation, Message } from '../model/message.js';
import { type CallOptions, readCallOptions, readConversationId, readMessageId, readRequest, readUserId } from './arguments.js';
import type { Engine } from './engine.js';
import { readMailbox } from './fetch.js';

/** Which conversation, and whose view of it. */
export interface GetConversationRequest {
  /** Whose mailbox; 1 to 128 bytes of UTF-8, compared by its bytes. */
  readonly userId: string;
  /** From a result, or from `conversationIdOf()`. */
  readonly conversationId: string;
}

/** Which message, and whose copy of it. */
export interface GetMessageRequest {
  /** Whose mailbox; 1 to 128 bytes of UTF-8, compared by its bytes. */
  readonly userId: string;
  /** From a result. */
  readonly messageId: string;
}

/** A conversation as the list shows it; `undefined` where the list has none. */
export async function getConversation(engine: Engine, request: GetConversationRequest, options?: CallOptions): Promise<Conversation | undefined> {
  engine.insistOpen();
  const given = readRequest(request, ['userId', 'conversationId'], 'getConversation');
  const user = readUserId(given.userId, 'userId');
  const peer = peerOf(user, readConversationId(given.conversationId));
  const found = await readMailbox(engine, user, readCallOptions(options, 'getConversation'), (view) => {
    const conversation = peer === null ? null : view.conversation(peer);
    return conversation?.visible ? conversationItem(conversation) : conversation && null;
  });
  return found ?? undefined;
}

/** A message; `undefined` where the user has none of that id. */
export async function getMessage(engine: Engine, request: GetMessageRequest, options?: CallOptions): Promise<Message | undefined> {
  engine.insistOpen();
  const given = readRequest(request, ['userId', 'messageId'], 'getMessage');
  const user = readUserId(given.userId, 'userId');
  const { participants, seq } = readMessageId(given.messageId);
  const peer = peerOf(user, participants);
  const found = await readMailbox(engine, user, readCallOptions(options, 'getMessage'), (view) => {
    const conversation = peer === null ? null : view.conversation(peer);
    const message = conversation && view.message(conversation, seq);
    return message ? messageItem(conversation, message) : message;
  });
  return found ?? undefined;
}
