import type { Clock } from '../model/clock.js';
import type { UserId } from '../model/ids.js';

/**
 * Who waits until a mailbox may have changed: one entry each while it waits, and nothing is kept of what changed. Where others write the same mailboxes, their commits are
 * not heard of here: then everybody is woken now and then, by one timer for all.
 */
export class Watchers {
  readonly #clock: Clock;
  readonly #pollMs: number | undefined;
  readonly #wakes = new Map<UserId, Set<() => void>>();
  #cancelPoll: (() => void) | undefined;

  constructor(clock: Clock, pollMs: number | undefined) {
    this.#clock = clock;
    this.#pollMs = pollMs;
  }

  /** How many wait. */
  get size(): number {
    let size = 0;
    for (const wakes of this.#wakes.values()) size += wakes.size;
    return size;
  }

  /** Calls `wake` whenever the mailbox may have changed, until what it gives is called. */
  add(user: UserId, wake: () => void): () => void {
    const wakes = this.#wakes.get(user) ?? new Set();
    this.#wakes.set(user, wakes.add(wake));
    this.#poll();
    return () => {
      wakes.delete(wake);
      if (wakes.size === 0) this.#wakes.delete(user);
      if (this.#wakes.size === 0) this.#stopPolling();
    };
  }

  /** A mailbox has changed. */
  wake(user: UserId): void {
    for (const wake of this.#wakes.get(user) ?? []) wake();
  }

  /** Any mailbox may have changed. */
  wakeAll(): void {
    for (const wakes of this.#wakes.values()) for (const wake of wakes) wake();
  }

  #poll(): void {
    if (this.#pollMs === undefined || this.#cancelPoll !== undefined) return;
    this.#cancelPoll = this.#clock.after(this.#pollMs, () => {
      this.#cancelPoll = undefined;
      this.wakeAll();
      if (this.#wakes.size > 0) this.#poll();
    });
  }

  #stopPolling(): void {
    this.#cancelPoll?.();
    this.#cancelPoll = undefined;
  }
}
