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
  admit(route: Route): () => void {
    return this.#deliveries.admit(route);
  }

  /** Delivers. After the home commit nothing is refused any more: what fails now is unconfirmed, and says where the message stands. */
  async deliver(route: Route, seq: number, signal: AbortSignal | undefined): Promise<StoredMessage | null> {
    try {
      return await untilAborted(signal, () => this.#deliveries.deliver(route, seq));
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
