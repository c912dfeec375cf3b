import type { Clock } from 'mailring';

interface Timer {
  readonly at: number;
  readonly task: () => void;
}

/** A clock that a test moves: it stands still until told, may go back, and remembers the delays it was asked for. */
export class ManualClock implements Clock {
  #now: number;
  #passedMs = 0;
  #timers: Timer[] = [];
  /** Delays of all timers so far, in milliseconds. */
  readonly delays: number[] = [];

  constructor(now = 1_700_000_000_000) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  /** Sets the time; timers do not notice. */
  set(now: number): void {
    this.#now = now;
  }

  after(delayMs: number, task: () => void): () => void {
    this.delays.push(delayMs);
    const timer = { at: this.#passedMs + delayMs, task };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  soon(task: () => void): void {
    setImmediate(task);
  }

  /** Lets time pass: runs what is due, then gives everything that follows from it its turns. */
  async pass(ms: number): Promise<void> {
    this.#now += ms;
    this.#passedMs += ms;
    const due = this.#timers.filter(({ at }) => at <= this.#passedMs);
    this.#timers = this.#timers.filter(({ at }) => at > this.#passedMs);
    for (const { task } of due) task();
    await turns();
  }
}

/** Enough turns of the event loop for everything that waits for nothing outside of the process. */
export async function turns(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}
