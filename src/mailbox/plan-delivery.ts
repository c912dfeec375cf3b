import type { UserId } from '../model/ids.js';
import { addMessage, diverged, type PlanSide } from './plan-copy.js';
import type { StoredMessage } from './stored-message.js';

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
