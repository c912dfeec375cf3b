import type { StoredMessage } from '../mailbox/stored-message.js';
import { isMailringError, MailringError } from '../model/errors.js';
import { conversationIdOf, homeSideOf, messageIdOf, participantsOf, type UserId } from '../model/ids.js';
import type { Limits } from '../model/limits.js';
import type { Shard } from '../shard/shard.js';
import { untilAborted } from './call.js';
import { Deliveries } from './deliveries.js';
import type { Engine } from './engine.js';
import type { Route } from './route.js';
import { Sweep, type SweepFailure } from './sweep.js';

/** The second half of a send. It counts in the backlog until the other mailbox holds the message, whoever still waits for it. */
export interface SendDelivery {
  /** Begins when the home has committed; `undefined`: it has not, there is nothing to deliver. */
  begin(seq: number | undefined): void;
  /** Resolves when the other mailbox is known to hold the message; gives it, `null` when it is gone. */
  done(seq: number, signal: AbortSignal | undefined): Promise<StoredMessage | null>;
}

/** What sends need whose two mailboxes do not commit together. Loaded only for a mailring that can have them: one LevelDB shard has none. */
export class Crossing {
  readonly #deliveries: Deliveries;
  readonly #sweeps: ReadonlyMap<Shard, Sweep>;

  constructor(engine: Engine, limits: Limits) {
    this.#deliveries = new Deliveries(limits.undeliveredPerHome);
    const routeOf = (home: UserId, other: UserId): Route => {
      const participants = participantsOf(home, other);
      const homeSide = homeSideOf(participants, engine.hash);
      return { conversationId: conversationIdOf(participants), home, other, homeSide, homeShard: engine.shardOf(home), otherShard: engine.shardOf(other) };
    };
    const host = { clock: engine.clock, deliveries: this.#deliveries, routeOf };
    this.#sweeps = new Map([...engine.shards.values()].map((shard) => [shard, new Sweep(host, shard, limits.sweepMs)]));
    for (const sweep of this.#sweeps.values()) sweep.start();
  }

  /** Takes a send on; see {@link Deliveries.admit}. */
  admit(route: Route): SendDelivery {
    const release = this.#deliveries.admit(route);
    let delivering: Promise<StoredMessage | null> | undefined;
    return {
      begin: (seq) => {
        if (seq === undefined) return release();
        delivering = this.#deliveries.deliver(route, seq, release);
        // Goes on when nobody waits for it.
        delivering.catch(() => undefined);
      },
      done: (seq, signal) => this.#done(route, seq, () => delivering!, signal),
    };
  }

  /** After the home commit nothing is refused any more: what fails now is unconfirmed, and says where the message stands. */
  async #done(route: Route, seq: number, delivering: () => Promise<StoredMessage | null>, signal: AbortSignal | undefined): Promise<StoredMessage | null> {
    try {
      return await untilAborted(signal, delivering);
    } catch (error) {
      if (!isMailringError(error)) throw error;
      const details = { ...error.details, messageId: messageIdOf(route.conversationId, seq), conversationId: route.conversationId, seq };
      throw new MailringError(error.code, error.message, { ...error, outcome: 'unconfirmed', details, cause: error.cause ?? error });
    }
  }

  /** What the last sweep could not deliver from the home mailboxes of a shard. */
  undelivered(shard: Shard): SweepFailure | undefined {
    return this.#sweeps.get(shard)?.failure;
  }

  /** Ends, after what is being swept. */
  async stop(): Promise<void> {
    await Promise.all([...this.#sweeps.values()].map((sweep) => sweep.stop()));
  }
}
