import type { Clock } from '../model/clock.js';
import { aborted, type CallLimits } from './arguments.js';

/** Runs a call under its options: `run` gets a signal that aborts with the error to give up with, when there is anything that could abort it. */
export async function runCall<T>(clock: Clock, { signal, timeoutMs }: CallLimits, run: (signal: AbortSignal | undefined) => Promise<T>): Promise<T> {
  if (signal === undefined && timeoutMs === undefined) return run(undefined);
  if (signal?.aborted) throw aborted(signal.reason, 'not-accepted');
  const controller = new AbortController();
  const abort = () => controller.abort(aborted(signal?.reason));
  const cancelTimer =
    timeoutMs === undefined ? undefined : clock.after(timeoutMs, () => controller.abort(aborted(new Error(`timed out after ${timeoutMs} ms`))));
  signal?.addEventListener('abort', abort, { once: true });
  try {
    return await run(controller.signal);
  } finally {
    cancelTimer?.();
    signal?.removeEventListener('abort', abort);
  }
}

/** The answer of a call, unless it is given up before. */
export async function untilAborted<T>(signal: AbortSignal | undefined, start: () => Promise<T>): Promise<T> {
  if (signal === undefined) return start();
  signal.throwIfAborted();
  let giveUp!: () => void;
  const givenUp = new Promise<never>((_, reject) => {
    giveUp = () => reject(signal.reason);
    signal.addEventListener('abort', giveUp, { once: true });
  });
  try {
    return await Promise.race([start(), givenUp]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}
