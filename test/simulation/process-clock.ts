import type { Clock } from '../../src/model/clock.js';
import type { Scheduler } from './scheduler.js';
import type { Count } from './sometimes.js';

/** Where simulated time begins, in milliseconds since 1970. */
const START_MS = 1_700_000_000_000;

/** The clock of one engine's life. Its timers are right and end with it; the time it tells can jump, stand and go back. */
export class ProcessClock implements Clock {
  alive = true;
  readonly #scheduler: Scheduler;
  readonly #count: Count;
  #skewMs = 0;
  #frozenAt: number | undefined;
  #last = 0;

  constructor(scheduler: Scheduler, count: Count, skewMs: number) {
    this.#scheduler = scheduler;
    this.#count = count;
    this.#skewMs = skewMs;
  }

  get skewMs(): number {
    return this.#skewMs;
  }

  now(): number {
    const now = this.#frozenAt ?? START_MS + this.#scheduler.time + this.#skewMs;
    if (now < this.#last) this.#count('the clock goes back');
    this.#last = now;
    return now;
  }

  after(delayMs: number, task: () => void): () => void {
    return this.#scheduler.after(delayMs, () => {
      if (this.alive) task();
    });
  }

  soon(task: () => void): void {
    this.after(0, task);
  }

  jump(byMs: number): void {
    this.#skewMs += byMs;
  }

  freeze(): void {
    this.#frozenAt = this.now();
  }

  /** Goes on, at the time it would have without. */
  thaw(): void {
    this.#frozenAt = undefined;
  }

  setRight(): void {
    this.#skewMs = 0;
    this.#frozenAt = undefined;
  }
}
