import type { ByteWriter } from '../mailbox/byte-writer.js';
import { MailboxDraft } from '../mailbox/mailbox-draft.js';
import type { MailboxState } from '../mailbox/mailbox-state.js';
import { type Clock, timeOf } from '../model/clock.js';
import { corrupt, type MailringError } from '../model/errors.js';
import type { UserId } from '../model/ids.js';
import { PLAN_ROUNDS_MAX } from '../model/limits.js';
import type { ApplyResult, MarkChange, Partition, PartitionWrite } from '../store/store.js';
import { takeTurns } from './take-turns.js';
import type { WaitingWrite } from './waiting-write.js';

/** What a lane asks of the shard it belongs to. */
export interface LaneHost {
  readonly clock: Clock;
  /** Bytes of rows one batch may bring. */
  readonly batchBytesMax: number;
  /** Loads the mailboxes of a write that are not in memory; `undefined` when all of them are. */
  loadMailboxes(write: WaitingWrite<unknown>): Promise<void> | undefined;
  /** Reads what a trim of these mailboxes' logs needs, where one is due; `undefined` when nothing is to be read. */
  readTrims(write: WaitingWrite<unknown>): Promise<void> | undefined;
  /** Reads what the views of a write lack. */
  readNeeds(write: WaitingWrite<unknown>): Promise<void>;
  /** Forgets what is known of the mailboxes of a write that the store, or a view, has found to be behind. */
  dropStale(write: WaitingWrite<unknown>): void;
  /** Where the marks of a mailbox stand. */
  markSlotOf(partition: Partition): number;
  /** Forgets those mailboxes of a write that alone are more than the cache may hold. */
  bound(write: WaitingWrite<unknown>): void;
  /** A mailbox has changed: after its callers are answered, whoever watches it is told. */
  committed(user: UserId): void;
  /** Runs a task that writes when no other lane does, where that matters. */
  inTurn<T>(task: () => Promise<T>): Promise<T>;
  apply(writes: readonly PartitionWrite[], marks: readonly MarkChange[]): Promise<ApplyResult>;
  /** The store did not say that it applied a batch; gives what the callers are told, unless it is planned again, and after how long. */
  failed(cause: unknown, tries: number): { readonly error: MailringError; readonly againAfterMs?: number };
}

interface Planned {
  readonly write: WaitingWrite<unknown>;
  readonly result: { readonly value: unknown } | { readonly error: unknown };
}

/** A task during which nothing is committed to a mailbox. */
interface Hold {
  readonly user: UserId;
  /** Never rejects: whoever asked for it is told. */
  run(): Promise<void>;
}

/**
 * What commits together. A lane takes all writes that are ready, in the order they came in as far as a batch takes them, plans them synchronously on the state and on what is planned before them, writes
 * one batch, and when the store has acknowledged it brings it into the state, answers, and takes what came in meanwhile. Nothing is locked: between planning and
 * batch there is no await, and there is one batch at a time.
 */
export class Lane {
  readonly #host: LaneHost;
  readonly #writer: ByteWriter;
  /** In the order they are planned in. */
  #waiting = new Set<WaitingWrite<unknown>>();
  /** What is owed goes before them. */
  readonly #owed = new Set<WaitingWrite<unknown>>();
  /** Who asks that nothing is committed to a mailbox for a while. */
  readonly #holds = new Set<Hold>();
  /** Mailboxes to which nothing is committed now; those in `#released` until the next planning, so that what waits for them comes before another hold. */
  readonly #held = new Set<UserId>();
  readonly #released = new Set<UserId>();
  #busy = false;
  #scheduled = false;
  /** Something happened while a batch was planned or written that needs another run. */
  #again = false;
  #onIdle: (() => void)[] = [];

  /** `writer`: may be shared by lanes, since what it holds is copied before the store gives its promise. */
  constructor(host: LaneHost, writer: ByteWriter) {
    this.#host = host;
    this.#writer = writer;
  }

  /** Takes a write. Those that come in one run of the caller are planned together. */
  add(write: WaitingWrite<unknown>): void {
    (write.request.owed ? this.#owed : this.#waiting).add(write);
    this.#schedule(queueMicrotask);
  }

  /** Lets go of a write that nobody waits for any more. */
  forget(write: WaitingWrite<unknown>): void {
    if (this.#waiting.delete(write) || this.#owed.delete(write)) this.#checkIdle();
  }

  /** Runs a task while nothing is committed to a mailbox; other mailboxes go on. Tasks and commits of one mailbox take turns. */
  hold<T>(user: UserId, task: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#holds.add({ user, run: () => Promise.resolve().then(task).then(resolve, reject) });
      this.#schedule(queueMicrotask);
    });
  }

  /** Resolves when nothing waits and nothing is being written. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#onIdle.push(resolve);
      this.#checkIdle();
    });
  }

  /** Fails everything that waits. */
  rejectWaiting(error: unknown): void {
    for (const write of [...this.#owed, ...this.#waiting]) write.reject(error, 'not-accepted');
    this.#checkIdle();
  }

  #schedule(when: (task: () => void) => void): void {
    if (this.#busy) this.#again = true;
    if (this.#busy || this.#scheduled) return;
    this.#scheduled = true;
    when(() => {
      this.#scheduled = false;
      void this.#run();
    });
  }

  #scheduleSoon(): void {
    this.#schedule((task) => this.#host.clock.soon(task));
  }

  #checkIdle(): void {
    if (this.#busy || this.#scheduled || this.#waiting.size + this.#owed.size + this.#holds.size + this.#held.size > 0) return;
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  async #run(): Promise<void> {
    this.#busy = true;
    this.#again = false;
    for (const user of this.#released) this.#held.delete(user);
    this.#released.clear();
    const planned: Planned[] = [];
    try {
      const drafts = new Map<MailboxState, MailboxDraft>();
      this.#planAll(planned, drafts);
      if (planned.length > 0) await this.#write(planned, drafts);
    } catch (error) {
      // Nothing that is expected comes here; whatever it is, everybody is answered and the lane goes on.
      for (const { write } of planned) if (!write.done) write.reject(error, 'unconfirmed');
      this.#again = true;
    }
    this.#busy = false;
    this.#startHolds();
    if (this.#again) this.#scheduleSoon();
    this.#checkIdle();
  }

  /** Between two batches: what was planned before is written. */
  #startHolds(): void {
    for (const hold of this.#holds) {
      const { user } = hold;
      if (this.#held.has(user)) continue;
      this.#holds.delete(hold);
      this.#held.add(user);
      void hold.run().finally(() => {
        this.#released.add(user);
        this.#scheduleSoon();
      });
    }
  }

  /** Plans what is ready, and lets the rest begin to read what it needs. A write waits for its own reads and for earlier writes of the same order. */
  #planAll(planned: Planned[], drafts: Map<MailboxState, MailboxDraft>): void {
    const held = new Set<string>();
    const now = timeOf(this.#host.clock);
    let bytes = 0;
    let full = false;
    for (const write of [...this.#owed, ...takeTurns(this.#waiting, this.#host.batchBytesMax)]) {
      const { order, users } = write.request;
      full ||= planned.length > 0 && bytes + write.request.bytes > this.#host.batchBytesMax;
      const waits = full || write.reading || held.has(order) || users.some((user) => this.#held.has(user));
      const outcome = waits ? undefined : this.#plan(write, drafts, now);
      if (outcome === undefined) held.add(order);
      else {
        this.#waiting.delete(write);
        this.#owed.delete(write);
        write.planned = true;
        planned.push(outcome);
        bytes += write.request.bytes;
      }
    }
    this.#again ||= full;
    // A trim takes what room is left, and never that of a write.
    for (const draft of drafts.values()) if (draft.changed) bytes += draft.trim(this.#host.batchBytesMax - bytes);
  }

  #plan(write: WaitingWrite<unknown>, drafts: Map<MailboxState, MailboxDraft>, now: number): Planned | undefined {
    const reading = this.#host.loadMailboxes(write) ?? this.#host.readTrims(write);
    if (reading !== undefined) {
      this.#read(write, reading);
      return undefined;
    }
    const views = write.views();
    const sides = views.map((view) => {
      let draft = drafts.get(view.state);
      if (draft === undefined) {
        draft = new MailboxDraft(view.state);
        drafts.set(view.state, draft);
      }
      return { view, draft };
    });
    try {
      if (write.rounds++ > PLAN_ROUNDS_MAX) throw corrupt('a write found no state to be planned on', { rounds: PLAN_ROUNDS_MAX });
      const value = write.request.plan(sides, now);
      if (value !== undefined) return { write, result: { value } };
    } catch (error) {
      return { write, result: { error } };
    }
    if (views.some((view) => view.stale)) {
      this.#host.dropStale(write);
      this.#again = true;
    } else this.#read(write, this.#host.readNeeds(write));
    return undefined;
  }

  #read(write: WaitingWrite<unknown>, reading: Promise<void>): void {
    write.reading = true;
    // In a later turn, so that writes whose reads end in the same one are planned together.
    const readDone = () => {
      write.reading = false;
      this.#scheduleSoon();
    };
    reading.then(readDone, (error) => {
      if (!write.done) write.reject(error, 'not-accepted');
      readDone();
    });
  }

  async #write(planned: readonly Planned[], drafts: ReadonlyMap<MailboxState, MailboxDraft>): Promise<void> {
    const changed = [...drafts.values()].filter((draft) => draft.changed);
    try {
      if (changed.length > 0) {
        const result = await this.#host.inTurn(() => {
          this.#writer.reset();
          const now = timeOf(this.#host.clock);
          const writes = changed.map((draft) => draft.seal(now, this.#writer));
          return this.#host.apply(writes, this.#marksOf(changed));
        });
        if (!result.applied) return this.#planAgain(planned);
        for (const draft of changed) draft.commit();
        for (const { write } of planned) this.#host.bound(write);
      }
    } catch (cause) {
      return this.#failed(cause, planned);
    }
    // Callers get a turn to send again before the next batch is planned: larger batches at the same latency.
    this.#again = true;
    // Refusals wait for the batch too: an id can conflict with a message of the same batch.
    for (const { write, result } of planned) {
      if ('value' in result) write.resolve(result.value);
      else write.reject(result.error, 'not-accepted');
    }
    for (const { state } of changed) this.#host.committed(state.owner);
  }

  #marksOf(drafts: readonly MailboxDraft[]): MarkChange[] {
    const changes: MarkChange[] = [];
    for (const { marks, state } of drafts) {
      for (const { type, name } of marks) changes.push({ type, slot: this.#host.markSlotOf(state.partition), partition: state.partition, name });
    }
    return changes;
  }

  /**
   * What became of the batch is not known. Where the store is another's too, the next compare-and-set decides: everything is planned again from the beginning, and looks
   * first whether it is there already. What was unknown once stays so until something is applied.
   */
  async #failed(cause: unknown, planned: readonly Planned[]): Promise<void> {
    const { error, againAfterMs } = this.#host.failed(cause, Math.max(...planned.map(({ write }) => ++write.failures)));
    for (const { write, result } of planned) {
      write.unknown ||= 'value' in result && error.outcome !== 'not-accepted';
      if (againAfterMs === undefined) write.reject(error, 'not-accepted');
    }
    if (againAfterMs === undefined) return;
    await new Promise<void>((resolve) => this.#host.clock.after(againAfterMs, resolve));
    this.#planAgain(planned);
  }

  /** The store was at another version: nothing is left of the batch, and everything is planned again from the beginning. */
  #planAgain(planned: readonly Planned[]): void {
    for (const { write } of planned) {
      write.planned = write.unknown;
      this.#host.dropStale(write);
    }
    this.#waiting = new Set([...planned.map(({ write }) => write).filter((write) => !write.done), ...this.#waiting]);
    this.#again = true;
  }
}
