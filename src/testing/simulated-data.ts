import { bytesKey } from '../model/bytes.js';
import type { Clock } from '../model/clock.js';
import type { ApplyResult, Mark, MarkChange, PartitionWrite, StoreCapabilities } from '../store/store.js';
import { copyBytes, SimulatedRows, type Undo } from './simulated-rows.js';
import { SimulatedStore } from './simulated-store.js';
import type { StoreCall, StoreEvent, StoreFate } from './store-fate.js';

/** What a simulated store is given. */
export interface SimulatedDataOptions {
  /** The time of the store, which goes on when an engine has crashed. */
  readonly clock: Pick<Clock, 'after'>;
  /** Gives numbers from 0 to 1, exclusive, from a seed: decides what a crash leaves, which bit is turned over, and nothing else. */
  readonly random: () => number;
  /** Decides what becomes of a call; at once and without a fault when absent. */
  readonly decide?: (call: StoreCall) => StoreFate;
  /** Told of every call, and of what became of it. */
  readonly onEvent?: (event: StoreEvent) => void;
  /** One apply may write several partitions, as LevelDB can; `false` behaves like Cassandra: marks first, then the commit, two steps apart. Default `true`. */
  readonly atomicAcrossPartitions?: boolean;
  /** Only one handle may be open at a time, and what it has not synced is lost when it crashes. Default `true`. */
  readonly exclusive?: boolean;
  /** Bytes that one apply may bring. Default 4 MiB. */
  readonly applyBytesMax?: number;
}

/** What one apply brings; copied from its caller. */
export interface Batch {
  readonly owner: string;
  readonly writes: readonly PartitionWrite[];
  readonly marks: readonly MarkChange[];
}

interface LateWrite {
  readonly batch: Batch;
  run(): void;
}

const APPLY_BYTES_MAX = 4 * 1024 * 1024;

/**
 * The data of a simulated store, and what a simulation does to it. Handles ({@link SimulatedData.handle}) are the stores that engines open: several at once where it is not
 * exclusive. What is durable and what is not are kept apart: an exclusive handle that goes on writing after a failed write has it acknowledged and loses it.
 *
 * Source: the engine's design, "LevelDB facts" 4 and "Safety"; the idea is FoundationDB's simulation.
 */
export class SimulatedData {
  /** As they were given. */
  readonly capabilities: StoreCapabilities;
  /** What is stored. */
  readonly rows = new SimulatedRows();
  /** Handles that are open. */
  readonly open = new Set<SimulatedStore>();
  /** As it was given. */
  readonly random: () => number;
  readonly #clock: Pick<Clock, 'after'>;
  readonly #decide: ((call: StoreCall) => StoreFate) | undefined;
  readonly #onEvent: ((event: StoreEvent) => void) | undefined;
  readonly #late = new Set<LateWrite>();
  /** Of an exclusive store: failed writes that may be there when it is next opened. */
  #unknown: Batch[] = [];
  /** Of an exclusive store: what was acknowledged on a handle whose log is broken. */
  #unsynced: Undo[] = [];
  #corrupted: (() => void)[] = [];
  #calls = 0;
  #full = false;

  /** Empty data. */
  constructor({ clock, random, decide, onEvent, ...capabilities }: SimulatedDataOptions) {
    const { atomicAcrossPartitions = true, exclusive = true, applyBytesMax = APPLY_BYTES_MAX } = capabilities;
    this.capabilities = Object.freeze({ atomicAcrossPartitions, exclusive, applyBytesMax });
    this.random = random;
    this.#clock = clock;
    this.#decide = decide;
    this.#onEvent = onEvent;
  }

  /** A store over this data, not open. */
  handle(owner = 'store'): SimulatedStore {
    return new SimulatedStore(this, owner);
  }

  /** Whether writes fail for lack of space. */
  get full(): boolean {
    return this.#full;
  }

  /** Failed writes that can still take effect. */
  get pendingWrites(): number {
    return this.#late.size + this.#unknown.length;
  }

  /** All marks that are set. */
  *marks(): Generator<Mark> {
    for (const slot of this.rows.marks.values()) yield* slot.values();
  }

  /** From now on writes fail, and an exclusive store cannot be opened. */
  fillDisk(): void {
    this.#full = true;
    this.emit({ type: 'disk-full', owner: '' });
  }

  /** Ends what `fillDisk` began. */
  freeDisk(): void {
    this.#full = false;
    this.emit({ type: 'disk-freed', owner: '' });
  }

  /** Turns one bit of one stored value over, which one is random; `repair` turns it back. Nothing happens where nothing is stored. */
  corrupt(): void {
    const stored = [...this.rows.partitions.values()].filter(({ keys }) => keys.length > 0);
    const partition = stored[Math.floor(this.random() * stored.length)];
    if (partition === undefined) return;
    const key = partition.keys[Math.floor(this.random() * partition.keys.length)]!;
    const right = partition.values.get(key)!;
    const wrong = flipBit(right, this.random);
    partition.values.set(key, wrong);
    this.#corrupted.push(() => {
      if (partition.values.get(key) === wrong) partition.values.set(key, right);
    });
    this.emit({ type: 'corrupted', owner: '' });
  }

  /** Puts back what `corrupt` has changed, where it was not written since. */
  repair(): void {
    if (this.#corrupted.length > 0) this.emit({ type: 'repaired', owner: '' });
    for (const restore of this.#corrupted.splice(0).reverse()) restore();
  }

  // ---- for handles

  /** Decides what becomes of a call. */
  fateOf(call: Omit<StoreCall, 'index'>): StoreFate {
    const counted: StoreCall = { ...call, index: this.#calls++ };
    this.emit({ type: 'call', owner: call.owner, call: counted });
    const fate = this.#decide?.(counted) ?? {};
    if (fate.fault !== undefined) this.emit({ type: 'fault', owner: call.owner, call: counted, fault: fate.fault });
    return fate;
  }

  /** Tells of an event. */
  emit(event: StoreEvent): void {
    this.#onEvent?.(event);
  }

  /** Runs a task at once, or later. */
  after(delayMs: number, task: () => void): void {
    if (delayMs > 0) this.#clock.after(delayMs, task);
    else task();
  }

  /** Compares the versions and, where they fit, commits all of it. `broken`: on a handle that has lost its log, so that it never becomes durable. */
  commit(batch: Batch, late: boolean, broken = false): ApplyResult {
    const { owner, writes } = batch;
    const stale = writes.filter(({ partition, expectVersion }) => this.rows.versionOf(partition) !== expectVersion);
    const call: StoreCall = { kind: 'apply', owner, index: -1, writes, marks: batch.marks };
    this.emit({ type: stale.length > 0 ? 'refused' : 'applied', owner, call, late });
    if (stale.length > 0) return { applied: false, stale: stale.map(({ partition }) => copyBytes(partition)) };
    for (const write of writes) this.keep(this.rows.commit(write), broken);
    return { applied: true };
  }

  /** Sets or clears a mark. */
  mark({ owner, writes, marks }: Batch, type: MarkChange['type'], broken = false): void {
    const changes = marks.filter((mark) => mark.type === type);
    if (changes.length === 0) return;
    this.emit({ type: type === 'set' ? 'marked' : 'cleared', owner, call: { kind: 'apply', owner, index: -1, writes, marks: changes } });
    for (const change of changes) this.keep(this.rows.mark(change), broken);
  }

  /** Keeps what an unsynced commit has changed. */
  keep(undo: Undo, broken: boolean): void {
    if (broken) this.#unsynced.push(undo);
  }

  /** A write whose caller was told that it failed, and that takes effect later or, where the store is exclusive, when it is next opened. */
  later(batch: Batch, lateMs: number, marksOnly: boolean): void {
    if (this.capabilities.exclusive) {
      if (!marksOnly) this.#unknown.push(batch);
      return;
    }
    const write: LateWrite = {
      batch,
      run: () => {
        if (!this.#late.delete(write)) return;
        this.mark(batch, 'set');
        if (marksOnly || !this.commit(batch, true).applied) return;
        this.mark(batch, 'clear');
      },
    };
    this.#late.add(write);
    this.after(lateMs, write.run);
  }

  /** A linearizable read can find that a late write was decided already, and finishes it. */
  finishLate(partition: Uint8Array): void {
    const name = bytesKey(partition);
    for (const write of [...this.#late]) {
      if (write.batch.writes.some((one) => bytesKey(one.partition) === name) && this.random() < 0.5) write.run();
    }
  }

  /** Before an exclusive store is opened: what its log turns out to hold. */
  recover(): void {
    for (const batch of this.#unknown.splice(0)) {
      if (this.commit(batch, true).applied) for (const mark of batch.marks) this.rows.mark(mark);
    }
  }

  /** An exclusive handle is gone: what it had written after its log broke is gone too. */
  revert(owner: string): void {
    if (this.#unsynced.length > 0) this.emit({ type: 'reverted', owner });
    for (const undo of this.#unsynced.splice(0).reverse()) undo();
  }
}

/** A copy with one bit turned over; of nothing, nothing. */
export function flipBit(value: Uint8Array, random: () => number): Uint8Array {
  const wrong = copyBytes(value);
  const at = Math.floor(random() * wrong.length);
  if (wrong.length > 0) wrong[at] = wrong[at]! ^ (1 << Math.floor(random() * 8));
  return wrong;
}
