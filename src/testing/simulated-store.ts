import { MailringError, unavailable } from '../model/errors.js';
import { checkApply, checkDistinct, checkPartition, checkSlot } from '../store/check-apply.js';
import {
  type ApplyResult,
  type LoadedPartition,
  type Mark,
  type MarkChange,
  noteKey,
  type Op,
  type Partition,
  type PartitionWrite,
  type Row,
  type ScanRange,
  type Store,
  type StoreCallOptions,
  type StoreCapabilities,
  type Version,
} from '../store/store.js';
import { type CallStep, type CallUnderWay, SimulatedCall } from './simulated-call.js';
import { type Batch, flipBit, type SimulatedData } from './simulated-data.js';
import { copyBytes } from './simulated-rows.js';
import type { StoreCall, StoreFate } from './store-fate.js';

const failure = (text: string) => unavailable(`the simulated store ${text}`, {});
const copyMark = (mark: MarkChange): MarkChange => ({ ...mark, partition: copyBytes(mark.partition), name: copyBytes(mark.name) });
const closed = () => new MailringError('MAILRING_CLOSED', 'the simulated store is closed; open it first');

/**
 * One handle of simulated data: the store that one engine opens. Every call does what the contract says, when and as far as the simulation decides: it can fail before or after
 * its effect, never answer, or take effect later. {@link SimulatedStore.crash} is the end of the engine that holds it: nothing is answered any more.
 */
export class SimulatedStore implements Store {
  readonly capabilities: StoreCapabilities;
  /** A name for events. */
  readonly owner: string;
  readonly #data: SimulatedData;
  #status: 'new' | 'open' | 'closed' | 'crashed' = 'new';
  /** In the order they were made. */
  readonly #calls = new Set<CallUnderWay>();
  /** A write has failed: an exclusive store's log is broken, what comes after is acknowledged and lost. */
  #broken = false;

  /** Made by {@link SimulatedData.handle}. */
  constructor(data: SimulatedData, owner: string) {
    this.#data = data;
    this.owner = owner;
    this.capabilities = data.capabilities;
  }

  /**
   * The engine that holds this handle is gone. What it had not heard of may be there or not: of an exclusive store the first of its writes, of any other each one, now or
   * later or never.
   */
  crash(): void {
    const data = this.#data;
    const writes = [...this.#calls].filter(({ isApply }) => isApply);
    const surviving = Math.floor(data.random() * (writes.length + 1));
    data.emit({ type: 'crashed', owner: this.owner });
    for (const call of this.#calls) if (!call.isApply) call.stop();
    for (const [i, call] of writes.entries()) {
      const survives = this.capabilities.exclusive ? i < surviving : data.random() < 0.5;
      const between = call.done > 0 && !this.capabilities.atomicAcrossPartitions;
      data.emit({ type: survives ? 'survived' : between ? 'between' : 'lost', owner: this.owner });
      if (!survives) call.stop();
      else if (this.capabilities.exclusive) call.finishSilently();
      else call.abandon();
    }
    this.#calls.clear();
    this.#leave('crashed');
  }

  async open(): Promise<void> {
    if (this.#status === 'crashed') return new Promise(() => undefined);
    const { exclusive } = this.capabilities;
    const open = () => {
      if (this.#status === 'open' || (exclusive && this.#data.open.size > 0)) {
        throw new MailringError('MAILRING_LOCKED', 'this simulated store is open already; close it first', { details: { owner: this.owner } });
      }
      if (exclusive && this.#data.full) {
        this.#data.emit({ type: 'open-failed', owner: this.owner });
        throw failure('has no space to be opened');
      }
      if (exclusive) this.#data.recover();
      this.#status = 'open';
      this.#broken = false;
      this.#data.open.add(this);
      this.#data.emit({ type: 'opened', owner: this.owner });
    };
    const fate = this.#data.fateOf({ kind: 'open', owner: this.owner });
    const fails = /^(fail|late)/.test(fate.fault ?? '');
    return this.#start({ kind: 'open', owner: this.owner }, fails ? { ...fate, fault: 'fail-before' } : fate, open);
  }

  async load(partition: Partition, options?: StoreCallOptions): Promise<LoadedPartition> {
    const given = this.#partition(partition);
    return this.#call({ kind: 'load', partition: given }, options, (fault) => {
      if (!this.capabilities.exclusive) this.#data.finishLate(given);
      const stored = this.#data.rows.find(given);
      if (stored === undefined) return { version: 0 };
      // The precondition on `ops` keeps the newest log row from ever being deleted.
      const note = stored.values.get(Buffer.from(noteKey(stored.version)).toString('latin1'))!;
      const wrong = fault === 'corrupt' ? flipBit(note, this.#data.random) : copyBytes(note);
      return { version: stored.version, note: wrong, ...(stored.head !== undefined && { head: copyBytes(stored.head) }) };
    });
  }

  async validate(partition: Partition, options?: StoreCallOptions): Promise<Version> {
    const given = this.#partition(partition);
    return this.#call({ kind: 'validate', partition: given }, options, () => this.#data.rows.versionOf(given));
  }

  async read(partition: Partition, keys: readonly Uint8Array[], options?: StoreCallOptions): Promise<(Uint8Array | undefined)[]> {
    const given = this.#partition(partition);
    const wanted = keys.map((key) => Buffer.from(key).toString('latin1'));
    return this.#call({ kind: 'read', partition: given }, options, (fault) => {
      const stored = this.#data.rows.find(given);
      const values = wanted.map((key) => stored?.values.get(key)).map((value) => value && copyBytes(value));
      return fault === 'corrupt'
        ? this.#corrupted(
            values,
            (value) => value,
            (_, value) => value,
          )
        : values;
    });
  }

  async scan(partition: Partition, range: ScanRange, options?: StoreCallOptions): Promise<Row[]> {
    const given = this.#partition(partition);
    const wanted = { ...range, gte: copyBytes(range.gte), lt: copyBytes(range.lt) };
    return this.#call({ kind: 'scan', partition: given }, options, (fault) => {
      const rows = this.#data.rows.scan(given, wanted).map(({ key, value }) => ({ key, value: copyBytes(value) }));
      return fault === 'corrupt'
        ? this.#corrupted(
            rows,
            ({ value }) => value,
            ({ key }, value) => ({ key, value }),
          )
        : rows;
    });
  }

  /** @throws RangeError when a precondition of the contract does not hold; nothing is changed then */
  async apply(writes: readonly PartitionWrite[], marks: readonly MarkChange[] = [], options?: StoreCallOptions): Promise<ApplyResult> {
    if (this.#status === 'crashed') return new Promise(() => undefined);
    if (this.#status !== 'open') throw closed();
    checkApply(writes, marks, this.capabilities);
    checkDistinct(writes);
    const batch: Batch = { owner: this.owner, writes: writes.map(copyWrite), marks: marks.map(copyMark) };
    const call = { kind: 'apply', owner: this.owner, writes: batch.writes, marks: batch.marks } as const;
    const fate = this.#data.fateOf(call);
    const full = this.#data.full && fate.fault === undefined;
    const { fault, delayMs = 0, answerMs = 0, lateMs = 0 } = full ? { ...fate, fault: this.#data.random() < 0.5 ? 'late' : 'fail-before' } : fate;
    let result: ApplyResult = { applied: true };
    const steps = this.#applySteps(
      batch,
      delayMs,
      answerMs,
      () => pending,
      (answer) => {
        result = answer;
      },
    );
    const outcome = (): ApplyResult => {
      if (fault === undefined || fault === 'corrupt') return result;
      if (fault === 'late' || fault === 'late-mark') this.#data.later(batch, lateMs, fault === 'late-mark');
      this.#broken ||= this.capabilities.exclusive;
      throw failure(`failed: ${full ? 'no space' : fault}`);
    };
    const taken = fault === undefined || fault === 'corrupt' || fault.endsWith('after') ? steps : fault === 'fail-between' ? this.#marksOnly(steps) : [];
    const pending: SimulatedCall<ApplyResult> = this.#add(true, taken, outcome, options);
    pending.start(answerMs + (taken.length > 0 ? 0 : delayMs), fault?.startsWith('hang') ?? false);
    return pending.answer;
  }

  async *scanMarks(slot: number, options?: StoreCallOptions): AsyncGenerator<Mark> {
    checkSlot(slot);
    const marks = await this.#call({ kind: 'scanMarks' }, options, () => [...(this.#data.rows.marks.get(slot)?.values() ?? [])]);
    for (const { partition, name } of marks) yield { slot, partition: copyBytes(partition), name: copyBytes(name) };
  }

  async *partitions(): AsyncGenerator<Partition> {
    if (this.#status !== 'open') throw closed();
    for (const { partition } of [...this.#data.rows.partitions.values()]) yield copyBytes(partition);
  }

  async close(): Promise<void> {
    if (this.#status !== 'open') return;
    for (const call of [...this.#calls]) call.finish(closed);
    this.#calls.clear();
    this.#leave('closed');
  }

  #leave(status: 'closed' | 'crashed'): void {
    if (this.#status === 'open') {
      this.#data.open.delete(this);
      if (this.capabilities.exclusive) this.#data.revert(this.owner);
    }
    this.#status = status;
  }

  #partition(partition: Partition): Partition {
    checkPartition(partition);
    return copyBytes(partition);
  }

  /** The steps of an apply: one where the store is atomic; else marks to set, commit, marks to clear. */
  #applySteps(batch: Batch, delayMs: number, answerMs: number, pending: () => CallUnderWay, answer: (result: ApplyResult) => void): CallStep[] {
    const data = this.#data;
    const broken = this.#broken;
    let applied = true;
    const commit = () => {
      const result = data.commit(batch, pending().orphan, broken);
      applied = result.applied;
      answer(result);
    };
    const mark = (type: MarkChange['type']) => data.mark(batch, type, broken);
    if (this.capabilities.atomicAcrossPartitions) {
      const all = () => {
        commit();
        if (applied) for (const type of ['set', 'clear'] as const) mark(type);
      };
      return [{ afterMs: delayMs, run: all }];
    }
    const sets = batch.marks.some(({ type }) => type === 'set');
    const first = sets ? [{ afterMs: delayMs / 2, run: () => mark('set') }] : [];
    const commits = batch.writes.length > 0 ? [{ afterMs: sets ? delayMs / 2 : delayMs, run: commit }] : [];
    const clears = batch.marks.some(({ type }) => type === 'clear') ? [{ afterMs: answerMs / 2, run: () => applied && mark('clear') }] : [];
    return [...first, ...commits, ...clears];
  }

  #marksOnly(steps: CallStep[]): CallStep[] {
    return this.capabilities.atomicAcrossPartitions || steps.length < 2 ? [] : steps.slice(0, 1);
  }

  #corrupted<T>(items: readonly T[], valueIn: (item: T) => Uint8Array | undefined, replace: (item: T, value: Uint8Array) => T): T[] {
    const at = items.findIndex((item) => (valueIn(item)?.length ?? 0) > 0);
    return items.map((item, i) => (i === at ? replace(item, flipBit(valueIn(item)!, this.#data.random)) : item));
  }

  #call<T>(call: Omit<StoreCall, 'index' | 'owner'>, options: StoreCallOptions | undefined, effect: (fault: StoreFate['fault']) => T): Promise<T> {
    if (this.#status === 'crashed') return new Promise(() => undefined);
    if (this.#status !== 'open') return Promise.reject(closed());
    const whole = { ...call, owner: this.owner };
    const fate = this.#data.fateOf(whole);
    // Most calls of a sweep: nothing can happen to them.
    if (fate.fault === undefined && !fate.delayMs && !fate.answerMs) return Promise.resolve(effect(undefined));
    return this.#start(whole, fate, effect, options);
  }

  #start<T>(call: Omit<StoreCall, 'index'>, fate: StoreFate, effect: (fault: StoreFate['fault']) => T, options?: StoreCallOptions): Promise<T> {
    const { fault, delayMs = 0, answerMs = 0 } = fate;
    let result: { readonly value: T } | { readonly error: unknown } | undefined;
    const run = () => {
      try {
        result = { value: effect(fault) };
      } catch (error) {
        result = { error };
      }
    };
    const outcome = () => {
      if (fault !== undefined && fault !== 'corrupt') throw failure(`failed to ${call.kind}`);
      if (result === undefined || 'error' in result) throw result?.error;
      return result.value;
    };
    const steps = fault?.startsWith('fail') && call.kind === 'open' ? [] : [{ afterMs: delayMs, run }];
    const pending = this.#add(false, steps, outcome, options);
    pending.start(answerMs, fault?.startsWith('hang') ?? false);
    return pending.answer;
  }

  #add<T>(isApply: boolean, steps: readonly CallStep[], outcome: () => T, options: StoreCallOptions | undefined): SimulatedCall<T> {
    const call: SimulatedCall<T> = new SimulatedCall(
      isApply,
      steps,
      outcome,
      (ms, task) => this.#data.after(ms, task),
      () => {
        this.#calls.delete(call);
        options?.signal?.removeEventListener('abort', giveUp);
      },
    );
    const giveUp = () => call.giveUp(options?.signal?.reason);
    this.#calls.add(call);
    options?.signal?.addEventListener('abort', giveUp, { once: true });
    return call;
  }
}

function copyOp(op: Op): Op {
  if (op.type === 'put') return { ...op, key: copyBytes(op.key), value: copyBytes(op.value) };
  return op.type === 'delete' ? { ...op, key: copyBytes(op.key) } : { ...op, gte: copyBytes(op.gte), lt: copyBytes(op.lt) };
}

function copyWrite(write: PartitionWrite): PartitionWrite {
  const { partition, note, head, ops } = write;
  return { ...write, partition: copyBytes(partition), note: copyBytes(note), ...(head && { head: copyBytes(head) }), ops: ops.map(copyOp) };
}
