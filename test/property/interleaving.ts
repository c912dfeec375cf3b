import assert from 'node:assert/strict';
import type { Scheduler } from 'fast-check';
import { type CallOptions, isMailringError, type Limits, Mailring, type SendRequest, type Store } from 'mailring';
import { type Answer, ask, type Border, type Cursor, itemsOf, type Query } from './answers.js';
import { checkFetches, type FetchCall, type Mailboxes, mailboxesAfter, type SendCall } from './calls.js';
import type { LearnedMailboxes } from './learned-mailboxes.js';
import { entriesAt } from './model-lists.js';
import { ScheduledStore } from './scheduled-store.js';
import { TestClock } from './world.js';

/** A clock whose later turns come when a scheduler says so. */
class ScheduledClock extends TestClock {
  scheduler: Scheduler | undefined;

  override soon(task: () => void): void {
    if (this.scheduler === undefined) super.soon(task);
    else void this.scheduler.schedule(Promise.resolve(), 'soon').then(task);
  }
}

/** An engine whose every step is scheduled, and the calls made to it, most of which nobody waits for. */
export class Interleaving {
  readonly clock = new ScheduledClock();
  readonly sends: SendCall[] = [];
  readonly fetches: FetchCall[] = [];
  readonly cursors: Cursor[] = [];
  readonly borders: Border[] = [];
  readonly #controllers = new Map<SendCall, AbortController>();
  readonly #store: ScheduledStore;
  readonly #limits: Partial<Limits>;
  #mailring!: Mailring;
  #moment = 0;
  #actions: Promise<void> = Promise.resolve();
  #pending = new Set<Promise<unknown>>();

  private constructor(store: Store, scheduler: Scheduler, limits: Partial<Limits>) {
    this.#store = new ScheduledStore(store, scheduler);
    this.clock.scheduler = scheduler;
    this.#limits = limits;
  }

  static async open(store: Store, scheduler: Scheduler, limits: Partial<Limits>): Promise<Interleaving> {
    const interleaving = new Interleaving(store, scheduler, limits);
    await interleaving.#open();
    return interleaving;
  }

  async #open(): Promise<void> {
    // Opening has no concurrency of its own, and its steps would only make the schedules longer.
    const { scheduler } = this.#store;
    this.#store.scheduler = undefined;
    this.#mailring = await Mailring.open({ store: this.#store, clock: this.clock, limits: this.#limits });
    this.#store.scheduler = scheduler;
  }

  /**
   * Runs actions one after the other, each at a moment that the scheduler chooses. A command only hands its action over: the scheduler would wait for ever for a
   * command that waits for the store.
   */
  later(action: () => void | Promise<void>): void {
    this.#actions = this.#actions.then(async () => {
      await this.#store.scheduler?.schedule(Promise.resolve(), 'action');
      await action();
    });
  }

  /** Resolves when every action was run and every call was answered. */
  async end(): Promise<void> {
    await this.#actions;
    await this.settle();
  }

  /** Sends, and does not wait. */
  send(request: SendRequest, abortable: boolean): void {
    const controller = new AbortController();
    const options: CallOptions | undefined = abortable ? { signal: controller.signal } : undefined;
    const call: SendCall = { request, started: ++this.#moment, times: new Set([this.clock.time]), finished: undefined, settled: undefined };
    this.sends.push(call);
    if (abortable) this.#controllers.set(call, controller);
    this.#track(
      Promise.allSettled([this.#mailring.sendMessage(request, options)]).then(([settled]) => {
        call.settled = settled;
        call.finished = ++this.#moment;
        this.#controllers.delete(call);
      }),
    );
  }

  /** Gives up a send that waits. */
  abort(which: number): void {
    const waiting = [...this.#controllers.values()];
    if (waiting.length > 0) waiting[which % waiting.length]!.abort();
  }

  /** Fetches, and does not wait. */
  fetch(user: string, query: Query): void {
    const call: FetchCall = { user, query, started: ++this.#moment, finished: undefined, answer: undefined };
    this.fetches.push(call);
    this.#track(
      ask(this.#mailring, user, query).then((answer) => {
        call.answer = answer;
        call.finished = ++this.#moment;
        this.#keep(call, answer);
        assert.ok(answer.lastUpdatedTimestamp <= this.#store.versionOf(user), 'a fetch shows nothing that is not stored');
      }),
    );
  }

  #keep({ user, query }: FetchCall, answer: Answer): void {
    // Positions and places are known only in the end: until then the number itself, or the seq, stands for them.
    const value = answer.lastUpdatedTimestamp;
    if (query.before === undefined) this.cursors.push({ user, value, position: value, exact: true });
    const last = itemsOf(answer).at(-1);
    if (answer.next === undefined || last === undefined) return;
    const inConversation = query.list.of === 'messages' && query.list.conversationId !== undefined;
    this.borders.push({ user, list: query.list, value: answer.next, order: inConversation && 'seq' in last ? last.seq : last.lastUpdatedTimestamp });
  }

  move(by: number): void {
    this.clock.time = Math.min(Math.max(1, this.clock.time + by), 2 ** 44);
    for (const { times, finished } of this.sends) if (finished === undefined) times.add(this.clock.time);
  }

  /** Waits until everything that was called has been answered. */
  async settle(): Promise<void> {
    await Promise.all(this.#pending);
  }

  /** Closes over what is under way, and opens again. */
  async reopen(): Promise<void> {
    const closing = this.#mailring.close();
    const late = await this.#mailring.fetchMessages({ userId: 'a' }).catch((error: unknown) => error);
    assert.ok(isMailringError(late, 'MAILRING_CLOSED'));
    await closing;
    await this.settle();
    await this.#open();
  }

  /** After everything was answered: the calls are explained by a model, and the engine, and what is stored, hold what that model holds. */
  async check(users: readonly string[]): Promise<void> {
    this.#store.scheduler = undefined;
    this.clock.scheduler = undefined;
    const mailboxes = mailboxesAfter(this.sends, await this.#held(users), this.#limits.logChanges);
    checkFetches(mailboxes, this.fetches, this.sends);
    await this.#checkEqual(users, mailboxes);
    await this.#mailring.close();
    await this.#open();
    await this.#checkEqual(users, mailboxes);
    assert.deepEqual((await this.#mailring.verify()).problems, [], 'verify finds nothing wrong');
  }

  async #held(users: readonly string[]): Promise<Mailboxes> {
    const held = await Promise.all(users.map(async (userId) => (await this.#mailring.fetchMessages({ userId, pageSize: 200 })).messages.toReversed()));
    return new Map(users.map((user, i) => [user, held[i]!]));
  }

  async #checkEqual(users: readonly string[], mailboxes: LearnedMailboxes): Promise<void> {
    for (const user of users) {
      const mailbox = mailboxes.of(user);
      for (const list of [{ of: 'conversations' }, { of: 'messages' }] as const) {
        const answer = await ask(this.#mailring, user, { list, pageSize: 200 });
        const expected = entriesAt(mailbox, list, mailbox.end).map((entry) => entry.item());
        assert.deepEqual(itemsOf(answer), expected, `the ${list.of} of ${user} in the end`);
      }
    }
  }

  async close(): Promise<void> {
    await this.#mailring.close();
  }

  #track(answered: Promise<void>): void {
    this.#pending.add(answered);
    answered.then(
      () => this.#pending.delete(answered),
      () => {},
    );
  }
}
