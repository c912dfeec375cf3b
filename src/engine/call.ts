import type { Clock } from '../model/clock.js';
import { aborted, type CallLimits } from './arguments.js';

/**
 * Runs a call under its options: `run` gets a signal that aborts with the error to give up with, when there is anything that could abort it. `outcome`: of a write, until it is
 * known better.
 */
export async function runCall<T>(
  clock: Clock,
  { signal, timeoutMs }: CallLimits,
  run: (signal: AbortSignal | undefined) => Promise<T>,
  outcome?: 'not-accepted',
): Promise<T> {
  if (signal === undefined && timeoutMs === undefined) return run(undefined);
  if (signal?.aborted) throw aborted(signal.reason, outcome);
  const controller = new AbortController();
  const giveUp = (cause: unknown) => controller.abort(aborted(cause, outcome));
  const cancelTimer = timeoutMs === undefined ? undefined : clock.after(timeoutMs, () => giveUp(new Error(`timed out after ${timeoutMs} ms`)));
  const forget = signal && onAbort(signal, () => giveUp(signal.reason));
  try {
    return await run(controller.signal);
  } finally {
    cancelTimer?.();
    forget?.();
  }
}

const callsOf = new WeakMap<AbortSignal, Set<() => void>>();

function callAll(this: AbortSignal): void {
  for (const call of [...callsOf.get(this)!]) call();
}

/**
 * Calls when a caller's signal aborts, until it is told to forget it. However many calls share a signal, it has one listener: with one for each, Node would warn the program of
 * a leak.
 */
export function onAbort(signal: AbortSignal, call: () => void): () => void {
  const calls = callsOf.get(signal) ?? new Set();
  callsOf.set(signal, calls);
  calls.add(call);
  signal.addEventListener('abort', callAll);
  return () => {
    if (!calls.delete(call) || calls.size > 0) return;
    callsOf.delete(signal);
    signal.removeEventListener('abort', callAll);
  };
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
