import { contentDigest } from '../mailbox/content-digest.js';
import { planSend, type SendIntent, type SendReceipt } from '../mailbox/plan-send.js';
import type { StoredMessage } from '../mailbox/stored-message.js';
import { MailringError } from '../model/errors.js';
import { conversationIdOf, homeSideOf, insistWellFormed, messageIdOf, parseClientMessageId, participantsOf } from '../model/ids.js';
import { MESSAGE_BYTES_MAX, SEND_ROW_BYTES_MAX } from '../model/limits.js';
import { utf8Length } from '../model/text.js';
import { type CallOptions, readCallOptions, readRequest, readString, readUserId } from './arguments.js';
import { runCall } from './call.js';
import type { Engine } from './engine.js';
import { commitTogether, type Route } from './route.js';

/** A message to send. */
export interface SendRequest {
  /** 1 to 128 bytes of UTF-8, compared by its bytes. */
  readonly senderId: string;
  /** As `senderId`; the same for a message to oneself. */
  readonly recipientId: string;
  /** Less than 65,536 bytes of UTF-8; may be empty. */
  readonly messageContent: string;
  /** Made once for this message, before the first try; `createClientMessageId()` makes good ones. */
  readonly clientMessageId: string;
}

/** What became of a send. */
export interface SendResult {
  /** The same for both participants; derived from conversation and seq. */
  readonly messageId: string;
  /** The same for both participants. */
  readonly conversationId: string;
  /** Place in the conversation: dense from 1, the same for both participants. */
  readonly seq: number;
  /** Milliseconds since 1970 by the engine's clock, strictly increasing within a conversation. */
  readonly sentTimestamp: number;
  /** The message's number in the sender's mailbox, for merging; never a cursor. 0 when the message is gone from there. */
  readonly lastUpdatedTimestamp: number;
  /** Whether this id had been accepted before: this is that first result. */
  readonly duplicate: boolean;
  /** Present and true for a duplicate whose message was deleted from the sender's mailbox. */
  readonly deleted?: true;
}

const SEND_KEYS = ['senderId', 'recipientId', 'messageContent', 'clientMessageId'] as const;

export async function sendMessage(engine: Engine, request: SendRequest, options?: CallOptions): Promise<SendResult> {
  engine.insistOpen('not-accepted');
  const intent = readSend(engine, readRequest(request, SEND_KEYS, 'sendMessage'));
  const limits = readCallOptions(options, 'sendMessage');
  return engine.track(runCall(engine.clock, limits, (signal) => commitSend(engine, intent, signal), 'not-accepted'));
}

function readSend(engine: Engine, request: SendRequest): SendIntent {
  const sender = readUserId(request.senderId, 'senderId');
  const recipient = readUserId(request.recipientId, 'recipientId');
  const clientMessageId = parseClientMessageId(readString(request.clientMessageId, 'clientMessageId'));
  const content = readString(request.messageContent, 'messageContent');
  insistWellFormed(content, 'messageContent');
  const contentBytes = utf8Length(content);
  if (contentBytes > MESSAGE_BYTES_MAX) {
    throw new MailringError('MAILRING_MESSAGE_TOO_LARGE', `message too large; shorten it. bytes=\`${contentBytes}\` limit=\`${MESSAGE_BYTES_MAX}\``, {
      outcome: 'not-accepted',
      details: { bytes: contentBytes, limit: MESSAGE_BYTES_MAX },
    });
  }
  const participants = participantsOf(sender, recipient);
  const homeSide = homeSideOf(participants, engine.hash);
  return {
    sender,
    recipient,
    clientMessageId,
    content,
    contentBytes,
    digest: contentDigest(content),
    conversationId: conversationIdOf(participants),
    homeSide,
    home: participants[homeSide],
  };
}

/** Commits in the home, together with the other mailbox where one batch can hold both, else delivers; answers when both hold the message. */
async function commitSend(engine: Engine, intent: SendIntent, signal: AbortSignal | undefined): Promise<SendResult> {
  const { sender, recipient, home, homeSide, conversationId } = intent;
  const other = home === sender ? recipient : sender;
  const route: Route = { conversationId, home, other, homeSide, homeShard: engine.shardOf(home), otherShard: engine.shardOf(other) };
  const crossing = home === other || commitTogether(route) ? undefined : engine.crossing;
  const delivery = crossing?.admit(route);
  const receipt = await route.homeShard.commit<SendReceipt>(
    {
      users: crossing !== undefined || home === other ? [home] : [home, other],
      order: conversationId,
      bytes: 2 * intent.contentBytes + SEND_ROW_BYTES_MAX,
      plan: ([homeSide, otherSide], now) => planSend(intent, homeSide!, otherSide, crossing !== undefined, now),
      ...(delivery && { settled: (receipt) => delivery.begin(receipt?.seq) }),
    },
    signal,
  );
  const inOther = delivery === undefined ? receipt.inOther : await delivery.done(receipt.seq, signal);
  return resultOf(intent, receipt, home === sender ? receipt.inHome : (inOther ?? null));
}

function resultOf({ conversationId }: SendIntent, { seq, sentTimestamp, duplicate }: SendReceipt, message: StoredMessage | null): SendResult {
  return {
    messageId: messageIdOf(conversationId, seq),
    conversationId,
    seq,
    sentTimestamp,
    lastUpdatedTimestamp: message?.number ?? 0,
    duplicate,
    ...(message === null || message.deleted ? { deleted: true } : undefined),
  };
}
