import type { Clock } from '../model/clock.js';
import { MailringError } from '../model/errors.js';
import type { Hash64 } from '../model/hash.js';
import type { UserId } from '../model/ids.js';
import type { Ring } from '../ring/ring.js';
import type { Shard } from '../shard/shard.js';

/** What the verbs stand on: the shards, and which of them owns a mailbox. */
export class Engine {
  readonly clock: Clock;
  readonly hash: Hash64;
  readonly shards: ReadonlyMap<string, Shard>;
  readonly #ring: Ring;
  #closing: Promise<void> | undefined;

  constructor(clock: Clock, hash: Hash64, ring: Ring, shards: ReadonlyMap<string, Shard>) {
    this.clock = clock;
    this.hash = hash;
    this.#ring = ring;
    this.shards = shards;
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** The shard that owns a user's mailbox. */
  shardOf(user: UserId): Shard {
    return this.shards.get(this.#ring.shardOf(user))!;
  }

  /** @throws `MAILRING_CLOSED` */
  insistOpen(): void {
    if (this.closed) throw new MailringError('MAILRING_CLOSED', 'this mailring was closed; open another one', { outcome: 'not-accepted' });
  }

  /** Takes nothing new, finishes what was accepted, closes the stores. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= closeAll([...this.shards.values()]);
    return this.#closing;
  }
}

/** Closes all of them, also when one of them fails; then says so. */
export async function closeAll(shards: readonly Shard[]): Promise<void> {
  const results = await Promise.allSettled(shards.map((shard) => shard.close()));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
