import type { Conversation, Message, SendRequest, SendResult } from 'mailring';

/** A message as it was called to be sent, and the engine's answer once it is there. */
export interface Sent {
  readonly request: SendRequest;
  readonly conversationId: string;
  readonly participants: readonly [string, string];
  readonly seq: number;
  /** When it was called and acknowledged, on the oracle's own clock of ticks. */
  readonly calledAt: number;
  acknowledgedAt: number;
  result?: SendResult;
}

/** What a mailbox must return of a message; `lastUpdatedTimestamp` is the mailbox's own. */
export type ExpectedMessage = Omit<Message, 'lastUpdatedTimestamp'>;

/** What a mailbox must return of a conversation; the numbers are the mailbox's own. */
export type ExpectedConversation = Omit<Conversation, 'lastActivityTimestamp' | 'lastUpdatedTimestamp'>;

/**
 * What every mailbox must hold: a plain replay in memory that shares no code with mailring. Messages of one conversation stand in the order they were
 * called in; between conversations it knows only that one which was called after another's acknowledgement comes after it.
 */
export class Oracle {
  readonly #mailboxes = new Map<string, Sent[]>();
  readonly #conversations = new Map<string, Sent[]>();
  #ticks = 0;

  get users(): string[] {
    return [...this.#mailboxes.keys()];
  }

  /** To be told of every message exactly once, in the order of the calls. */
  called(request: SendRequest): Sent {
    const participants = participantsOf(request);
    const conversationId = conversationIdOf(participants);
    const conversation = listOf(this.#conversations, conversationId);
    const seq = conversation.length + 1;
    const sent = { request, conversationId, participants, seq, calledAt: ++this.#ticks, acknowledgedAt: Number.POSITIVE_INFINITY };
    conversation.push(sent);
    for (const user of new Set(participants)) listOf(this.#mailboxes, user).push(sent);
    return sent;
  }

  acknowledged(sent: Sent, result: SendResult): void {
    sent.acknowledgedAt = ++this.#ticks;
    sent.result = result;
  }

  /** The messages of a mailbox, in the order of the calls. */
  mailbox(user: string): readonly Sent[] {
    return this.#mailboxes.get(user) ?? [];
  }

  /** The messages of a mailbox that were acknowledged by now: every fetch from now on shows them. */
  acknowledgedOf(user: string): Sent[] {
    return this.mailbox(user).filter(({ result }) => result !== undefined);
  }

  /** The messages of each conversation of a mailbox. */
  conversationsOf(user: string): ReadonlyMap<string, readonly Sent[]> {
    const conversations = new Map<string, Sent[]>();
    for (const sent of this.mailbox(user)) listOf(conversations, sent.conversationId).push(sent);
    return conversations;
  }
}

export function messageIdOf({ conversationId, seq }: Sent): string {
  return `${conversationId}.${seq}`;
}

export function expectedMessage(sent: Sent): ExpectedMessage {
  const { request, conversationId, participants, seq, result } = sent;
  const { senderId, messageContent, clientMessageId } = request;
  return {
    messageId: messageIdOf(sent),
    conversationId,
    seq,
    senderId,
    participants,
    messageContent,
    clientMessageId,
    sentTimestamp: result?.sentTimestamp ?? 0,
  };
}

export function expectedConversation(user: string, messages: readonly Sent[]): ExpectedConversation {
  const { conversationId, participants, seq, request, result } = messages.at(-1)!;
  return {
    conversationId,
    participants,
    snippet: snippetOf(request.messageContent),
    lastSeq: seq,
    lastSentTimestamp: result?.sentTimestamp ?? 0,
    lastReadSeq: 0,
    unreadCount: messages.filter((sent) => sent.request.senderId !== user).length,
    floorSeq: 0,
  };
}

function listOf<T>(lists: Map<string, T[]>, key: string): T[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}

function participantsOf({ senderId, recipientId }: SendRequest): readonly [string, string] {
  return Buffer.compare(Buffer.from(senderId), Buffer.from(recipientId)) <= 0 ? [senderId, recipientId] : [recipientId, senderId];
}

function conversationIdOf([lower, higher]: readonly [string, string]): string {
  return Buffer.concat([Buffer.of(1, Buffer.byteLength(lower)), Buffer.from(lower), Buffer.from(higher)]).toString('base64url');
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Whole grapheme clusters from the beginning: at most 120, at most 480 bytes. */
function snippetOf(content: string): string {
  let snippet = '';
  let count = 0;
  for (const { segment } of graphemes.segment(content)) {
    if (++count > 120 || Buffer.byteLength(snippet + segment) > 480) break;
    snippet += segment;
  }
  return snippet;
}
