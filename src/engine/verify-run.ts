import { ProblemList } from '../mailbox/verify-problem.js';
import { isMailringError } from '../model/errors.js';
import { type UserId, userOf } from '../model/ids.js';
import type { Shard } from '../shard/shard.js';
import type { Partition } from '../store/store.js';
import type { Engine } from './engine.js';
import { isIdentityPartition } from './identity.js';
import { Pace } from './pace.js';
import type { Verification, VerifyOptions, VerifyProgress, VerifyScope } from './verify.js';
import { MailboxVerifier } from './verify-mailbox.js';

/** Mailboxes between two calls of `onProgress`. */
const PROGRESS_MAILBOXES = 1_000;

/** One verification: of one mailbox or of all, and what it has found so far. */
export class VerifyRun {
  readonly #verifier: MailboxVerifier;
  readonly #onProgress: VerifyOptions['onProgress'];
  readonly #problems = new ProblemList();
  #mailboxes = 0;
  #messages = 0;

  constructor(engine: Engine, { user, bytesPerSecond }: VerifyScope, signal: AbortSignal | undefined, onProgress: VerifyOptions['onProgress']) {
    const pace = new Pace(engine, bytesPerSecond, signal);
    this.#verifier = new MailboxVerifier(engine, signal, user !== undefined, pace);
    this.#onProgress = onProgress;
  }

  async mailbox(user: UserId): Promise<void> {
    const { problems, messages, empty } = await this.#verifier.verify(user);
    this.#problems.addAll(problems);
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
      this.#problems.add({ kind: 'store', userId: '', text: `the mailboxes of shard ${shard.name} cannot all be listed. reason=\`${error.message}\`` });
    } finally {
      partitions.return?.().catch(() => undefined);
    }
  }

  finish(): Verification {
    this.#progress();
    return { ok: this.#problems.empty, problems: this.#problems.finish(), checked: this.#checked };
  }

  async #partition(shard: Shard, partition: Partition): Promise<void> {
    const user = userOf(partition);
    if (user !== undefined) await this.mailbox(user);
    else if (!isIdentityPartition(partition)) {
      this.#problems.add({
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
