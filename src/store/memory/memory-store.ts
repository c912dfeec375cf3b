import { hostname } from 'node:os';
import { checkKeys, requireObject, typeOf } from '../../model/arguments.js';
import { bytesKey } from '../../model/bytes.js';
import { MailringError } from '../../model/errors.js';
import { APPLY_BYTES_MAX, checkApply, checkDistinct, checkPartition, checkSlot } from '../check-apply.js';
import {
  type ApplyResult,
  type LoadedPartition,
  type Mark,
  type MarkChange,
  noteKey,
  type Partition,
  type PartitionWrite,
  type Row,
  type ScanRange,
  type Store,
  type StoreCallOptions,
  type StoreCapabilities,
  type StoreOpenOptions,
  type Version,
} from '../store.js';
import { SortedRows } from './sorted-rows.js';

/** What a {@link MemoryStore} claims, to stand in for one backend or another. */
export interface MemoryStoreOptions {
  /** One apply may write several partitions, as LevelDB can; `false` behaves like Cassandra. Default `true`. */
  readonly atomicAcrossPartitions?: boolean;
  /** Only one handle may be open at a time; `false` lets several write side by side. Default `true`. */
  readonly exclusive?: boolean;
}

interface StoredPartition {
  readonly partition: Uint8Array;
  version: Version;
  head: Uint8Array | undefined;
  readonly rows: SortedRows;
}

/** What all handles of one store share. */
interface MemoryData {
  readonly partitions: Map<string, StoredPartition>;
  /** By slot, then by partition and name. */
  readonly marks: Map<number, Map<string, Mark>>;
  /** Handles that are open, with the time since when, where `open` was given a clock. */
  readonly open: Map<MemoryStore, number | undefined>;
}

function readFlag(value: unknown, name: string): boolean {
  if (value !== undefined && typeof value !== 'boolean') throw new TypeError(`${name} must be true or false. type=\`${typeOf(value)}\``);
  return value ?? true;
}

/** A copy that shares no memory; `slice` would not do: on a Buffer it is a view. */
function copy(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

/** Of all calls only a listing can wait, for whoever takes its items. */
function refuseAborted(options: StoreCallOptions | undefined): void {
  if (options?.signal?.aborted) throw new MailringError('MAILRING_ABORTED', 'the listing was given up', { retryable: true, cause: options.signal.reason });
}

/** Unambiguous, whatever bytes the two hold. */
function markKey(mark: Mark): string {
  return `${mark.partition.length} ${bytesKey(mark.partition)}${bytesKey(mark.name)}`;
}

/**
 * A store in memory: the reference of the contract, and the double in tests. Every promise of `Store` holds but durability: what is stored lives as
 * long as the process, over `close` and `open`. Each call takes effect in one synchronous step, before it returns its promise.
 *
 * It checks the preconditions of `apply` and rejects with a `RangeError` before any effect. It ignores signals and deadlines but for the signal of a listing.
 */
export class MemoryStore implements Store {
  readonly capabilities: StoreCapabilities;
  #data: MemoryData = { partitions: new Map(), marks: new Map(), open: new Map() };

  /** @throws `TypeError` */
  constructor(options: MemoryStoreOptions = {}) {
    checkKeys(requireObject(options, 'the options of MemoryStore'), ['atomicAcrossPartitions', 'exclusive'], 'the options of MemoryStore');
    const atomicAcrossPartitions = readFlag(options.atomicAcrossPartitions, 'atomicAcrossPartitions');
    const exclusive = readFlag(options.exclusive, 'exclusive');
    this.capabilities = Object.freeze({ atomicAcrossPartitions, exclusive, applyBytesMax: APPLY_BYTES_MAX });
  }

  /**
   * Another store over the same data, opened and closed by itself: what a second process would see. Where the store is `exclusive` it can be
   * opened only while no other handle is open.
   */
  handle(): MemoryStore {
    const { atomicAcrossPartitions, exclusive } = this.capabilities;
    const other = new MemoryStore({ atomicAcrossPartitions, exclusive });
    other.#data = this.#data;
    return other;
  }

  /** Takes the store; never waits for another owner. @throws `MAILRING_LOCKED` when it is open already, or another handle of an exclusive one is */
  async open(options?: Pick<StoreOpenOptions, 'clock'>): Promise<void> {
    const { open } = this.#data;
    if (open.has(this) || (this.capabilities.exclusive && open.size > 0)) {
      const [first] = open.values();
      const since = open.has(this) ? open.get(this) : first;
      throw new MailringError('MAILRING_LOCKED', 'this memory store is open already; close it first', {
        retryable: true,
        details: { pid: process.pid, host: hostname(), since },
      });
    }
    open.set(this, options?.clock.now());
  }

  async load(partition: Partition): Promise<LoadedPartition> {
    const stored = this.#find(partition);
    if (stored === undefined) return { version: 0 };
    // The precondition on `ops` keeps the newest log row from ever being deleted.
    const note = stored.rows.get(noteKey(stored.version))!;
    return { version: stored.version, note: copy(note), ...(stored.head !== undefined && { head: copy(stored.head) }) };
  }

  async validate(partition: Partition): Promise<Version> {
    return this.#find(partition)?.version ?? 0;
  }

  async read(partition: Partition, keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    const rows = this.#find(partition)?.rows;
    return keys.map((key) => {
      const value = rows?.get(key);
      return value && copy(value);
    });
  }

  async scan(partition: Partition, { gte, lt, reverse = false, limit }: ScanRange): Promise<Row[]> {
    const rows = this.#find(partition)?.rows;
    const found: Row[] = [];
    if (rows === undefined || limit < 1) return found;
    for (const { key, value } of reverse ? rows.descending(gte, lt) : rows.ascending(gte, lt)) {
      found.push({ key: copy(key), value: copy(value) });
      if (found.length >= limit) break;
    }
    return found;
  }

  /** @throws `RangeError` when a precondition of the contract does not hold; nothing is changed then */
  async apply(writes: readonly PartitionWrite[], marks: readonly MarkChange[] = []): Promise<ApplyResult> {
    this.#assertOpen();
    checkApply(writes, marks, this.capabilities);
    checkDistinct(writes);
    const stale = writes.filter((write) => (this.#find(write.partition)?.version ?? 0) !== write.expectVersion);
    if (stale.length > 0) return { applied: false, stale: stale.map((write) => copy(write.partition)) };
    for (const write of writes) this.#commit(write);
    for (const mark of marks) this.#mark(mark);
    return { applied: true };
  }

  async *scanMarks(slot: number, options?: StoreCallOptions): AsyncGenerator<Mark> {
    this.#assertOpen();
    checkSlot(slot);
    for (const { partition, name } of [...(this.#data.marks.get(slot)?.values() ?? [])]) {
      refuseAborted(options);
      yield { slot, partition: copy(partition), name: copy(name) };
    }
  }

  async *partitions(options?: StoreCallOptions): AsyncGenerator<Partition> {
    this.#assertOpen();
    for (const { partition } of [...this.#data.partitions.values()]) {
      refuseAborted(options);
      yield copy(partition);
    }
  }

  async close(): Promise<void> {
    this.#data.open.delete(this);
  }

  #assertOpen(): void {
    if (!this.#data.open.has(this)) throw new MailringError('MAILRING_CLOSED', 'the memory store is closed; open it first');
  }

  #find(partition: Partition): StoredPartition | undefined {
    this.#assertOpen();
    checkPartition(partition);
    return this.#data.partitions.get(bytesKey(partition));
  }

  #commit(write: PartitionWrite): void {
    const name = bytesKey(write.partition);
    const stored = this.#data.partitions.get(name) ?? { partition: copy(write.partition), version: 0, head: undefined, rows: new SortedRows() };
    for (const op of write.ops) {
      if (op.type === 'put') stored.rows.set({ key: copy(op.key), value: copy(op.value) });
      else if (op.type === 'delete') stored.rows.delete(op.key);
      else stored.rows.deleteRange(op.gte, op.lt);
    }
    stored.rows.set({ key: noteKey(write.version), value: copy(write.note) });
    stored.version = write.version;
    if (write.head !== undefined) stored.head = copy(write.head);
    this.#data.partitions.set(name, stored);
  }

  #mark(mark: MarkChange): void {
    const slot = this.#data.marks.get(mark.slot) ?? new Map<string, Mark>();
    this.#data.marks.set(mark.slot, slot);
    if (mark.type === 'clear') slot.delete(markKey(mark));
    else slot.set(markKey(mark), { slot: mark.slot, partition: copy(mark.partition), name: copy(mark.name) });
  }
}
