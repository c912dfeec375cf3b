import { Mutex } from 'async-mutex';
import type { Clock } from '../model/clock.js';
import { isMailringError, type MailringError, type Outcome, unavailable } from '../model/errors.js';
import type { Limits } from '../model/limits.js';
import type { Logger } from '../model/logger.js';
import type { Store, StoreOpenOptions } from '../store/store.js';

/** What a keeper is made of. */
export interface StoreKeeperOptions {
  readonly name: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly logger: Logger;
}

/**
 * Whether a shard's store can be used. `fenced`: a write failed, nothing more is issued until it has been closed and opened again. `failed`: that did not succeed within the
 * tries that `limits` allow.
 */
export type StoreStatus = 'new' | 'open' | 'fenced' | 'failed' | 'closed';

/**
 * Opens a shard's store, fences it after the first failed write, opens it again with a growing delay, and closes it. After a failed write the same handle may acknowledge
 * writes that are gone after the next open (measured on a full disk): only a new handle can be trusted.
 */
export class StoreKeeper {
  readonly #store: Store;
  readonly #shard: string;
  readonly #clock: Clock;
  readonly #limits: Limits;
  readonly #logger: Logger;
  readonly #mutex = new Mutex();
  /** Called when a fence has ended: the store was opened again, or stays closed. */
  readonly #unfenced: () => void;
  #status: StoreStatus = 'new';
  #cause: unknown;
  #delayMs = 0;
  #cancelDelay: (() => void) | undefined;
  #closing = false;
  /** How often the store was fenced. */
  fences = 0;

  constructor({ store, name, clock, limits, logger }: StoreKeeperOptions, unfenced: () => void) {
    this.#store = store;
    this.#shard = name;
    this.#clock = clock;
    this.#limits = limits;
    this.#logger = logger;
    this.#unfenced = unfenced;
  }

  get status(): StoreStatus {
    return this.#status;
  }

  /** Why the store was fenced, or could not be opened again. */
  get cause(): unknown {
    return this.#cause;
  }

  async open(options: Omit<StoreOpenOptions, 'clock'>): Promise<void> {
    await this.#mutex.runExclusive(async () => {
      if (this.#closing) throw this.error(new Error('the opening was given up'));
      try {
        await this.#store.open({ ...options, clock: this.#clock });
      } catch (error) {
        throw isMailringError(error) && !error.retryable ? error : this.error(error);
      }
      this.#status = 'open';
    });
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#cancelDelay?.();
    await this.#mutex.runExclusive(async () => {
      const opened = this.#status !== 'new' && this.#status !== 'closed';
      this.#status = 'closed';
      // A store that this keeper did not open, or was refused, may be somebody else's.
      if (opened) await this.#store.close();
    });
  }

  /** Issues nothing more on this handle, and begins to open a new one. */
  fence(cause: unknown): void {
    if (this.#status !== 'open') return;
    this.#status = 'fenced';
    this.#cause = cause;
    this.fences++;
    void this.#reopen();
    this.#logger.error('a write failed: the shard takes nothing until its store has been opened again', { shard: this.#shard, cause });
  }

  /** The error of a call while the store is not open; `undefined` while it is. */
  refusal(outcome?: Outcome): MailringError | undefined {
    return this.#status === 'open' ? undefined : this.#unavailable(this.#cause, outcome);
  }

  /** What a caller is told when the store failed: errors that are about data stay what they are; that the store was closed in order to be opened again does not concern a caller. */
  error(cause: unknown, outcome?: Outcome): MailringError {
    if (isMailringError(cause) && cause.code !== 'MAILRING_UNAVAILABLE' && cause.code !== 'MAILRING_CLOSED') return cause;
    return this.#unavailable(cause, outcome);
  }

  #unavailable(cause: unknown, outcome: Outcome | undefined): MailringError {
    const failed = this.#status === 'failed';
    const advice = failed ? 'close this mailring and open another' : 'try again later, a send with the same clientMessageId';
    const why = cause instanceof Error ? ` cause=\`${cause.message}\`` : '';
    return unavailable(`the store of a shard cannot be used now; ${advice}. shard=\`${this.#shard}\`${why}`, {
      ...(outcome && { outcome }),
      ...(failed ? { retryable: false } : { retryAfterMs: Math.max(this.#delayMs, this.#limits.reopenDelayMs) }),
      cause,
      details: { shard: this.#shard },
    });
  }

  async #reopen(): Promise<void> {
    this.#delayMs = this.#limits.reopenDelayMs;
    for (let tries = 0; tries < this.#limits.reopenTries && this.#status === 'fenced' && !this.#closing; tries++) {
      await new Promise<void>((resolve) => {
        const cancel = this.#clock.after(this.#delayMs, resolve);
        this.#cancelDelay = () => {
          cancel();
          resolve();
        };
      });
      await this.#mutex.runExclusive(() => this.#tryOpen());
      this.#delayMs = Math.min(2 * this.#delayMs, this.#limits.reopenDelayMaxMs);
    }
    this.#delayMs = 0;
    if (this.#status !== 'fenced' || this.#closing) return;
    this.#status = 'failed';
    this.#unfenced();
    this.#logger.error('the store of a shard stays closed: close this mailring and open another', { shard: this.#shard, tries: this.#limits.reopenTries });
  }

  async #tryOpen(): Promise<void> {
    if (this.#status !== 'fenced') return;
    try {
      await this.#store.close();
      await this.#store.open({ clock: this.#clock });
      this.#status = 'open';
      this.#unfenced();
      this.#logger.info('the store of a shard was opened again', { shard: this.#shard });
    } catch (error) {
      this.#cause = error;
      this.#logger.warn('the store of a shard could not be opened again yet', { shard: this.#shard, cause: error });
    }
  }
}
