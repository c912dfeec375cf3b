import type { PlanSide } from '../mailbox/plan-copy.js';
import { baseState, planBaseEnd, planMarkEnd, type Tail } from '../mailbox/plan-mark-end.js';
import { bytesKey } from '../model/bytes.js';
import type { Clock } from '../model/clock.js';
import { type UserId, userOf } from '../model/ids.js';
import { MARK_SLOTS, SEND_ROW_BYTES_MAX, SWEEP_CONCURRENCY, SWEEP_PATIENCE_MS } from '../model/limits.js';
import type { Shard } from '../shard/shard.js';
import type { Mark } from '../store/store.js';
import type { Deliveries } from './deliveries.js';
import type { Route } from './route.js';

/** What sweeps need of the engine. */
export interface SweepHost {
  readonly clock: Clock;
  readonly deliveries: Deliveries;
  routeOf(home: UserId, other: UserId): Route;
}

/** What a sweep could not do: of how many marks, and why the last of them. Marks that could not be read count as none. */
export interface SweepFailure {
  readonly marks: number;
  readonly error: unknown;
}

/**
 * Finds conversations homed in one shard whose other mailbox may lack their end, from the marks that home commits have set, and delivers it: at open, what a crash has left, and
 * every `sweepMs`, what a store that was down has. A conversation that had no new message for a whole interval, and whose other mailbox holds everything, loses its mark.
 * Reads what is marked and nothing else. What waits for a store that does not answer holds up nothing else: it is left to go on by itself, and not begun a second time.
 */
export class Sweep {
  readonly #host: SweepHost;
  readonly #shard: Shard;
  readonly #everyMs: number;
  /** By conversation: the last seq that the sweep before saw. */
  #seen = new Map<string, number>();
  /** By mark. */
  readonly #underWay = new Map<string, Promise<void>>();
  #failure: SweepFailure | undefined;
  #cancel: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(host: SweepHost, shard: Shard, everyMs: number) {
    this.#host = host;
    this.#shard = shard;
    this.#everyMs = everyMs;
  }

  /** What the last sweep could not deliver. */
  get failure(): SweepFailure | undefined {
    return this.#failure;
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
    await Promise.all(this.#underWay.values());
  }

  async #all(): Promise<void> {
    const seen = new Map<string, number>();
    let failure: SweepFailure | undefined;
    const failed = (marks: number, error: unknown) => {
      failure = { marks: (failure?.marks ?? 0) + marks, error };
    };
    for (let slot = 0; slot < MARK_SLOTS && !this.#stopped; slot++) {
      const marks = await this.#marks(slot).catch((error) => {
        failed(0, error);
        return [];
      });
      for (let i = 0; i < marks.length && !this.#stopped; i += SWEEP_CONCURRENCY) {
        await this.#patiently(marks.slice(i, i + SWEEP_CONCURRENCY).map((mark) => this.#begin(mark, seen, (error) => failed(1, error))));
      }
    }
    this.#seen = seen;
    this.#failure = failure;
  }

  #marks(slot: number): Promise<Mark[]> {
    return this.#shard.ask(async (store) => {
      const marks: Mark[] = [];
      for await (const mark of store.scanMarks(slot)) marks.push(mark);
      return marks;
    });
  }

  /** Begins with a mark, unless it is still being worked on. */
  #begin(mark: Mark, seen: Map<string, number>, failed: (error: unknown) => void): Promise<void> {
    const key = `${bytesKey(mark.partition)} ${bytesKey(mark.name)}`;
    const known = this.#underWay.get(key);
    if (known !== undefined) {
      failed(new Error('a delivery is not answered'));
      return Promise.resolve();
    }
    const sweeping = this.#sweep(this.#shard, mark, seen)
      .catch(failed)
      .finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, sweeping);
    return sweeping;
  }

  /** Waits for all of them, but not for long. */
  async #patiently(tasks: readonly Promise<void>[]): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = this.#host.clock.after(SWEEP_PATIENCE_MS, resolve);
      void Promise.all(tasks).then(() => {
        cancel();
        resolve();
      });
    });
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
