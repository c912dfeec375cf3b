import { corrupt, MailringError } from '../model/errors.js';
import { type ClientMessageId, messageIdOf, type UserId } from '../model/ids.js';
import type { ConversationDraft } from './conversation-draft.js';
import type { MailboxDraft } from './mailbox-draft.js';
import type { MailboxView } from './mailbox-view.js';
import type { DedupeRow } from './rows.js';
import { type StoredMessage, storedMessage } from './stored-message.js';

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

/** One of the mailboxes a plan works on: what it sees, and where its changes go. */
export interface PlanSide {
  readonly view: MailboxView;
  readonly draft: MailboxDraft;
}

/** What became of a send; final once its commit is acknowledged. */
export interface SendReceipt {
  readonly seq: number;
  readonly sentTimestamp: number;
  readonly duplicate: boolean;
  /** The message in the sender's mailbox; `null` when it is gone from there. */
  readonly message: StoredMessage | null;
}

/**
 * Plans a send whose two mailboxes commit together. In the home first the id is looked up and the place in the one order taken, then the other mailbox gets its
 * copy. Gives `undefined`, with needs noted in the views and nothing planned, where something has to be read first. Everything that can refuse comes before
 * the first change.
 *
 * @throws `MAILRING_ID_CONFLICT`, `MAILRING_DIVERGED`, `MAILRING_CORRUPT`
 */
export function planSend(intent: SendIntent, sender: PlanSide, recipient: PlanSide, now: number): SendReceipt | undefined {
  const own = sender.view.conversation(intent.recipient);
  const theirs = recipient.view.conversation(intent.sender);
  if (own === undefined || theirs === undefined) return undefined;
  const ownDraft = sender.draft.conversation(own);
  const theirDraft = recipient.draft.conversation(theirs);
  const home = intent.home === intent.sender ? sender : recipient;
  const homeDraft = home === sender ? ownDraft : theirDraft;
  const direction = home === sender ? 0 : 1;

  const earlier = homeDraft.plannedId(direction, intent.clientMessageId) ?? home.view.usedId(homeDraft.base, direction, intent.clientMessageId);
  if (earlier === undefined) return undefined;
  if (earlier !== null) return repeat(intent, earlier, sender.view, ownDraft);

  insistOnOneOrder(intent, ownDraft, theirDraft);
  const sentTimestamp = Math.max(now, homeDraft.lastSentTimestamp + 1);
  const message = addCopy(intent, sender.draft, ownDraft, sentTimestamp);
  const copy = theirDraft === ownDraft ? message : addCopy(intent, recipient.draft, theirDraft, sentTimestamp);
  homeDraft.addId(direction, home === sender ? message : copy, intent.digest);
  return { seq: message.seq, sentTimestamp, duplicate: false, message };
}

/** Adds the message at the end of one participant's copy of the conversation. */
function addCopy(intent: SendIntent, draft: MailboxDraft, conversation: ConversationDraft, sentTimestamp: number): StoredMessage {
  const incoming = conversation.base.owner !== intent.sender;
  const fields = {
    incoming,
    edited: false,
    deleted: false,
    number: 0,
    updated: 0,
    sentTimestamp,
    inNo: conversation.inCount + (incoming ? 1 : 0),
    revision: 0,
    clientMessageId: intent.clientMessageId,
    content: intent.content,
  };
  const message = storedMessage(conversation.lastSeq + 1, fields, intent.contentBytes);
  draft.addMessage(conversation, message, intent.homeSide);
  return message;
}

/** A repeated id gives the first result, or is a conflict when it stands for other content. */
function repeat(intent: SendIntent, first: DedupeRow, view: MailboxView, conversation: ConversationDraft): SendReceipt | undefined {
  if (first.digest !== intent.digest) {
    const { conversationId } = intent;
    const messageId = messageIdOf(conversationId, first.seq);
    throw new MailringError(
      'MAILRING_ID_CONFLICT',
      `this clientMessageId was already sent with other content; make a new id for a new message. first=\`${messageId}\``,
      {
        outcome: 'not-accepted',
        details: { messageId, conversationId, seq: first.seq },
      },
    );
  }
  const message = conversation.addedMessage(first.seq) ?? view.message(conversation.base, first.seq);
  return message === undefined ? undefined : { seq: first.seq, sentTimestamp: first.sentTimestamp, duplicate: true, message };
}

function insistOnOneOrder(intent: SendIntent, own: ConversationDraft, theirs: ConversationDraft): void {
  const { conversationId } = intent;
  if (own.lastSeq !== theirs.lastSeq) {
    throw new MailringError('MAILRING_DIVERGED', `the two copies of a conversation disagree; run verify() and report it. conversation=\`${conversationId}\``, {
      outcome: 'not-accepted',
      details: { conversationId, lastSeq: { [intent.sender]: own.lastSeq, [intent.recipient]: theirs.lastSeq } },
    });
  }
  if ((own.row ?? theirs.row) !== undefined && (own.row?.homeSide !== intent.homeSide || theirs.row?.homeSide !== intent.homeSide)) {
    throw corrupt('a conversation has another home than its participants give it', { conversationId });
  }
}
