import { planMarkEnd } from '../mailbox/plan-send.js';
import type { Clock } from '../model/clock.js';
import { type UserId, userOf } from '../model/ids.js';
import { MARK_SLOTS, SEND_ROW_BYTES_MAX, SWEEP_CONCURRENCY } from '../model/limits.js';
import type { Shard } from '../shard/shard.js';
import type { Deliveries, Route } from './deliveries.js';

/** A marked conversation, by its home. */
interface Marked {
  readonly home: UserId;
  readonly other: UserId;
}

/** What a sweep needs of the engine. */
export interface SweepHost {
  readonly clock: Clock;
  readonly shards: Iterable<Shard>;
  readonly deliveries: Deliveries;
  routeOf(home: UserId, other: UserId): Route;
}

/**
 * Finds conversations whose other mailbox may lack their end, from the marks that home commits have set, and delivers it: at open, what a crash has left, and every
 * `sweepMs`, what a store that was down has. A conversation that had no new message for a whole interval, and whose other mailbox holds everything, loses its mark.
 * Reads what is marked and nothing else.
 */
export class Sweep {
  readonly #host: SweepHost;
  readonly #everyMs: number;
  /** By conversation: the last seq that the sweep before saw. */
  #seen = new Map<string, number>();
  #cancel: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #stopped = false;
  /** Marked conversations that were swept so far. */
  swept = 0;

  constructor(host: SweepHost, everyMs: number) {
    this.#host = host;
    this.#everyMs = everyMs;
  }

  /** Sweeps now, and then every interval. */
  start(): void {
    this.#running = this.#all().finally(() => {
      this.#running = undefined;
      if (!this.#stopped) this.#cancel = this.#host.clock.after(this.#everyMs, () => this.start());
    });
  }

  /** Ends, after what is being swept. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#running;
  }

  async #all(): Promise<void> {
    const seen = new Map<string, number>();
    await Promise.all([...this.#host.shards].map((shard) => this.#shard(shard, seen)));
    this.#seen = seen;
  }

  async #shard(shard: Shard, seen: Map<string, number>): Promise<void> {
    for (let slot = 0; slot < MARK_SLOTS && !this.#stopped; slot++) {
      const marked = await this.#marks(shard, slot);
      for (let i = 0; i < marked.length && !this.#stopped; i += SWEEP_CONCURRENCY) {
        await Promise.allSettled(marked.slice(i, i + SWEEP_CONCURRENCY).map((one) => this.#sweep(one, seen)));
      }
    }
  }

  /** The marks of a slot; none from a store that does not answer: the next sweep comes. */
  async #marks(shard: Shard, slot: number): Promise<Marked[]> {
    const marked: Marked[] = [];
    try {
      for await (const { partition, name } of shard.store.scanMarks(slot)) {
        const [home, other] = [userOf(partition), userOf(name)];
        if (home !== undefined && other !== undefined) marked.push({ home, other });
      }
    } catch {
      return marked;
    }
    return marked;
  }

  async #sweep({ home, other }: Marked, seen: Map<string, number>): Promise<void> {
    this.swept++;
    const route = this.#host.routeOf(home, other);
    const lastSeq = await route.homeShard.read(home, (view) => view.conversation(other)?.lastSeq);
    if (lastSeq > 0) await this.#host.deliveries.deliver(route, lastSeq);
    if (this.#seen.get(route.conversationId) === lastSeq || lastSeq === 0) {
      const plan = ([side]: Parameters<Parameters<Shard['commit']>[0]['plan']>[0]) => planMarkEnd(other, lastSeq, side!);
      await route.homeShard.commit({ users: [home], order: route.conversationId, bytes: SEND_ROW_BYTES_MAX, owed: true, plan });
    } else seen.set(route.conversationId, lastSeq);
  }
}
