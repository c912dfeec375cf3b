import { pause } from '../model/pause.js';
import { untilAborted } from './call.js';
import type { Engine } from './engine.js';

/** Shortest wait, in milliseconds: what is due before is saved up. */
const WAIT_MIN_MS = 10;
/** Longest wait in one piece, in milliseconds: so soon the end of the mailring is seen. */
const WAIT_MAX_MS = 1_000;

/** Holds a reader of much to a number of bytes a second; everybody else has a turn of the event loop between two of its steps in any case. */
export class Pace {
  readonly #engine: Engine;
  readonly #bytesPerSecond: number;
  readonly #signal: AbortSignal | undefined;
  /** Milliseconds for what was read that were not waited yet. */
  #dueMs = 0;
  #hurried = false;

  constructor(engine: Engine, bytesPerSecond = Number.POSITIVE_INFINITY, signal?: AbortSignal) {
    this.#engine = engine;
    this.#bytesPerSecond = bytesPerSecond;
    this.#signal = signal;
  }

  /** Counts what was read. */
  spend(bytes: number): void {
    this.#dueMs += (bytes / this.#bytesPerSecond) * 1_000;
  }

  /** Waits as long as what was read since the last time may take. */
  async rest(): Promise<void> {
    await new Promise<void>((resolve) => this.#engine.clock.soon(resolve));
    while (this.#dueMs >= WAIT_MIN_MS && !this.#hurried && !this.#engine.closed) {
      const ms = Math.min(this.#dueMs, WAIT_MAX_MS);
      await untilAborted(this.#signal, () => pause(this.#engine.clock, ms));
      this.#dueMs -= ms;
    }
  }

  /** Runs a task for which others wait: it does not rest, and what it read is waited for afterwards. */
  async hurry<T>(task: () => Promise<T>): Promise<T> {
    this.#hurried = true;
    try {
      return await task();
    } finally {
      this.#hurried = false;
    }
  }
}
