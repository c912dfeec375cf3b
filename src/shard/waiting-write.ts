import { MailboxView } from '../mailbox/mailbox-view.js';
import type { PlanSide } from '../mailbox/plan-copy.js';
import { isMailringError, MailringError, type Outcome } from '../model/errors.js';
import type { UserId } from '../model/ids.js';
import type { MailboxSlot } from './mailbox-cache.js';

/** A write as a lane takes it: the mailboxes it touches and a pure plan. The lane knows no verbs. */
export interface CommitRequest<T> {
  /** One mailbox, or two of the same shard. */
  readonly users: readonly UserId[];
  /** Requests of the same order are planned in the order they came in. */
  readonly order: string;
  /** Bytes of keys and values it may bring at most. */
  readonly bytes: number;
  /** It finishes what was accepted already: it has room in every queue and goes before new writes. */
  readonly owed?: true;
  /** Plans on the mailboxes, in the order of `users`. `undefined`, with needs noted and nothing planned: something has to be read first. */
  plan(sides: readonly PlanSide[], now: number): T | undefined;
  /** Told once how it ended, also when its caller has given it up: what was committed, or `undefined` where nothing is known to be. */
  settled?(value: T | undefined): void;
}

/** A request in a lane's queue. Its caller is answered once; its mailboxes stay in use until the lane is done with it, which can be after the answer. */
export class WaitingWrite<T> {
  readonly request: CommitRequest<T>;
  readonly slots: readonly MailboxSlot[];
  readonly answer: Promise<T>;
  /** Something it needs is being read. */
  reading = false;
  /** It is part of a batch: what becomes of it is decided by the store. */
  planned = false;
  /** The lane is done with it. */
  done = false;
  /** A batch it was part of may have been applied, or may be later. */
  unknown = false;
  /** How often a batch it was part of failed. */
  failures = 0;
  /** How often it was tried to plan it. */
  rounds = 0;
  readonly #views: MailboxView[] = [];
  readonly #release: () => void;
  #resolve!: (value: T) => void;
  #reject!: (error: unknown) => void;

  constructor(request: CommitRequest<T>, slots: readonly MailboxSlot[], release: () => void) {
    this.request = request;
    this.slots = slots;
    this.#release = release;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** What the request sees of its mailboxes, all of which are loaded; views of a state that was dropped are made anew. */
  views(): readonly MailboxView[] {
    for (const [i, { state }] of this.slots.entries()) if (this.#views[i]?.state !== state) this.#views[i] = new MailboxView(state!);
    return this.#views;
  }

  /** Answers and lets go. */
  resolve(value: T): void {
    this.#finish(value);
    this.#resolve(value);
  }

  /** Fails it and lets go; `outcome` is what is known of the send. */
  reject(error: unknown, outcome: Outcome): void {
    this.#finish(undefined);
    this.#reject(withOutcome(error, this.unknown ? 'unconfirmed' : outcome));
  }

  /** The caller no longer waits. What is in a batch already goes on without it. */
  giveUp(error: unknown): void {
    if (this.done) return;
    if (this.planned) this.#reject(withOutcome(error, 'unconfirmed'));
    else this.reject(error, 'not-accepted');
  }

  #finish(value: T | undefined): void {
    if (this.done) return;
    this.done = true;
    this.request.settled?.(value);
    this.#release();
  }
}

function withOutcome(error: unknown, outcome: Outcome): unknown {
  if (!isMailringError(error) || error.outcome === outcome) return error;
  const { code, message, retryable, retryAfterMs, details, cause } = error;
  return new MailringError(code, message, {
    retryable,
    ...(retryAfterMs === undefined ? undefined : { retryAfterMs }),
    details,
    outcome,
    cause: cause ?? error,
  });
}
