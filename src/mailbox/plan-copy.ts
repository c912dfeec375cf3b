import { MailringError } from '../model/errors.js';
import type { UserId } from '../model/ids.js';
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

/** The undelivered messages of a conversation, as they stand in its home, in the order of their seqs and without a gap. */
export interface Delivery {
  readonly home: UserId;
  readonly homeSide: 0 | 1;
  readonly messages: readonly StoredMessage[];
}

/** What the other mailbox holds after a delivery; final once its commit is acknowledged. */
export interface DeliveryReceipt {
  /** Seq up to which it holds the conversation. Below the first message's seq − 1 nothing was delivered: earlier ones have to come first. */
  readonly lastSeq: number;
  /** The messages there, in their order; `null` for one that is gone, or that a gap kept out. */
  readonly messages: readonly (StoredMessage | null)[];
}

/**
 * Plans the copies of messages in the other mailbox. What it holds already is compared and changes nothing; what follows is added; a gap ends it. Gives `undefined` where
 * something has to be read first.
 *
 * @throws `MAILRING_DIVERGED` when a seq is taken by another message
 */
export function planDelivery({ home, homeSide, messages }: Delivery, other: PlanSide): DeliveryReceipt | undefined {
  const base = other.view.conversation(home);
  if (base === undefined) return undefined;
  const conversation = other.draft.conversation(base);
  const held = messages.filter(({ seq }) => seq <= conversation.lastSeq).map(({ seq }) => conversation.addedMessage(seq) ?? other.view.message(base, seq));
  if (held.includes(undefined)) return undefined;
  for (const [i, there] of held.entries()) {
    const { seq, clientMessageId, incoming } = messages[i]!;
    if (there && (there.clientMessageId !== clientMessageId || there.incoming === incoming)) throw diverged(base.conversationId, { seq });
  }
  const found: (StoredMessage | null)[] = held as (StoredMessage | null)[];
  for (const message of messages.slice(held.length)) {
    found.push(message.seq === conversation.lastSeq + 1 ? addMessage(other.draft, conversation, homeSide, { ...message, incoming: !message.incoming }) : null);
  }
  return { lastSeq: conversation.lastSeq, messages: found };
}

/** The error for two copies that cannot be the same conversation: nothing is guessed. */
export function diverged(conversationId: string, details: Readonly<Record<string, unknown>>): MailringError {
  return new MailringError('MAILRING_DIVERGED', `the two copies of a conversation disagree; run verify() and report it. conversation=\`${conversationId}\``, {
    outcome: 'not-accepted',
    details: { conversationId, ...details },
  });
}
