import { Mutex } from 'async-mutex';
import { MailringError } from '../../model/errors.js';
import { APPLY_BYTES_MAX } from '../check-apply.js';
import type {
  ApplyResult,
  CheckpointOptions,
  LoadedPartition,
  Mark,
  MarkChange,
  Partition,
  PartitionWrite,
  Row,
  ScanRange,
  Store,
  StoreCallOptions,
  StoreCapabilities,
  StoreOpenOptions,
  Version,
} from '../store.js';
import { LevelHandle } from './level-handle.js';
import { type OpenDatabase, openDatabase, openLocation } from './open-database.js';
import { type LevelStoreOptions, type Settings, settingsOf } from './options.js';
import { type Owner, ownerHere } from './owner.js';

/**
 * A store in LevelDB: embedded, of one machine, atomic across partitions. Every commit is one batch, synced to the disk before it is acknowledged.
 *
 * - `{ location }`: a folder, opened with classic-level. While it is open nobody else opens it through mailring (see guard.ts); the native code is loaded
 *   by `open`, not by importing this module.
 * - `{ db }`: an abstract-level database, which `open` opens and `close` closes. What is promised is as durable as that database: memory-level is not.
 *
 * After a commit that failed, everything is refused with `MAILRING_UNAVAILABLE` until `close` and `open`: the disk is then in doubt.
 */
export class LevelStore implements Store {
  readonly capabilities: StoreCapabilities = Object.freeze({ atomicAcrossPartitions: true, exclusive: true, applyBytesMax: APPLY_BYTES_MAX });
  readonly #settings: Settings;
  /** Opening and closing, one after the other. */
  readonly #lifecycle = new Mutex();
  #open: { readonly database: OpenDatabase; readonly handle: LevelHandle; readonly owner: Owner } | undefined;

  /** @throws `TypeError`, `RangeError` for options that cannot be meant */
  constructor(options: LevelStoreOptions) {
    this.#settings = settingsOf(options);
  }

  /**
   * Takes the folder or the database. Looks at the free space first: below `freeBytesMin` nothing is opened. Of a folder it then reads the logs,
   * because LevelDB itself would drop what is damaged in them: such a folder is refused, and nothing in it is changed.
   *
   * @throws `MAILRING_LOCKED` with `details` { pid, host, since }, `MAILRING_NATIVE_MISSING`, `MAILRING_CORRUPT`, `MAILRING_UNAVAILABLE`
   */
  async open(options: StoreOpenOptions): Promise<void> {
    await this.#lifecycle.runExclusive(async () => {
      if (this.#open !== undefined) {
        throw new MailringError('MAILRING_LOCKED', 'this level store is open already; close it first', {
          retryable: true,
          details: { ...this.#open.owner },
        });
      }
      const { source, freeBytesMin, versionsCached } = this.#settings;
      const database = await ('db' in source ? openDatabase(source.db, freeBytesMin, options) : openLocation(source, freeBytesMin, options));
      const { db, driverCopies } = database;
      const handle = new LevelHandle({ db, driverCopies, versionsCached, now: () => options.clock.now(), capabilities: this.capabilities });
      this.#open = { database, handle, owner: ownerHere(options.clock) };
    });
  }

  async load(partition: Partition, options?: StoreCallOptions): Promise<LoadedPartition> {
    return this.#handle().load(partition, options);
  }

  async validate(partition: Partition, options?: StoreCallOptions): Promise<Version> {
    return this.#handle().validate(partition, options);
  }

  async read(partition: Partition, keys: readonly Uint8Array[], options?: StoreCallOptions): Promise<(Uint8Array | undefined)[]> {
    return this.#handle().read(partition, keys, options);
  }

  async scan(partition: Partition, range: ScanRange, options?: StoreCallOptions): Promise<Row[]> {
    return this.#handle().scan(partition, range, options);
  }

  /**
   * Commits in one synced batch. An error's `outcome` says what is known: `unconfirmed` for the write that failed, `not-accepted` for one that was
   * never issued.
   *
   * @throws `RangeError` when a precondition of the contract does not hold; `MAILRING_UNAVAILABLE`, `MAILRING_CORRUPT`, `MAILRING_ABORTED`
   */
  async apply(writes: readonly PartitionWrite[], marks: readonly MarkChange[] = [], options?: StoreCallOptions): Promise<ApplyResult> {
    return this.#handle().apply(writes, marks, options);
  }

  async *scanMarks(slot: number, options?: StoreCallOptions): AsyncGenerator<Mark> {
    yield* this.#handle().scanMarks(slot, options);
  }

  async *partitions(options?: StoreCallOptions): AsyncGenerator<Partition> {
    yield* this.#handle().partitions(options);
  }

  async checkpoint(location: string, options: CheckpointOptions = {}): Promise<void> {
    await this.#handle().checkpoint(location, options);
  }

  async close(): Promise<void> {
    await this.#lifecycle.runExclusive(async () => {
      if (this.#open === undefined) return;
      await this.#open.handle.close();
      // When this throws, the database is still open, and so is the store: closing can be tried again.
      await this.#open.database.close();
      this.#open = undefined;
    });
  }

  #handle(): LevelHandle {
    if (this.#open === undefined) throw new MailringError('MAILRING_CLOSED', 'the level store is closed; open it first', { outcome: 'not-accepted' });
    return this.#open.handle;
  }
}
