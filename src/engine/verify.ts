import type { VerifyProblem } from '../mailbox/verify-problem.js';
import { typeOf } from '../model/arguments.js';
import { readOptions, readRequest, readSignal, readUserId } from './arguments.js';
import { runCall } from './call.js';
import type { Engine } from './engine.js';

export type { VerifyProblem, VerifyProblemKind } from '../mailbox/verify-problem.js';

/** What to verify: one user's mailbox, or with nothing everybody's. */
export interface VerifyRequest {
  /** Only this mailbox; absent, all of them. */
  readonly userId?: string | undefined;
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
  const { signal, onProgress } = readOptions(options, ['signal', 'onProgress'], 'verify');
  if (onProgress !== undefined && typeof onProgress !== 'function') throw new TypeError(`onProgress must be a function. type=\`${typeOf(onProgress)}\``);
  const limits = { signal: readSignal(signal), timeoutMs: undefined };
  return runCall(engine.clock, limits, async (signal) => {
    // Loaded when first needed: most processes never verify.
    const { VerifyRun } = await import('./verify-run.js');
    const run = new VerifyRun(engine, signal, user !== undefined, onProgress);
    if (user !== undefined) await run.mailbox(user);
    else for (const shard of engine.shards.values()) await run.shard(shard);
    return run.finish();
  });
}
