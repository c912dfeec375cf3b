import { Mutex } from 'async-mutex';
import { ByteWriter } from '../mailbox/byte-writer.js';
import type { MailboxView } from '../mailbox/mailbox-view.js';
import { isLongWalk } from '../mailbox/needs.js';
import { isMailringError, type MailringError } from '../model/errors.js';
import { type Hash64, markSlotOf } from '../model/hash.js';
import type { UserId } from '../model/ids.js';
import { type Limits, STORE_RETRY_MS, STORE_TRIES_MAX, WATCH_POLL_MS } from '../model/limits.js';
import type { ApplyResult, Mark, MarkChange, PartitionWrite, Store, StoreOpenOptions } from '../store/store.js';
import { Lane, type LaneHost } from './lane.js';
import { MailboxCache, type MailboxSlot } from './mailbox-cache.js';
import { MailboxLoader } from './mailbox-loader.js';
import { overloaded } from './overloaded.js';
import { type MailboxQuery, type ReadHost, readMailbox } from './read-mailbox.js';
import { readNeeds } from './read-needs.js';
import { readTrims, type TrimHost } from './read-trim.js';
import type { ShardStats } from './shard-stats.js';
import { StoreCalls, type StoreCondition } from './store-calls.js';
import { StoreKeeper, type StoreKeeperOptions } from './store-keeper.js';
import { type CommitRequest, WaitingWrite } from './waiting-write.js';
import { Watchers } from './watchers.js';

/** What a shard is made of. */
export interface ShardOptions extends StoreKeeperOptions {
  readonly hash: Hash64;
}

/** The unit of ownership: a set of mailboxes with one writer and one cache over one store. It runs plans and answers, and knows no verbs. */
export class Shard {
  readonly name: string;
  readonly store: Store;
  /** Who waits for changes of the mailboxes of this shard. */
  readonly watchers: Watchers;
  readonly #limits: Limits;
  readonly #cache: MailboxCache;
  readonly #loader: MailboxLoader;
  /** Where all mailboxes commit together; elsewhere each has its own lane while it is in use. */
  readonly #lane: Lane | undefined;
  readonly #host: LaneHost;
  readonly #readHost: ReadHost;
  readonly #writer = new ByteWriter();
  #batches = 0;
  #refusedBatches = 0;
  readonly #keeper: StoreKeeper;
  readonly #calls: StoreCalls;
  /** After a write that failed, what the same handle acknowledges may be gone: where many lanes write by one handle, they take turns. */
  readonly #turns: Mutex | undefined;
  #closing = false;
  #waitingWrites = 0;
  #activeReads = 0;
  #onReadsDone: (() => void)[] = [];
  #onWritesDone: (() => void)[] = [];

  constructor(options: ShardOptions) {
    const { name, store, clock, limits, hash } = options;
    this.name = name;
    this.store = store;
    this.#limits = limits;
    this.#calls = new StoreCalls(store, clock);
    this.watchers = new Watchers(clock, store.capabilities.exclusive ? undefined : WATCH_POLL_MS);
    this.#cache = new MailboxCache(limits.cacheBytes);
    const marksBy = store.capabilities.atomicAcrossPartitions ? 'conversation' : 'base';
    const settings = () => ({ marksBy, logChanges: limits.logChanges, restoredAt: this.#calls.restoredAt }) as const;
    this.#loader = new MailboxLoader(this.#cache, settings, (question) => this.ask(question));
    this.#keeper = new StoreKeeper(options, () => {
      this.#cache.clear();
      this.#calls.reopened();
      this.watchers.wakeAll();
    });
    const trimHost: TrimHost = {
      isClosing: () => this.#closing,
      ask: (question) => this.ask(question),
      use: (user, task) => this.#use(user, task),
      commit: (request) => this.commit(request),
    };
    this.#host = {
      clock,
      batchBytesMax: store.capabilities.applyBytesMax,
      loadMailboxes: ({ slots }) => (slots.every(({ state }) => state !== undefined) ? undefined : this.#loader.loadAll(slots)),
      readTrims: ({ slots }) => readTrims(trimHost, slots),
      readNeeds: async (write) => {
        await Promise.all(write.views().map((view) => this.#readNeeds(view)));
      },
      dropStale: ({ slots }) => {
        for (const slot of slots) this.#cache.drop(slot);
      },
      bound: ({ slots }) => {
        for (const slot of slots) if (slot.state !== undefined && slot.state.bytes > limits.cacheBytes) this.#cache.drop(slot);
      },
      markSlotOf: (partition) => markSlotOf(partition, hash),
      committed: (user) => this.watchers.wake(user),
      inTurn: (task) => this.#inTurn(task),
      apply: (writes, marks) => this.#apply(writes, marks),
      failed: (cause, tries) => this.#failed(cause, tries),
    };
    this.#readHost = {
      load: (slot) => this.#loader.load(slot),
      drop: (slot) => this.#cache.drop(slot),
      readNeeds: (view) => this.#readNeeds(view),
      isCurrent: async (slot, version) => store.capabilities.exclusive || (await this.#loader.isCurrent(slot, version)),
      hold: (slot, task) => this.#laneOf(slot).hold(slot.user, task),
    };
    if (store.capabilities.exclusive && !store.capabilities.atomicAcrossPartitions) this.#turns = new Mutex();
    if (store.capabilities.atomicAcrossPartitions) this.#lane = new Lane(this.#host, this.#writer);
  }

  get stats(): ShardStats {
    const { mailboxes, inUse, bytes } = this.#cache.stats;
    return {
      status: this.#keeper.status,
      waitingWrites: this.#waitingWrites,
      activeReads: this.#activeReads,
      batches: this.#batches,
      refusedBatches: this.#refusedBatches,
      fences: this.#keeper.fences,
      cachedMailboxes: mailboxes,
      mailboxesInUse: inUse,
      cachedBytes: bytes,
    };
  }

  get condition(): StoreCondition {
    return this.#calls.condition(this.#keeper);
  }

  open(options: Omit<StoreOpenOptions, 'clock'>): Promise<void> {
    return this.#keeper.open(options);
  }

  /** Says where the last restore of this shard began, before its first mailbox is loaded. */
  restoredAt(version: number): void {
    this.#calls.restoredAt = version;
  }

  /** Finishes what was accepted, closes the store and forgets what is in memory. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.#lane?.idle();
    if (this.#waitingWrites > 0) await new Promise<void>((resolve) => this.#onWritesDone.push(resolve));
    if (this.#activeReads > 0) await new Promise<void>((resolve) => this.#onReadsDone.push(resolve));
    await this.#keeper.close();
    // A host may keep a closed mailring for long.
    this.#cache.clear();
  }

  /**
   * Commits a request: planned on the newest state, in one batch with what waits beside it, answered when the store has acknowledged it.
   *
   * @throws `MAILRING_OVERLOADED`, `MAILRING_UNAVAILABLE`, `MAILRING_ABORTED`, and what the plan throws; with what is known of the send
   */
  commit<T>(request: CommitRequest<T>, signal?: AbortSignal): Promise<T> {
    const refusal = this.#keeper.refusal('not-accepted');
    if (refusal !== undefined) return refused(request, refusal);
    const slots = request.users.map((user) => this.#cache.pin(user));
    const full = request.owed ? undefined : this.#overload(slots);
    if (full !== undefined) {
      for (const slot of slots) this.#cache.unpin(slot);
      return refused(request, full);
    }
    const lane = this.#laneOf(slots[0]!);
    this.#waitingWrites++;
    for (const slot of slots) slot.waitingWrites++;
    const write: WaitingWrite<T> = new WaitingWrite(request, slots, () => {
      signal?.removeEventListener('abort', giveUp);
      lane.forget(write as WaitingWrite<unknown>);
      for (const slot of slots) {
        slot.waitingWrites--;
        this.#cache.unpin(slot);
      }
      if (--this.#waitingWrites === 0) for (const resolve of this.#onWritesDone.splice(0)) resolve();
    });
    const giveUp = () => write.giveUp(signal?.reason);
    signal?.addEventListener('abort', giveUp, { once: true });
    lane.add(write as WaitingWrite<unknown>);
    return write.answer;
  }

  /**
   * Answers a question about one mailbox from one version of it: the state in memory, or as much of the store as the answer needs. With `signal` it gives up at its next step.
   *
   * @throws `MAILRING_UNAVAILABLE`, `MAILRING_CORRUPT`, the signal's reason
   */
  async read<T>(user: UserId, query: MailboxQuery<T>, signal?: AbortSignal): Promise<T> {
    const refusal = this.#keeper.refusal();
    if (refusal !== undefined) throw refusal;
    return this.#use(user, async (slot) => {
      if (!this.store.capabilities.exclusive) await this.#loader.validate(slot);
      return readMailbox(this.#readHost, slot, query, signal);
    });
  }

  /** Runs a task for which a mailbox stays in memory and the store open. */
  async #use<T>(user: UserId, task: (slot: MailboxSlot) => Promise<T>): Promise<T> {
    const slot = this.#cache.pin(user);
    this.#activeReads++;
    try {
      return await task(slot);
    } finally {
      this.#cache.unpin(slot);
      if (--this.#activeReads === 0) for (const resolve of this.#onReadsDone.splice(0)) resolve();
    }
  }

  /**
   * Asks the store itself. Not once it is fenced: a write of which nobody knows whether it counts may be seen through that handle, also by a call that began before.
   *
   * @throws `MAILRING_UNAVAILABLE`, and what is about data
   */
  async ask<T>(question: (store: Store) => Promise<T>): Promise<T> {
    const refusal = this.#keeper.refusal();
    if (refusal !== undefined) throw refusal;
    try {
      return await this.#calls.call(question);
    } catch (error) {
      throw this.#keeper.error(error);
    }
  }

  /** Runs a task while this shard commits nothing to the mailbox. */
  async hold<T>(user: UserId, task: () => Promise<T>): Promise<T> {
    const slot = this.#cache.pin(user);
    try {
      return await this.#laneOf(slot).hold(user, task);
    } finally {
      this.#cache.unpin(slot);
    }
  }

  /** Takes away a mark that no head names any more, without a commit. */
  async clearMark(mark: Mark): Promise<void> {
    await this.#inTurn(() => this.#apply([], [{ ...mark, type: 'clear' }]));
  }

  #laneOf(slot: MailboxSlot): Lane {
    if (this.#lane !== undefined) return this.#lane;
    slot.lane ??= new Lane(this.#host, this.#writer);
    return slot.lane;
  }

  /** Why a write that would touch a user's mailbox is refused at once; `undefined` when it is not. What is owed to that mailbox later counts too. */
  refusal(user: UserId, owed: number): MailringError | undefined {
    const refusal = this.#keeper.refusal('not-accepted');
    if (refusal !== undefined) return refusal;
    const slot = this.#cache.pin(user);
    const full = this.#overload([slot], owed);
    this.#cache.unpin(slot);
    return full;
  }

  #overload(slots: readonly MailboxSlot[], owed = 0): MailringError | undefined {
    const crowded = slots.find(({ waitingWrites }) => waitingWrites + owed >= this.#limits.waitingWritesPerMailbox);
    if (crowded === undefined && this.#waitingWrites < this.#limits.waitingWrites) return undefined;
    return overloaded(this.name, this.#limits, crowded?.user);
  }

  /** Reads what a view lacks; says whether that was a step of a long walk. */
  async #readNeeds(view: MailboxView): Promise<boolean> {
    const needs = view.takeNeeds();
    await this.ask((store) => readNeeds(store, view, needs));
    return needs.some(isLongWalk);
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    return this.#turns === undefined ? task() : this.#turns.runExclusive(task);
  }

  async #apply(writes: readonly PartitionWrite[], marks: readonly MarkChange[]): Promise<ApplyResult> {
    const refusal = this.#keeper.refusal('not-accepted');
    if (refusal !== undefined) throw refusal;
    this.#batches++;
    try {
      const result = await this.#calls.apply(writes, marks);
      if (!result.applied) this.#refusedBatches++;
      return result;
    } catch (error) {
      if (this.store.capabilities.exclusive) this.#keeper.fence(error);
      throw error;
    }
  }

  /** An exclusive store is fenced: nobody but a new handle can tell what is there. Of any other the next compare-and-set can. */
  #failed(cause: unknown, tries: number): { readonly error: MailringError; readonly againAfterMs?: number } {
    const error = this.#keeper.error(cause, isMailringError(cause) ? (cause.outcome ?? 'unconfirmed') : 'unconfirmed');
    if (!this.store.capabilities.exclusive) return tries < STORE_TRIES_MAX ? { error, againAfterMs: STORE_RETRY_MS * 2 ** tries } : { error };
    const refusal = this.#keeper.refusal('not-accepted');
    for (const lane of this.#lane === undefined ? this.#cache.lanes() : [this.#lane]) lane.rejectWaiting(refusal);
    return { error };
  }
}

function refused<T>(request: CommitRequest<T>, error: MailringError): Promise<never> {
  request.settled?.(undefined);
  return Promise.reject(error);
}
