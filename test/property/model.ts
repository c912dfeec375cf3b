import assert from 'node:assert/strict';

/**
 * What mailring is, in plain arrays: the truth that properties compare the API with. It shares no code with src/; ids, order, limits and snippets are written
 * down here once more. Numbers (versions, cursors) are not predicted but learned from the first answer that shows them, and held to the laws from then on.
 */

/** A send as a caller makes it. */
export interface SendArguments {
  readonly senderId: string;
  readonly recipientId: string;
  readonly messageContent: string;
  readonly clientMessageId: string;
}

/** One message, the same in both mailboxes. */
export interface ModelMessage extends Omit<SendArguments, 'recipientId'> {
  readonly messageId: string;
  readonly conversationId: string;
  readonly seq: number;
  readonly participants: readonly [string, string];
  readonly sentTimestamp: number;
}

/** What a send has to answer. */
export type ExpectedSend =
  | { readonly outcome: 'accepted' | 'duplicate'; readonly message: ModelMessage }
  | { readonly outcome: 'conflict'; readonly first: ModelMessage }
  | { readonly outcome: 'refused'; readonly code: 'MAILRING_INVALID_TEXT' | 'MAILRING_MESSAGE_TOO_LARGE' };

const CONTENT_BYTES_MAX = 65_535;
const ID_BYTES_MAX = 128;

/** Both users, lower UTF-8 first. */
export function pairOf(a: string, b: string): readonly [string, string] {
  return Buffer.compare(Buffer.from(a), Buffer.from(b)) <= 0 ? [a, b] : [b, a];
}

/** The id of a conversation: base64url of 1, the length of the lower id, both ids. */
export function conversationIdOf(a: string, b: string): string {
  const [lower, higher] = pairOf(a, b).map((user) => Buffer.from(user)) as [Buffer, Buffer];
  return Buffer.concat([Uint8Array.of(1, lower.length), lower, higher]).toString('base64url');
}

const validId = (text: string) => text.isWellFormed() && text.length > 0 && Buffer.byteLength(text) <= ID_BYTES_MAX;

/** The code of a send that is wrong in itself. */
function refusalOf({ senderId, recipientId, messageContent, clientMessageId }: SendArguments) {
  if (![senderId, recipientId, clientMessageId].every(validId) || !messageContent.isWellFormed()) return 'MAILRING_INVALID_TEXT' as const;
  return Buffer.byteLength(messageContent) > CONTENT_BYTES_MAX ? ('MAILRING_MESSAGE_TOO_LARGE' as const) : undefined;
}

let expired = 0;

/** How many deltas were found expired so far: a property that meets none says nothing of them. */
export const deltasExpired = (): number => expired;

/** A message in one mailbox. Its number there is unknown until an answer has shown it. */
export interface Arrival {
  readonly message: ModelMessage;
  number: number | undefined;
}

/** One user's mailbox: what arrived, in order. A *position* is a count of arrivals; the mailbox at a position is what it was when so many had arrived. */
export class ModelMailbox {
  readonly user: string;
  readonly arrivals: Arrival[] = [];
  /** Arrivals that a delta reaches back over at least. */
  readonly kept: number;
  /** Deltas that were answered, and those that were found expired: cursor, and how many had arrived. */
  readonly #answered: { readonly cursor: number; readonly end: number }[] = [];
  readonly #expired: { readonly cursor: number; readonly end: number }[] = [];

  constructor(user: string, kept: number) {
    this.user = user;
    this.kept = kept;
  }

  /** Takes whether a delta was found expired: never while its cursor is among the newest arrivals that are kept, and never again not. */
  learnExpired(isExpired: boolean, cursor: number, position: number, end: number): void {
    if (isExpired) {
      expired++;
      assert.ok(end - position > this.kept, `a cursor is expired that only ${end - position} of ${this.kept} arrivals are above`);
      assert.ok(!this.#answered.some((other) => other.cursor <= cursor && other.end > end), 'a cursor is expired that a later version still answers');
      this.#expired.push({ cursor, end });
    } else {
      assert.ok(!this.#expired.some((other) => other.cursor >= cursor && other.end < end), 'a cursor is answered that an earlier version found expired');
      this.#answered.push({ cursor, end });
    }
  }

  /** Takes the number that an answer shows for an arrival: always the same one, and in the order of arrival. */
  learn(index: number, number: number): void {
    const arrival = this.arrivals[index]!;
    if (arrival.number === number) return;
    assert.equal(arrival.number, undefined, `the number of a message changed: ${arrival.number} was ${number}. mailbox=${this.user}`);
    assert.ok(Number.isSafeInteger(number) && number > 0 && number < 2 ** 48, `a number is no u48 above 0: ${number}`);
    let below = index - 1;
    while (below >= 0 && this.arrivals[below]!.number === undefined) below--;
    let above = index + 1;
    while (above < this.arrivals.length && this.arrivals[above]!.number === undefined) above++;
    assert.ok(number > (this.arrivals[below]?.number ?? 0), `numbers do not increase: ${number} after ${this.arrivals[below]?.number}`);
    assert.ok(number < (this.arrivals[above]?.number ?? Infinity), `numbers do not increase: ${number} before ${this.arrivals[above]?.number}`);
    arrival.number = number;
  }

  /**
   * Takes the version of an answer: 0 for an empty mailbox, else the number of the newest change; so it stays while nothing arrives. Where the log is trimmed a commit without
   * arrivals may have done that: then it is any number up to the next arrival's.
   */
  learnVersion(position: number, version: number): void {
    if (position === 0) assert.equal(version, 0, 'an empty mailbox has version 0');
    else if (this.kept === Number.POSITIVE_INFINITY) this.learn(position - 1, version);
    else {
      assert.ok(version >= (this.arrivals[position - 1]!.number ?? 0), `a version is below its newest arrival: ${version}. mailbox=${this.user}`);
      assert.ok(version < (this.arrivals[position]?.number ?? Infinity), `a version is not below the next arrival: ${version}. mailbox=${this.user}`);
    }
  }

  /** How many arrivals a number stands for, once all of them are known. */
  positionOf(number: number): number {
    const position = this.arrivals.findIndex((arrival) => arrival.number! > number);
    return position < 0 ? this.arrivals.length : position;
  }
}

/** All mailboxes. */
export class Model {
  /** Arrivals of a mailbox that a delta reaches back over at least. */
  readonly kept: number;
  readonly mailboxes = new Map<string, ModelMailbox>();
  readonly #conversations = new Map<string, ModelMessage[]>();
  readonly #byId = new Map<string, ModelMessage>();

  constructor(kept = Number.POSITIVE_INFINITY) {
    this.kept = kept;
  }

  /** A user's mailbox; everybody has one. */
  mailbox(user: string): ModelMailbox {
    let mailbox = this.mailboxes.get(user);
    if (mailbox === undefined) {
      mailbox = new ModelMailbox(user, this.kept);
      this.mailboxes.set(user, mailbox);
    }
    return mailbox;
  }

  /** The messages of two users, oldest first. */
  conversation(a: string, b: string): readonly ModelMessage[] {
    return this.#conversations.get(conversationIdOf(a, b)) ?? [];
  }

  /** Sends at a time of the clock. */
  send(request: SendArguments, now: number): ExpectedSend {
    const code = refusalOf(request);
    if (code !== undefined) return { outcome: 'refused', code };
    const { senderId, recipientId, messageContent, clientMessageId } = request;
    const conversationId = conversationIdOf(senderId, recipientId);
    const scope = JSON.stringify([conversationId, senderId, clientMessageId]);
    const first = this.#byId.get(scope);
    if (first !== undefined) return first.messageContent === messageContent ? { outcome: 'duplicate', message: first } : { outcome: 'conflict', first };

    const earlier = this.#conversations.get(conversationId) ?? [];
    this.#conversations.set(conversationId, earlier);
    const seq = earlier.length + 1;
    const message: ModelMessage = {
      messageId: `${conversationId}.${seq}`,
      conversationId,
      seq,
      senderId,
      participants: pairOf(senderId, recipientId),
      messageContent,
      clientMessageId,
      sentTimestamp: Math.max(Math.floor(now), (earlier.at(-1)?.sentTimestamp ?? 0) + 1),
    };
    earlier.push(message);
    this.#byId.set(scope, message);
    for (const user of new Set([senderId, recipientId])) this.mailbox(user).arrivals.push({ message, number: undefined });
    return { outcome: 'accepted', message };
  }
}
