import { corrupt, MailringError } from '../model/errors.js';
import { type ClientMessageId, messageIdOf, type UserId } from '../model/ids.js';
import type { ConversationDraft } from './conversation-draft.js';
import { addMessage, diverged, type PlanSide } from './plan-copy.js';
import type { StoredMessage } from './stored-message.js';

/** A send that was checked. */
export interface SendIntent {
  readonly sender: UserId;
  readonly recipient: UserId;
  readonly clientMessageId: ClientMessageId;
  readonly content: string;
  /** Bytes of content in UTF-8. */
  readonly contentBytes: number;
  /** Digest of the content, compared when the id is repeated. */
  readonly digest: string;
  readonly conversationId: string;
  /** Which participant's mailbox is the conversation's home, and that participant. */
  readonly homeSide: 0 | 1;
  readonly home: UserId;
}

/** What became of a send; final once its commit is acknowledged. */
export interface SendReceipt {
  readonly seq: number;
  readonly sentTimestamp: number;
  readonly duplicate: boolean;
  /** The message in the home mailbox; `null` when it is gone from there. */
  readonly inHome: StoredMessage | null;
  /** The message in the other mailbox, where that one commits with the home; `null` when it is gone from there. */
  readonly inOther: StoredMessage | null | undefined;
}

/**
 * Plans a send in the conversation's home: the id is looked up and the place in the one order taken. Where the other mailbox commits with the home (`other`) it gets its
 * copy at once; where there is another mailbox that does not (`deliverLater`), the commit carries a mark, so that the delivery is found after a crash. Gives
 * `undefined`, with needs noted in the views and nothing planned, where something has to be read first. Everything that can refuse comes before the first change.
 *
 * @throws `MAILRING_ID_CONFLICT`, `MAILRING_DIVERGED`, `MAILRING_CORRUPT`
 */
export function planSend(intent: SendIntent, home: PlanSide, other: PlanSide | undefined, deliverLater: boolean, now: number): SendReceipt | undefined {
  const peer = intent.home === intent.sender ? intent.recipient : intent.sender;
  const base = home.view.conversation(peer);
  const otherBase = other?.view.conversation(intent.home);
  if (base === undefined || (other !== undefined && otherBase === undefined)) return undefined;
  const conversation = home.draft.conversation(base);
  const otherConversation = otherBase && other?.draft.conversation(otherBase);
  const direction = intent.home === intent.sender ? 0 : 1;

  const first = conversation.plannedId(direction, intent.clientMessageId) ?? home.view.usedId(base, direction, intent.clientMessageId);
  if (first === undefined) return undefined;
  if (first !== null) {
    if (first.digest !== intent.digest) throw conflict(intent, first.seq);
    const inHome = conversation.addedMessage(first.seq) ?? home.view.message(base, first.seq);
    const inOther = otherConversation && (otherConversation.addedMessage(first.seq) ?? other?.view.message(otherConversation.base, first.seq));
    if (inHome === undefined || (otherConversation !== undefined && inOther === undefined)) return undefined;
    return { seq: first.seq, sentTimestamp: first.sentTimestamp, duplicate: true, inHome, inOther };
  }

  insistOnHome(intent, conversation, otherConversation);
  const inHome = addMessage(home.draft, conversation, intent.homeSide, {
    incoming: direction === 1,
    sentTimestamp: Math.max(now, conversation.lastSentTimestamp + 1),
    revision: 0,
    clientMessageId: intent.clientMessageId,
    content: intent.content,
    contentBytes: intent.contentBytes,
  });
  conversation.addId(direction, inHome, intent.digest);
  if (deliverLater) home.draft.setMark(conversation);
  const inOther = otherConversation && other && addMessage(other.draft, otherConversation, intent.homeSide, { ...inHome, incoming: !inHome.incoming });
  return { seq: inHome.seq, sentTimestamp: inHome.sentTimestamp, duplicate: false, inHome, inOther };
}

function conflict({ conversationId }: SendIntent, seq: number): MailringError {
  const messageId = messageIdOf(conversationId, seq);
  return new MailringError(
    'MAILRING_ID_CONFLICT',
    `this clientMessageId was already sent with other content; make a new id for a new message. first=\`${messageId}\``,
    {
      outcome: 'not-accepted',
      details: { messageId, conversationId, seq },
    },
  );
}

function insistOnHome({ conversationId, homeSide }: SendIntent, home: ConversationDraft, other: ConversationDraft | undefined): void {
  if (other !== undefined && home.lastSeq !== other.lastSeq) throw diverged(conversationId, { lastSeq: { home: home.lastSeq, other: other.lastSeq } });
  for (const conversation of [home, other]) {
    if (conversation?.row !== undefined && conversation.row.homeSide !== homeSide) {
      throw corrupt('a conversation has another home than its participants give it', { conversationId });
    }
  }
}
