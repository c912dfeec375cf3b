import { MailringError } from '../model/errors.js';
import type { ConversationDraft } from './conversation-draft.js';
import type { MailboxDraft } from './mailbox-draft.js';
import type { MailboxView } from './mailbox-view.js';
import { type StoredMessage, storedMessage } from './stored-message.js';

/** One of the mailboxes a plan works on: what it sees, and where its changes go. */
export interface PlanSide {
  readonly view: MailboxView;
  readonly draft: MailboxDraft;
}

/** What a message takes along from one mailbox to the other. */
type Copied = Pick<StoredMessage, 'incoming' | 'sentTimestamp' | 'revision' | 'clientMessageId' | 'content' | 'contentBytes'>;

/** Adds a message at the end of one participant's copy of the conversation. */
export function addMessage(draft: MailboxDraft, conversation: ConversationDraft, homeSide: 0 | 1, copied: Copied): StoredMessage {
  const { incoming, sentTimestamp, revision, clientMessageId, content, contentBytes } = copied;
  const inNo = conversation.inCount + (incoming ? 1 : 0);
  const fields = { incoming, edited: false, deleted: false, number: 0, updated: 0, sentTimestamp, inNo, revision, clientMessageId, content };
  const message = storedMessage(conversation.lastSeq + 1, fields, contentBytes);
  draft.addMessage(conversation, message, homeSide);
  return message;
}

/** The error for two copies that cannot be the same conversation: nothing is guessed. */
export function diverged(conversationId: string, details: Readonly<Record<string, unknown>>): MailringError {
  return new MailringError('MAILRING_DIVERGED', `the two copies of a conversation disagree; run verify() and report it. conversation=\`${conversationId}\``, {
    outcome: 'not-accepted',
    details: { conversationId, ...details },
  });
}
