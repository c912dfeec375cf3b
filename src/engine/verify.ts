import type { VerifyProblem } from '../mailbox/verify-problem.js';
import { checkKeys, requireObject, typeOf } from '../model/arguments.js';
import { isMailringError } from '../model/errors.js';
import { type UserId, userOf } from '../model/ids.js';
import type { Shard } from '../shard/shard.js';
import type { Partition } from '../store/store.js';
import { readRequest, readSignal, readUserId } from './arguments.js';
import { runCall } from './call.js';
import type { Engine } from './engine.js';
import { isIdentityPartition } from './identity.js';
import type { MailboxVerifier } from './verify-mailbox.js';

export type { VerifyProblem, VerifyProblemKind } from '../mailbox/verify-problem.js';

/** What to verify: one user's mailbox, or with nothing everybody's. */
export interface VerifyRequest {
  readonly userId?: string | undefined;
}

/** What a verification has looked at. */
export interface VerifyProgress {
  readonly mailboxes: number;
  /** Counted in each mailbox that holds them. */
  readonly messages: number;
}

/** How a verification is watched and given up. */
export interface VerifyOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called now and then, and at the end, with what was checked so far. What it throws, the call rejects with. */
  readonly onProgress?: ((checked: VerifyProgress) => void) | undefined;
}

/** What was found. */
export interface Verification {
  readonly ok: boolean;
  readonly problems: readonly VerifyProblem[];
  readonly checked: VerifyProgress;
}

/** Mailboxes between two calls of `onProgress`. */
const PROGRESS_MAILBOXES = 1_000;

export async function verify(engine: Engine, request: VerifyRequest = {}, options: VerifyOptions = {}): Promise<Verification> {
  engine.insistOpen();
  const { userId } = readRequest(request, ['userId'], 'verify');
  const user = userId === undefined ? undefined : readUserId(userId, 'userId');
  checkKeys(requireObject(options, 'the options of verify'), ['signal', 'onProgress'], 'the options of verify');
  const { onProgress } = options;
  if (onProgress !== undefined && typeof onProgress !== 'function') throw new TypeError(`onProgress must be a function. type=\`${typeOf(onProgress)}\``);
  const limits = { signal: readSignal(options.signal), timeoutMs: undefined };
  return runCall(engine.clock, limits, async (signal) => {
    // Loaded when first needed: most processes never verify.
    const { MailboxVerifier } = await import('./verify-mailbox.js');
    const run = new VerifyRun(new MailboxVerifier(engine, signal, user !== undefined), onProgress);
    if (user !== undefined) await run.mailbox(user);
    else for (const shard of engine.shards.values()) await run.shard(shard);
    return run.finish();
  });
}

class VerifyRun {
  readonly #verifier: MailboxVerifier;
  readonly #onProgress: VerifyOptions['onProgress'];
  readonly #problems: VerifyProblem[] = [];
  #mailboxes = 0;
  #messages = 0;

  constructor(verifier: MailboxVerifier, onProgress: VerifyOptions['onProgress']) {
    this.#verifier = verifier;
    this.#onProgress = onProgress;
  }

  async mailbox(user: UserId): Promise<void> {
    const { problems, messages, empty } = await this.#verifier.verify(user);
    for (const problem of problems) this.#problems.push(problem);
    if (empty) return;
    this.#messages += messages;
    if (++this.#mailboxes % PROGRESS_MAILBOXES === 0) this.#progress();
  }

  /** All mailboxes of a shard. Where its store is too damaged to list them, those that were not listed are not checked, and it is said. */
  async shard(shard: Shard): Promise<void> {
    const partitions = shard.store.partitions()[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await this.#verifier.ask(shard, () => partitions.next());
        if (next.done) return;
        await this.#partition(shard, next.value);
      }
    } catch (error) {
      if (!isMailringError(error, 'MAILRING_CORRUPT')) throw error;
      this.#problems.push({ kind: 'store', userId: '', text: `the mailboxes of shard ${shard.name} cannot all be listed. reason=\`${error.message}\`` });
    } finally {
      partitions.return?.().catch(() => undefined);
    }
  }

  finish(): Verification {
    this.#progress();
    return { ok: this.#problems.length === 0, problems: this.#problems, checked: this.#checked };
  }

  async #partition(shard: Shard, partition: Partition): Promise<void> {
    const user = userOf(partition);
    if (user !== undefined) await this.mailbox(user);
    else if (!isIdentityPartition(partition)) {
      this.#problems.push({
        kind: 'partition',
        userId: '',
        text: `a partition is no user's. shard=\`${shard.name}\` partition=\`${Buffer.from(partition).toString('hex')}\``,
      });
    }
  }

  get #checked(): VerifyProgress {
    return { mailboxes: this.#mailboxes, messages: this.#messages };
  }

  #progress(): void {
    this.#onProgress?.(this.#checked);
  }
}
