import { createClientMessageId, type SendRequest, type SendResult } from 'mailring';
import { ClientCopy } from './client-copy.js';
import type { Findings } from './findings.js';
import { InFlight } from './in-flight.js';
import { type DemoMailring, type ListName, nameOf } from './lists.js';
import { messageIdOf, Oracle, type Sent } from './oracle.js';
import { Random } from './random.js';
import type { TraceMessage } from './trace.js';

/** How to replay. */
export interface ReplayOptions {
  readonly messages: readonly TraceMessage[];
  /** Opens the mailring, each time with what is stored. */
  readonly open: () => Promise<DemoMailring>;
  readonly sendsInFlight: number;
  readonly seed: number;
  readonly findings: Findings;
  readonly onProgress?: (sent: number) => void;
}

/** What was done; the mailring is still open. */
export interface Replay {
  readonly mailring: DemoMailring;
  readonly oracle: Oracle;
  readonly copies: readonly ClientCopy[];
  readonly retries: number;
  readonly duplicates: number;
  readonly reopened: number;
  readonly seconds: number;
}

const RETRY_AT_ONCE = 0.02;
const RETRY_SOON = 0.02;
const RETRY_OLD = 0.02;
/** How far back a soon retry goes: some of these messages are still in flight. */
const SOON_MESSAGES = 200;
const RANDOM_ID = 0.1;
const NEW_COPY = 0.02;
/** Copies of a short trace, about. */
const COPIES_MIN = 30;
const CATCH_UP = 0.02;
const READS_IN_FLIGHT = 4;

/** Sends the messages, repeats some, reads beside, and closes and opens the mailring again twice, with sends in flight. */
export async function replay(options: ReplayOptions): Promise<Replay> {
  const run = new ReplayRun(options, await options.open());
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  const { length } = options.messages;
  const reopenAt = new Set([Math.floor(length / 3), Math.floor((2 * length) / 3)]);
  for (const [i, message] of options.messages.entries()) {
    if (reopenAt.has(i)) await run.reopen();
    await run.send(message);
    await run.readSomething();
    options.onProgress?.(i + 1);
  }
  await run.idle();
  return { ...run, seconds: seconds() };
}

class ReplayRun {
  mailring: DemoMailring;
  readonly oracle = new Oracle();
  readonly copies: ClientCopy[] = [];
  retries = 0;
  duplicates = 0;
  reopened = 0;
  readonly #options: ReplayOptions;
  readonly #findings: Findings;
  readonly #random: Random;
  readonly #readRandom: Random;
  readonly #sends: InFlight;
  readonly #reads = new InFlight(READS_IN_FLIGHT);
  readonly #sent: { readonly sent: Sent; readonly answer: Promise<SendResult> }[] = [];
  readonly #idleCopies: ClientCopy[] = [];

  constructor(options: ReplayOptions, mailring: DemoMailring) {
    this.mailring = mailring;
    this.#options = options;
    this.#findings = options.findings;
    this.#random = new Random(options.seed);
    this.#readRandom = new Random(options.seed + 1);
    this.#sends = new InFlight(options.sendsInFlight);
  }

  async send({ sender, recipient, content }: TraceMessage): Promise<void> {
    const random = this.#random;
    const i = this.#sent.length;
    const clientMessageId = random.chance(RANDOM_ID) ? `${random.integer(0, 2 ** 32 - 1).toString(36)}-${i}` : createClientMessageId();
    const request = { senderId: sender, recipientId: recipient, messageContent: content, clientMessageId };
    await this.#sends.start(() => this.#first(request));
    if (random.chance(RETRY_AT_ONCE)) await this.#retry(i);
    if (random.chance(RETRY_SOON)) await this.#retry(random.integer(Math.max(0, i - SOON_MESSAGES), i));
    if (random.chance(RETRY_OLD)) await this.#retry(random.integer(0, i));
  }

  /** Closes while sends are in flight: what was called before is finished and acknowledged. */
  async reopen(): Promise<void> {
    await this.#reads.idle();
    const closing = this.mailring.close();
    await this.#sends.idle();
    await closing;
    this.mailring = await this.#options.open();
    this.reopened++;
  }

  async readSomething(): Promise<void> {
    const random = this.#readRandom;
    if (random.chance(Math.max(NEW_COPY, COPIES_MIN / this.#options.messages.length))) {
      const copy = new ClientCopy(this.#anyList(), random.integer(1, 40));
      this.copies.push(copy);
      await this.#reads.start(() => this.#read(copy, () => copy.start(this.mailring)));
    }
    if (random.chance(CATCH_UP) && this.#idleCopies.length > 0) {
      const [copy] = this.#idleCopies.splice(random.integer(0, this.#idleCopies.length - 1), 1);
      const maxChanges = random.chance(0.5) ? Number.POSITIVE_INFINITY : undefined;
      await this.#reads.start(() => this.#read(copy!, () => copy!.catchUp(this.mailring, maxChanges)));
    }
  }

  async idle(): Promise<void> {
    await this.#sends.idle();
    await this.#reads.idle();
  }

  async #first(request: SendRequest): Promise<void> {
    const sent = this.oracle.called(request);
    const answer = this.mailring.sendMessage(request);
    this.#sent.push({ sent, answer });
    const result = await answer;
    const { conversationId, seq } = sent;
    const { sentTimestamp, lastUpdatedTimestamp } = result;
    this.oracle.acknowledged(sent, result);
    const expected = { messageId: messageIdOf(sent), conversationId, seq, sentTimestamp, lastUpdatedTimestamp, duplicate: false };
    this.#findings.equal(() => `the send of ${request.clientMessageId}`, result, expected);
  }

  #retry(i: number): Promise<void> {
    const { sent, answer } = this.#sent[i]!;
    this.retries++;
    return this.#sends.start(async () => {
      const result = await this.mailring.sendMessage(sent.request);
      if (result.duplicate) this.duplicates++;
      this.#findings.equal(() => `the repeated send of ${sent.request.clientMessageId}`, result, { ...(await answer), duplicate: true });
    });
  }

  /** A list of a user of the messages so far; busy users come up more often. */
  #anyList(): ListName {
    const random = this.#readRandom;
    const { request, conversationId } = random.pick(this.#sent).sent;
    const userId = random.chance(0.5) ? request.senderId : request.recipientId;
    return random.pick<ListName>([
      { userId, of: 'conversations' },
      { userId, of: 'messages' },
      { userId, of: 'messages', conversationId },
    ]);
  }

  /** A read shows every message that was acknowledged before it began. (A conversation that moves up between two pages comes with the next delta.) */
  async #read(copy: ClientCopy, read: () => Promise<void>): Promise<void> {
    const { userId, of, conversationId } = copy.list;
    const expected = this.oracle.acknowledgedOf(userId).filter((sent) => conversationId === undefined || sent.conversationId === conversationId);
    try {
      await read();
    } catch (error) {
      this.#findings.failed(() => nameOf(copy.list), error);
      return;
    }
    const missing = of === 'messages' ? expected.map(messageIdOf).filter((id) => !copy.has(id)) : [];
    if (missing.length > 0) this.#findings.add(`mailbox ${userId}: a read does not show ${missing[0]}, which was acknowledged before it began`);
    this.#idleCopies.push(copy);
  }
}
