import { MailringError, type Outcome, unavailable } from '../../model/errors.js';
import { checkApply, checkDistinct, checkPartition, checkSlot, repeated } from '../check-apply.js';
import type {
  ApplyResult,
  CheckpointOptions,
  LoadedPartition,
  Mark,
  MarkChange,
  Op,
  Partition,
  PartitionWrite,
  Row,
  ScanRange,
  StoreCallOptions,
  StoreCapabilities,
  Version,
} from '../store.js';
import { BatchBuilder, type StoredKeys } from './batch-builder.js';
import { writeCheckpoint } from './checkpoint.js';
import { copyMark, copyWrite } from './copy-apply.js';
import { BYTES, type ByteBatch, type ByteDatabase } from './database.js';
import { type KnownVersion, KnownVersions, nameOf } from './known-versions.js';
import { LevelReader } from './level-reader.js';
import { SCAN_STEP_BYTES } from './limits.js';
import { translateError } from './translate-error.js';

const SYNC = { sync: true } as const;
const NO_STORED_KEYS: StoredKeys = new Map();
const APPLIED: ApplyResult = Object.freeze({ applied: true });

/** What a handle is opened over. */
export interface LevelHandleOptions {
  readonly db: ByteDatabase;
  /** Whether the driver copies what `put` gets before it returns, and gives what it does not keep. */
  readonly driverCopies: boolean;
  readonly versionsCached: number;
  readonly now: () => number;
  readonly capabilities: StoreCapabilities;
}

/**
 * One opening of a database: everything a `Store` does between `open` and `close`.
 *
 * **The fence.** After the first write that fails, nothing more is issued: LevelDB acknowledges later synced writes on such a handle that are gone after
 * the next open (measured: 21 to 40 of 40). The failed write itself may be there after reopening. Only `close` and a new handle help.
 *
 * **One apply at a time.** Versions are compared and the batch is issued in one synchronous stretch, and the next apply compares only when that batch has
 * answered: of two that were planned on one version the second finds the new one. LevelDB writes one batch at a time anyway.
 */
export class LevelHandle {
  readonly #db: ByteDatabase;
  readonly #reader: LevelReader;
  readonly #builder: BatchBuilder;
  readonly #versions: KnownVersions;
  readonly #now: () => number;
  readonly #capabilities: StoreCapabilities;
  #failure: MailringError | undefined;
  #closed = false;
  /** Applies that have not answered, and the end of the newest one. */
  #applying = 0;
  #lastApply: Promise<unknown> = Promise.resolve();
  /** Counts applies, to see a partition that occurs twice. */
  #applies = 0;
  /** Calls that have not answered, and who waits for all of them. */
  #calls = 0;
  #idle: (() => void) | undefined;

  constructor({ db, driverCopies, versionsCached, now, capabilities }: LevelHandleOptions) {
    this.#capabilities = capabilities;
    this.#db = db;
    this.#reader = new LevelReader(db, driverCopies);
    this.#builder = new BatchBuilder(driverCopies);
    this.#versions = new KnownVersions(versionsCached);
    this.#now = now;
  }

  async load(partition: Partition, options?: StoreCallOptions): Promise<LoadedPartition> {
    checkPartition(partition);
    return this.#call('a load', options, async () => (await this.#versions.learn(nameOf(partition), () => this.#reader.load(partition))).found);
  }

  async validate(partition: Partition, options?: StoreCallOptions): Promise<Version> {
    checkPartition(partition);
    return this.#call('a read of a version', options, async () => (await this.#learnVersion(partition)).version);
  }

  async read(partition: Partition, keys: readonly Uint8Array[], options?: StoreCallOptions): Promise<(Uint8Array | undefined)[]> {
    checkPartition(partition);
    return this.#call('a read', options, () => this.#reader.read(partition, keys));
  }

  async scan(partition: Partition, range: ScanRange, options?: StoreCallOptions): Promise<Row[]> {
    checkPartition(partition);
    if (!Number.isSafeInteger(range.limit) || range.limit < 0) throw new RangeError(`limit must be an integer from 0. limit=\`${range.limit}\``);
    if (range.limit === 0 || Buffer.compare(range.gte, range.lt) >= 0) return this.#call('a scan', options, async () => []);
    return this.#call('a scan', options, () => this.#reader.scan(partition, range, options?.signal));
  }

  async apply(writes: readonly PartitionWrite[], marks: readonly MarkChange[], options?: StoreCallOptions): Promise<ApplyResult> {
    checkApply(writes, marks, this.#capabilities);
    this.#refuse(options, 'not-accepted');
    // The common case runs to the issued batch without an await, so the caller's buffers need no copy.
    const known = this.#applying === 0 && !hasDeleteRange(writes) ? this.#knownOf(writes) : undefined;
    if (known === undefined) checkDistinct(writes);
    this.#calls++;
    this.#applying++;
    try {
      const result =
        known === undefined
          ? this.#applyInTurn(this.#lastApply, writes.map(copyWrite), marks.map(copyMark), options)
          : this.#commit(writes, marks, known, NO_STORED_KEYS);
      this.#lastApply = result.catch(() => undefined);
      return await result;
    } finally {
      this.#applying--;
      this.#answered();
    }
  }

  /** The copy is of the instant of the call: an iterator gives what was there when it was made. `close` does not wait for it. */
  async checkpoint(location: string, options: CheckpointOptions): Promise<void> {
    this.#refuse(undefined);
    const rows = this.#db.iterator({ ...BYTES, highWaterMarkBytes: SCAN_STEP_BYTES });
    await writeCheckpoint(rows, location, options);
  }

  async *scanMarks(slot: number, options?: StoreCallOptions): AsyncGenerator<Mark> {
    checkSlot(slot);
    let next: Uint8Array | undefined;
    do {
      const found = await this.#call('a scan of marks', options, () => this.#reader.marksAfter(slot, next));
      yield* found.marks;
      next = found.next;
    } while (next !== undefined);
  }

  async *partitions(options?: StoreCallOptions): AsyncGenerator<Partition> {
    let next: Uint8Array | undefined = Uint8Array.of(0);
    while (next !== undefined) {
      const from: Uint8Array = next;
      const found: { partitions: Partition[]; next: Uint8Array | undefined } = await this.#call('a scan of partitions', options, () =>
        this.#reader.partitionsFrom(from),
      );
      yield* found.partitions;
      next = found.next;
    }
  }

  /** Refuses new calls and waits for those that have begun. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#calls > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
  }

  async #call<Result>(what: string, options: StoreCallOptions | undefined, task: () => Promise<Result>): Promise<Result> {
    this.#refuse(options);
    this.#calls++;
    try {
      return await task();
    } catch (error) {
      throw translateError(error, { what });
    } finally {
      this.#answered();
    }
  }

  #answered(): void {
    if (--this.#calls === 0) this.#idle?.();
  }

  /** Everything that is issued passes here first. */
  #refuse(options: StoreCallOptions | undefined, outcome?: Outcome): void {
    if (this.#closed) throw new MailringError('MAILRING_CLOSED', 'the level store is closed; open it first', outcome && { outcome });
    this.#refuseWhenFenced(options, outcome);
  }

  #refuseWhenFenced(options: StoreCallOptions | undefined, outcome: Outcome | undefined): void {
    if (this.#failure !== undefined) {
      const text = 'a write of this store failed, so nothing more is read or written until it is closed and opened again';
      throw unavailable(text, { cause: this.#failure, ...(outcome && { outcome }) });
    }
    if (options?.signal?.aborted || (options?.deadline !== undefined && this.#now() >= options.deadline)) {
      throw new MailringError('MAILRING_ABORTED', 'given up before it began', { retryable: true, cause: options.signal?.reason, ...(outcome && { outcome }) });
    }
  }

  /** The entries of all partitions, or `undefined` when one of them is not known. @throws `RangeError` when a partition occurs twice */
  #knownOf(writes: readonly PartitionWrite[]): KnownVersion[] | undefined {
    const apply = ++this.#applies;
    const known: KnownVersion[] = [];
    for (const { partition } of writes) {
      const entry = this.#versions.get(nameOf(partition));
      if (entry === undefined) return undefined;
      if (entry.apply === apply) throw repeated(partition);
      entry.apply = apply;
      known.push(entry);
    }
    return known;
  }

  async #learnVersion(partition: Partition): Promise<KnownVersion> {
    const name = nameOf(partition);
    const known = this.#versions.get(name);
    if (known !== undefined) return known;
    const { entry } = await this.#versions.learn(name, async () => ({ version: await this.#reader.version(partition) }));
    return entry;
  }

  /** Commits when the applies before have answered, after reading what it needs. `writes` and `marks` are copies. */
  async #applyInTurn(before: Promise<unknown>, writes: PartitionWrite[], marks: MarkChange[], options: StoreCallOptions | undefined): Promise<ApplyResult> {
    await before;
    this.#refuseWhenFenced(options, 'not-accepted');
    let known: KnownVersion[];
    const stored = new Map<Op, readonly Uint8Array[]>();
    try {
      known = await Promise.all(writes.map((write) => this.#learnVersion(write.partition)));
      for (const write of writes) {
        for (const op of write.ops) if (op.type === 'deleteRange') stored.set(op, await this.#reader.keys(write.partition, op));
      }
    } catch (error) {
      throw translateError(error, { what: 'a read before a commit', outcome: 'not-accepted' });
    }
    return this.#commit(writes, marks, known, stored);
  }

  /** Compares versions and issues the batch, with no await in between. */
  async #commit(writes: readonly PartitionWrite[], marks: readonly MarkChange[], known: KnownVersion[], stored: StoredKeys): Promise<ApplyResult> {
    const stale: Partition[] = [];
    for (let i = 0; i < writes.length; i++) {
      const { partition, expectVersion, version } = writes[i]!;
      if (known[i]!.version !== expectVersion) stale.push(new Uint8Array(partition));
      known[i]!.next = version;
    }
    if (stale.length > 0) return { applied: false, stale };
    if (writes.length === 0 && marks.length === 0) return APPLIED;
    const batch = this.#build(writes, marks, stored);
    try {
      await batch.write(SYNC);
    } catch (error) {
      this.#failure = translateError(error, { what: 'a commit', outcome: 'unconfirmed' });
      throw this.#failure;
    }
    for (const entry of known) this.#versions.confirm(entry);
    return APPLIED;
  }

  #build(writes: readonly PartitionWrite[], marks: readonly MarkChange[], stored: StoredKeys): ByteBatch {
    let batch: ByteBatch | undefined;
    try {
      batch = this.#db.batch();
      for (const write of writes) this.#builder.addWrite(batch, write, stored);
      for (const mark of marks) this.#builder.addMark(batch, mark);
      return batch;
    } catch (error) {
      batch?.close().catch(() => undefined);
      throw translateError(error, { what: 'a commit', outcome: 'not-accepted' });
    }
  }
}

/** Whether any operation needs the keys that are stored now. */
function hasDeleteRange(writes: readonly PartitionWrite[]): boolean {
  for (const write of writes) {
    for (const op of write.ops) if (op.type === 'deleteRange') return true;
  }
  return false;
}
