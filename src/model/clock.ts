import { U48_MAX } from './limits.js';

/**
 * Time as the engine sees it. It is passed in, so that a simulation owns it; nothing else in src/ asks for the time or sets a timer.
 * No promise of mailring depends on a clock being right: versions increase when it stands, jumps or goes back.
 */
export interface Clock {
  /** Milliseconds since 1970; may stand still or go back. */
  now(): number;
  /** Runs `task` once, after at least `delayMs`; the answer cancels it. A pending timer never keeps the process alive. */
  after(delayMs: number, task: () => void): () => void;
  /** Runs `task` in a later turn of the event loop, after what is already waiting there. */
  soon(task: () => void): void;
}

/** The time of a clock, as far as it is one: no promise depends on it, so one that throws or tells nonsense counts as 0. */
export function timeOf(clock: Clock): number {
  try {
    const now = Math.floor(clock.now());
    return now > 0 && now <= U48_MAX ? now : 0;
  } catch {
    return 0;
  }
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
  soon: (task) => void setImmediate(task),
};
