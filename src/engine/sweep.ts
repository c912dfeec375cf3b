import type { PlanSide } from '../mailbox/plan-copy.js';
import { baseState, planBaseEnd, planMarkEnd, type Tail } from '../mailbox/plan-mark-end.js';
import type { Clock } from '../model/clock.js';
import { type UserId, userOf } from '../model/ids.js';
import { MARK_SLOTS, SEND_ROW_BYTES_MAX, SWEEP_CONCURRENCY } from '../model/limits.js';
import type { Shard } from '../shard/shard.js';
import type { Mark } from '../store/store.js';
import type { Deliveries } from './deliveries.js';
import type { Route } from './route.js';

/** What a sweep needs of the engine. */
export interface SweepHost {
  readonly clock: Clock;
  readonly shards: Iterable<Shard>;
  readonly deliveries: Deliveries;
  routeOf(home: UserId, other: UserId): Route;
}

/** What a sweep could not deliver: marks of how many conversations or mailboxes, and why the last of them. */
export interface SweepFailure {
  readonly marks: number;
  readonly error: unknown;
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
  /** By the shard of the homes: what the last whole sweep could not deliver. */
  #failures: ReadonlyMap<Shard, SweepFailure> = new Map();

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

  /** What could not be delivered when all of a shard was swept last. */
  failure(shard: Shard): SweepFailure | undefined {
    return this.#failures.get(shard);
  }

  async #all(): Promise<void> {
    const seen = new Map<string, number>();
    const failures = new Map<Shard, SweepFailure>();
    await Promise.all([...this.#host.shards].map((shard) => this.#shard(shard, seen, failures)));
    this.#seen = seen;
    this.#failures = failures;
  }

  async #shard(shard: Shard, seen: Map<string, number>, failures: Map<Shard, SweepFailure>): Promise<void> {
    for (let slot = 0; slot < MARK_SLOTS && !this.#stopped; slot++) {
      const marks = await this.#marks(shard, slot);
      for (let i = 0; i < marks.length && !this.#stopped; i += SWEEP_CONCURRENCY) {
        const results = await Promise.allSettled(marks.slice(i, i + SWEEP_CONCURRENCY).map((mark) => this.#sweep(shard, mark, seen)));
        for (const result of results) {
          if (result.status === 'rejected') failures.set(shard, { marks: (failures.get(shard)?.marks ?? 0) + 1, error: result.reason });
        }
      }
    }
  }

  /** The marks of a slot; those read so far from a store that stops answering: the next sweep comes. */
  async #marks(shard: Shard, slot: number): Promise<Mark[]> {
    const marks: Mark[] = [];
    try {
      for await (const mark of shard.store.scanMarks(slot)) marks.push(mark);
    } catch {
      return marks;
    }
    return marks;
  }

  async #sweep(shard: Shard, mark: Mark, seen: Map<string, number>): Promise<void> {
    const home = userOf(mark.partition);
    const other = userOf(mark.name);
    if (home === undefined) return;
    if (other !== undefined) await this.#conversation(home, other, seen);
    else if (mark.name.length === BASE_NAME_BYTES) await this.#base(shard, home, mark, seen);
  }

  /** A mark of one conversation. */
  async #conversation(home: UserId, other: UserId, seen: Map<string, number>): Promise<void> {
    const lastSeq = await this.#host.routeOf(home, other).homeShard.read(home, (view) => view.conversation(other)?.lastSeq);
    await this.#deliver(home, { peer: other, lastSeq });
    if (!this.#idle(`${home.length} ${home}${other}`, lastSeq, seen)) return;
    await this.#commit(home, (side) => planMarkEnd(other, lastSeq, side));
  }

  /** A mark of a mailbox: of all that was sent from it since its version was `base`. */
  async #base(shard: Shard, home: UserId, mark: Mark, seen: Map<string, number>): Promise<void> {
    const base = Buffer.from(mark.name).readUIntBE(0, BASE_NAME_BYTES);
    const { mark: found, tails } = await shard.read(home, (view) => baseState(view, base));
    if (found === 'dead') return shard.clearMark(mark);
    // A head that still is at the base is moved on first: the commit that set this mark may be on its way, and must be refused from now on.
    if (found === 'slow') return this.#commit(home, touch);
    await Promise.all(tails.map((tail) => this.#deliver(home, tail)));
    const sum = tails.reduce((all, { lastSeq }) => all + lastSeq, 0);
    if (!this.#idle(`${base} ${home}`, sum, seen)) return;
    const held = new Map(tails.map(({ peer, lastSeq }) => [peer, lastSeq]));
    await this.#commit(home, (side) => planBaseEnd(base, held, side));
  }

  async #deliver(home: UserId, { peer, lastSeq }: Tail): Promise<void> {
    if (lastSeq > 0) await this.#host.deliveries.deliver(this.#host.routeOf(home, peer), lastSeq);
  }

  /** Whether the sweep before saw the same. */
  #idle(key: string, now: number, seen: Map<string, number>): boolean {
    seen.set(key, now);
    return this.#seen.get(key) === now;
  }

  async #commit(home: UserId, plan: (side: PlanSide) => boolean | undefined): Promise<void> {
    const { homeShard } = this.#host.routeOf(home, home);
    await homeShard.commit({ users: [home], order: home, bytes: SEND_ROW_BYTES_MAX, owed: true, plan: ([side]) => plan(side!) });
  }
}

/** Bytes of a mark's name that is a version. */
const BASE_NAME_BYTES = 6;

function touch({ draft }: PlanSide): boolean {
  draft.touch();
  return true;
}
