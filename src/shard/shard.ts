import { MailboxState } from '../mailbox/mailbox-state.js';
import { MailboxView } from '../mailbox/mailbox-view.js';
import { corrupt, isMailringError, MailringError } from '../model/errors.js';
import type { UserId } from '../model/ids.js';
import { type Limits, OVERLOAD_RETRY_MS, PLAN_ROUNDS_MAX } from '../model/limits.js';
import type { PartitionWrite, Store, StoreOpenOptions } from '../store/store.js';
import { Lane } from './lane.js';
import { MailboxCache, type MailboxSlot } from './mailbox-cache.js';
import { readNeeds } from './read-needs.js';
import { type ShardOptions, StoreKeeper, type StoreStatus } from './store-keeper.js';
import { type CommitRequest, WaitingWrite } from './waiting-write.js';

/** A pure answer about one mailbox. `undefined`, with needs noted in the view: something has to be read first. */
export type MailboxQuery<T> = (view: MailboxView) => T | undefined;

/** Counters and gauges of one shard. */
export interface ShardStats {
  readonly status: StoreStatus;
  /** Writes that wait or are being written. */
  readonly waitingWrites: number;
  /** Reads that are under way. */
  readonly activeReads: number;
  /** Batches given to the store. */
  readonly batches: number;
  /** Times the store was fenced after a failed write. */
  readonly fences: number;
  readonly cachedMailboxes: number;
  /** Mailboxes that a read or write uses now. */
  readonly mailboxesInUse: number;
  readonly cachedBytes: number;
}

/** The unit of ownership: a set of mailboxes with one writer and one cache over one store. It runs plans and answers; it knows no verbs and never both users' rules. */
export class Shard {
  readonly name: string;
  readonly store: Store;
  readonly #limits: Limits;
  readonly #cache: MailboxCache;
  readonly #lane: Lane;
  readonly #keeper: StoreKeeper;
  #waitingWrites = 0;
  #activeReads = 0;
  #onReadsDone: (() => void)[] = [];

  constructor(options: ShardOptions) {
    const { name, store, clock, limits } = options;
    this.name = name;
    this.store = store;
    this.#limits = limits;
    this.#cache = new MailboxCache(limits.cacheBytes);
    this.#keeper = new StoreKeeper(options, () => this.#cache.clear());
    this.#lane = new Lane({
      clock,
      batchBytesMax: store.capabilities.applyBytesMax,
      loadMailboxes: ({ slots }) => (slots.every(({ state }) => state !== undefined) ? undefined : this.#loadAll(slots)),
      readNeeds: async (write) => {
        await Promise.all(write.views().map((view) => this.#readNeeds(view)));
      },
      dropStale: ({ slots }) => {
        for (const slot of slots) this.#cache.drop(slot);
      },
      apply: (writes) => this.#apply(writes),
      failed: (error) => this.#fail(error),
    });
  }

  get stats(): ShardStats {
    const { mailboxes, inUse, bytes } = this.#cache.stats;
    return {
      status: this.#keeper.status,
      waitingWrites: this.#waitingWrites,
      activeReads: this.#activeReads,
      batches: this.#lane.batches,
      fences: this.#keeper.fences,
      cachedMailboxes: mailboxes,
      mailboxesInUse: inUse,
      cachedBytes: bytes,
    };
  }

  open(options: Omit<StoreOpenOptions, 'clock'>): Promise<void> {
    return this.#keeper.open(options);
  }

  /** Finishes what was accepted, closes the store and forgets what is in memory. */
  async close(): Promise<void> {
    await this.#lane.idle();
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
    const refusal = this.#keeper.refusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    const slots = request.users.map((user) => this.#cache.pin(user));
    const full = this.#overload(slots);
    if (full !== undefined) {
      for (const slot of slots) this.#cache.unpin(slot);
      return Promise.reject(full);
    }
    this.#waitingWrites++;
    for (const slot of slots) slot.waitingWrites++;
    const write: WaitingWrite<T> = new WaitingWrite(request, slots, () => {
      signal?.removeEventListener('abort', giveUp);
      this.#waitingWrites--;
      for (const slot of slots) {
        slot.waitingWrites--;
        this.#cache.unpin(slot);
      }
    });
    const giveUp = () => write.giveUp(signal?.reason);
    signal?.addEventListener('abort', giveUp, { once: true });
    this.#lane.add(write as WaitingWrite<unknown>);
    return write.answer;
  }

  /**
   * Answers a question about one mailbox from one version of it: the state in memory, or as much of the store as the answer needs.
   *
   * @throws `MAILRING_UNAVAILABLE`, `MAILRING_CORRUPT`
   */
  async read<T>(user: UserId, query: MailboxQuery<T>): Promise<T> {
    const refusal = this.#keeper.refusal();
    if (refusal !== undefined) throw refusal;
    const slot = this.#cache.pin(user);
    this.#activeReads++;
    try {
      let view: MailboxView | undefined;
      for (let round = 0; round < PLAN_ROUNDS_MAX; round++) {
        if (slot.state === undefined) {
          await this.#load(slot);
          continue;
        }
        if (view?.state !== slot.state) view = new MailboxView(slot.state);
        const answer = query(view);
        if (view.needs.length === 0) return answer as T;
        await this.#readNeeds(view);
      }
      throw corrupt('a read found no end', { userId: user, rounds: PLAN_ROUNDS_MAX });
    } finally {
      this.#cache.unpin(slot);
      if (--this.#activeReads === 0) for (const resolve of this.#onReadsDone.splice(0)) resolve();
    }
  }

  /** Runs a task while nothing is committed in this shard. */
  between<T>(task: () => Promise<T>): Promise<T> {
    return this.#lane.between(task);
  }

  #overload(slots: readonly MailboxSlot[]): MailringError | undefined {
    const crowded = slots.find(({ waitingWrites }) => waitingWrites >= this.#limits.waitingWritesPerMailbox);
    if (crowded === undefined && this.#waitingWrites < this.#limits.waitingWrites) return undefined;
    const [what, limit] = crowded ? [`mailbox ${crowded.user}`, this.#limits.waitingWritesPerMailbox] : [`shard ${this.name}`, this.#limits.waitingWrites];
    return new MailringError('MAILRING_OVERLOADED', `too many writes wait for ${what}; repeat later with the same clientMessageId. limit=\`${limit}\``, {
      retryable: true,
      retryAfterMs: OVERLOAD_RETRY_MS,
      outcome: 'not-accepted',
      details: { shard: this.name, ...(crowded && { userId: crowded.user }), limit },
    });
  }

  async #loadAll(slots: readonly MailboxSlot[]): Promise<void> {
    await Promise.all(slots.map((slot) => this.#load(slot)));
  }

  #load(slot: MailboxSlot): Promise<void> {
    if (slot.state !== undefined) return Promise.resolve();
    slot.loading ??= this.#loadNow(slot);
    return slot.loading;
  }

  async #loadNow(slot: MailboxSlot): Promise<void> {
    const { drops } = slot;
    try {
      const loaded = await this.store.load(slot.partition);
      // A slot that was dropped meanwhile is loaded again by whoever needs it: what was read before the drop is too old.
      if (slot.drops === drops) slot.state = new MailboxState(slot.user, loaded);
    } catch (error) {
      throw this.#keeper.error(error, 'not-accepted');
    } finally {
      if (slot.drops === drops) slot.loading = undefined;
    }
  }

  async #readNeeds(view: MailboxView): Promise<void> {
    try {
      await readNeeds(this.store, view, view.takeNeeds());
    } catch (error) {
      throw this.#keeper.error(error, 'not-accepted');
    }
  }

  #apply(writes: readonly PartitionWrite[]): ReturnType<Store['apply']> {
    const refusal = this.#keeper.refusal();
    return refusal === undefined ? this.store.apply(writes) : Promise.reject(refusal);
  }

  #fail(cause: unknown): MailringError {
    this.#keeper.fence(cause);
    this.#lane.rejectWaiting(this.#keeper.refusal());
    return this.#keeper.error(cause, isMailringError(cause) ? (cause.outcome ?? 'unconfirmed') : 'unconfirmed');
  }
}
