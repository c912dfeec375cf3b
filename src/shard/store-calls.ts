import { type Clock, timeOf } from '../model/clock.js';
import { isMailringError } from '../model/errors.js';
import { CLOCK_BEHIND_MS, STORE_SLOW_MS } from '../model/limits.js';
import type { ApplyResult, MarkChange, PartitionWrite, Store } from '../store/store.js';
import type { StoreKeeper } from './store-keeper.js';

/** How a shard's store is, as far as its calls have shown. */
export interface StoreCondition {
  /** `failing`: it is open, and its last call failed. */
  readonly store: 'open' | 'failing' | 'fenced' | 'failed';
  readonly cause: unknown;
  /** How long the oldest call has been waiting, where that is too long; else 0. */
  readonly slowMs: number;
  /** How far the clock was behind a version that was given lately, where that is too far; else 0. */
  readonly clockBehindMs: number;
}

/** The calls of a store, and what they have shown of it. */
export class StoreCalls {
  readonly #store: Store;
  readonly #clock: Clock;
  /** Those under way, the oldest first. */
  readonly #underWay = new Set<{ readonly since: number }>();
  /** Why the last call failed; absent when it did not. */
  #failure: unknown;
  /** Where the last restore of the store began; 0 where there was none. Until the clock is there, versions run ahead of it as they should. */
  restoredAt = 0;
  #clockBehind: { readonly at: number; readonly byMs: number } | undefined;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  async call<T>(question: (store: Store) => Promise<T>): Promise<T> {
    const call = { since: timeOf(this.#clock) };
    this.#underWay.add(call);
    try {
      const answer = await question(this.#store);
      this.#failure = undefined;
      return answer;
    } catch (error) {
      if (!isMailringError(error) || error.code === 'MAILRING_UNAVAILABLE') this.#failure = error;
      throw error;
    } finally {
      this.#underWay.delete(call);
    }
  }

  apply(writes: readonly PartitionWrite[], marks: readonly MarkChange[]): Promise<ApplyResult> {
    const now = timeOf(this.#clock);
    if (now >= this.restoredAt) for (const { version } of writes) if (version > now + CLOCK_BEHIND_MS) this.#clockBehind = { at: now, byMs: version - now };
    return this.call((store) => store.apply(writes, marks));
  }

  /** The store was opened again: what went before says nothing of it. */
  reopened(): void {
    this.#failure = undefined;
  }

  condition({ status, cause }: StoreKeeper): StoreCondition {
    const now = timeOf(this.#clock);
    const [oldest] = this.#underWay;
    const slowMs = oldest === undefined ? 0 : now - oldest.since;
    const behind = this.#clockBehind;
    return {
      ...(status === 'fenced' || status === 'failed'
        ? { store: status, cause }
        : { store: this.#failure === undefined ? 'open' : 'failing', cause: this.#failure }),
      slowMs: slowMs >= STORE_SLOW_MS ? slowMs : 0,
      clockBehindMs: behind !== undefined && now - behind.at < CLOCK_BEHIND_MS ? behind.byMs : 0,
    };
  }
}
