import type { VerifyProblem } from '../mailbox/verify-problem.js';
import { requireInteger } from '../model/arguments.js';
import type { UserId } from '../model/ids.js';
import { readCallback, readOptions, readRequest, readSignal, readUserId } from './arguments.js';
import { runCall } from './call.js';
import type { Engine } from './engine.js';

export type { VerifyProblem, VerifyProblemKind } from '../mailbox/verify-problem.js';

/** What to verify: one user's mailbox, or with nothing everybody's. */
export interface VerifyRequest {
  /** Only this mailbox; absent, all of them. */
  readonly userId?: string | undefined;
}

/** How fast to read. */
export interface ScrubRequest {
  /** Of keys and values of the store, on average, 1 … 2^53−1. */
  readonly bytesPerSecond: number;
}

/** What a verification has looked at. */
export interface VerifyProgress {
  /** Looked at so far. */
  readonly mailboxes: number;
  /** Counted in each mailbox that holds them. */
  readonly messages: number;
}

/** How a verification is watched and given up. */
export interface VerifyOptions {
  /** Ends it with `MAILRING_ABORTED`. */
  readonly signal?: AbortSignal | undefined;
  /** Called now and then, and at the end, with what was checked so far. What it throws, the call rejects with. */
  readonly onProgress?: ((checked: VerifyProgress) => void) | undefined;
}

/** What was found. */
export interface Verification {
  /** Whether nothing was found. */
  readonly ok: boolean;
  /** At most 10,000; where more were found, one last of kind `store` says how many were left out. */
  readonly problems: readonly VerifyProblem[];
  /** What was looked at; messages counts copies. */
  readonly checked: VerifyProgress;
}

export async function verify(engine: Engine, request: VerifyRequest = {}, options?: VerifyOptions): Promise<Verification> {
  engine.insistOpen();
  const { userId } = readRequest(request, ['userId'], 'verify');
  const user = userId === undefined ? undefined : readUserId(userId, 'userId');
  return run(engine, 'verify', { user }, options);
}

export async function scrub(engine: Engine, request: ScrubRequest, options?: VerifyOptions): Promise<Verification> {
  engine.insistOpen();
  const { bytesPerSecond } = readRequest(request, ['bytesPerSecond'], 'scrub');
  return run(engine, 'scrub', { bytesPerSecond: requireInteger(bytesPerSecond, 'bytesPerSecond', 1, Number.MAX_SAFE_INTEGER) }, options);
}

/** What to verify, and how fast. */
export interface VerifyScope {
  readonly user?: UserId | undefined;
  readonly bytesPerSecond?: number;
}

async function run(engine: Engine, verb: string, scope: VerifyScope, options: VerifyOptions | undefined): Promise<Verification> {
  const { signal, onProgress } = readOptions(options, ['signal', 'onProgress'], verb);
  const limits = { signal: readSignal(signal), timeoutMs: undefined };
  const progress = readCallback(onProgress);
  return runCall(engine.clock, limits, async (signal) => {
    // Loaded when first needed: most processes never verify.
    const { VerifyRun } = await import('./verify-run.js');
    const run = new VerifyRun(engine, scope, signal, progress);
    if (scope.user !== undefined) await run.mailbox(scope.user);
    else for (const shard of engine.shards.values()) await run.shard(shard);
    return run.finish();
  });
}
