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
