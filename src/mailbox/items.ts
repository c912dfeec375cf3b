import { messageIdOf } from '../model/ids.js';
import type { Conversation, Message } from '../model/message.js';
import type { ConversationState } from './conversation-state.js';
import { snippetOf } from './snippet.js';
import type { StoredMessage } from './stored-message.js';

/** The host's view of a message: frozen, made once. */
export function messageItem(conversation: ConversationState, message: StoredMessage): Message {
  message.item ??= Object.freeze({
    messageId: messageIdOf(conversation.conversationId, message.seq),
    conversationId: conversation.conversationId,
    seq: message.seq,
    senderId: message.incoming ? conversation.peer : conversation.owner,
    participants: conversation.participants,
    messageContent: message.content,
    clientMessageId: message.clientMessageId,
    sentTimestamp: message.sentTimestamp,
    lastUpdatedTimestamp: message.updated,
    ...(message.deleted ? { deleted: true as const } : undefined),
    ...(message.edited ? { edited: true as const } : undefined),
  });
  return message.item;
}

/** The host's view of a conversation: frozen, made once for each state. */
export function conversationItem(conversation: ConversationState): Conversation {
  conversation.item ??= Object.freeze({
    conversationId: conversation.conversationId,
    participants: conversation.participants,
    snippet: snippetOf(conversation.newest?.content ?? ''),
    lastSeq: conversation.lastSeq,
    lastSentTimestamp: conversation.lastSentTimestamp,
    lastReadSeq: conversation.row?.readSeq ?? 0,
    unreadCount: conversation.unread,
    floorSeq: conversation.floorSeq,
    lastActivityTimestamp: conversation.activity,
    lastUpdatedTimestamp: conversation.lastChange,
  });
  return conversation.item;
}
