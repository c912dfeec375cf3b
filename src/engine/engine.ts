import type { Clock } from '../model/clock.js';
import { MailringError, type Outcome } from '../model/errors.js';
import type { Hash64 } from '../model/hash.js';
import type { UserId } from '../model/ids.js';
import type { Shard } from '../shard/shard.js';
import type { Crossing } from './crossing.js';
import type { Placement } from './placement.js';

/** What an engine is put together from; the shards are open. */
export interface EngineParts {
  readonly clock: Clock;
  readonly hash: Hash64;
  readonly placement: Placement;
  readonly shards: ReadonlyMap<string, Shard>;
}

/** What the verbs stand on: the shards, which of them owns a mailbox, and what brings messages from one to another. */
export class Engine {
  readonly clock: Clock;
  readonly hash: Hash64;
  readonly shards: ReadonlyMap<string, Shard>;
  /** Present where a send's two mailboxes may not commit together. */
  crossing: Crossing | undefined;
  readonly #placement: Placement;
  #closing: Promise<void> | undefined;
  #calls = 0;
  #onCallsDone: (() => void) | undefined;

  constructor({ clock, hash, placement, shards }: EngineParts) {
    this.clock = clock;
    this.hash = hash;
    this.#placement = placement;
    this.shards = shards;
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** The shard that owns a user's mailbox. */
  shardOf(user: UserId): Shard {
    return this.shards.get(this.#placement.shardOf(user))!;
  }

  /** @throws `MAILRING_CLOSED` */
  insistOpen(outcome?: Outcome): void {
    if (this.closed) throw new MailringError('MAILRING_CLOSED', 'this mailring was closed; open another one', { ...(outcome && { outcome }) });
  }

  /** Counts a call that several shards can have a part in, so that `close` finishes it before it closes the first of them. */
  async track<T>(call: Promise<T>): Promise<T> {
    this.#calls++;
    try {
      return await call;
    } finally {
      if (--this.#calls === 0) this.#onCallsDone?.();
    }
  }

  /** Takes nothing new, finishes what was accepted, closes the stores. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const { watchers } of this.shards.values()) watchers.wakeAll();
    if (this.#calls > 0)
      await new Promise<void>((resolve) => {
        this.#onCallsDone = resolve;
      });
    await this.crossing?.stop();
    await closeAll([...this.shards.values()]);
  }
}

/** Closes all of them, also when one of them fails; then says so. */
export async function closeAll(shards: readonly Shard[]): Promise<void> {
  const results = await Promise.allSettled(shards.map((shard) => shard.close()));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
