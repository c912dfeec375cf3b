import assert from 'node:assert/strict';
import type { SendRequest } from 'mailring';
import { MailboxModel, type ModelChange, type ModelSend } from 'mailring/testing';

/** The model's mailboxes with their numbers. Those are not predicted but learned from the first answer that shows them, and held to the laws from then on. */

let expired = 0;

/** How many deltas were found expired so far: a property that meets none says nothing of them. */
export const deltasExpired = (): number => expired;

/** One user's mailbox. A *position* is a count of changes; the mailbox at a position is what it was after so many of them. */
export class LearnedMailbox {
  readonly user: string;
  readonly model: MailboxModel;
  /** Changes that a delta reaches back over at least. */
  readonly kept: number;
  readonly #numbers = new Map<ModelChange, number>();
  /** Deltas that were answered, and those that were found expired: cursor, and how many changes there were. */
  readonly #answered: { readonly cursor: number; readonly end: number }[] = [];
  readonly #expired: { readonly cursor: number; readonly end: number }[] = [];

  constructor(user: string, model: MailboxModel, kept: number) {
    this.user = user;
    this.model = model;
    this.kept = kept;
  }

  get changes(): readonly ModelChange[] {
    return this.model.changes(this.user);
  }

  /** Count of changes. */
  get end(): number {
    return this.changes.length;
  }

  /** Number of the change at an index, once an answer has shown it. */
  number(at: number): number | undefined {
    return this.#numbers.get(this.changes[at]!);
  }

  /** Number of the newest change: 0 where there is none, or where no answer has shown it. */
  get newest(): number {
    return this.end === 0 ? 0 : (this.number(this.end - 1) ?? 0);
  }

  get allKnown(): boolean {
    return this.#numbers.size === this.end;
  }

  /** Takes whether a delta was found expired: never while its cursor is among the newest changes that are kept, and never again not. */
  learnExpired(isExpired: boolean, cursor: number, position: number, end: number): void {
    if (isExpired) {
      expired++;
      assert.ok(end - position > this.kept, `a cursor is expired that only ${end - position} of ${this.kept} changes are above`);
      assert.ok(!this.#answered.some((other) => other.cursor <= cursor && other.end > end), 'a cursor is expired that a later version still answers');
      this.#expired.push({ cursor, end });
    } else {
      assert.ok(!this.#expired.some((other) => other.cursor >= cursor && other.end < end), 'a cursor is answered that an earlier version found expired');
      this.#answered.push({ cursor, end });
    }
  }

  /** Takes the number that an answer shows for a change: always the same one, and in their order. */
  learn(at: number, number: number): void {
    const known = this.number(at);
    if (known === number) return;
    assert.equal(known, undefined, `the number of a change is another: ${number}, it was ${known}. mailbox=${this.user}`);
    assert.ok(Number.isSafeInteger(number) && number > 0 && number < 2 ** 48, `a number is no u48 above 0: ${number}`);
    let below = at - 1;
    while (below >= 0 && this.number(below) === undefined) below--;
    let above = at + 1;
    while (above < this.end && this.number(above) === undefined) above++;
    if (below >= 0) assert.ok(number > this.number(below)!, `numbers do not increase: ${number} after ${this.number(below)}`);
    if (above < this.end) assert.ok(number < this.number(above)!, `numbers do not increase: ${number} before ${this.number(above)}`);
    this.#numbers.set(this.changes[at]!, number);
  }

  /**
   * Takes the version of an answer: 0 for an empty mailbox, else the number of the newest change; so it stays while nothing changes. Where the log is trimmed a commit without
   * changes may have done that: then it is any number up to the next change's.
   */
  learnVersion(position: number, version: number): void {
    if (position === 0) assert.equal(version, 0, 'an empty mailbox has version 0');
    else if (this.kept === Number.POSITIVE_INFINITY) this.learn(position - 1, version);
    else {
      assert.ok(version >= (this.number(position - 1) ?? 0), `a version is below its newest change: ${version}. mailbox=${this.user}`);
      const next = position < this.end ? this.number(position) : undefined;
      assert.ok(version < (next ?? Number.POSITIVE_INFINITY), `a version is not below the next change: ${version}. mailbox=${this.user}`);
    }
  }

  /** How many changes a number stands for, once all of them are known. */
  positionOf(number: number): number {
    const position = this.changes.findIndex((change) => this.#numbers.get(change)! > number);
    return position < 0 ? this.end : position;
  }
}

/** All mailboxes. */
export class LearnedMailboxes {
  readonly model = new MailboxModel();
  readonly #kept: number;
  readonly #mailboxes = new Map<string, LearnedMailbox>();

  /** @param kept changes that a delta reaches back over at least */
  constructor(kept = Number.POSITIVE_INFINITY) {
    this.#kept = kept;
  }

  /** A user's mailbox; everybody has one. */
  of(user: string): LearnedMailbox {
    let mailbox = this.#mailboxes.get(user);
    if (mailbox === undefined) {
      mailbox = new LearnedMailbox(user, this.model, this.#kept);
      this.#mailboxes.set(user, mailbox);
    }
    return mailbox;
  }

  /** Those that were asked for. */
  all(): Iterable<LearnedMailbox> {
    return this.#mailboxes.values();
  }

  /** Sends at a time of the clock. */
  send(request: SendRequest, now: number): ModelSend {
    const sent = this.model.send(request, now);
    if (sent.outcome === 'accepted') for (const user of sent.message.participants) this.of(user);
    return sent;
  }
}
