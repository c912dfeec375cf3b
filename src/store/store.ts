import type { Clock } from '../model/clock.js';
import { U48_MAX } from '../model/limits.js';

/**
 * The storage contract: a partitioned, ordered key-value store with compare-and-set on one version per partition. A backend knows no
 * messages: it sees partitions, keys and values as bytes, and the engine never sees a database.
 *
 * Consistency: `load` and `apply` of one partition are linearizable. `validate` sees every commit acknowledged before it began. `read` and
 * `scan` see every commit acknowledged before they began and may see later ones; two calls are not one snapshot. Safety rests on `apply`
 * alone: of two writers that plan from one version, one is refused.
 *
 * Source: the shape follows Replicache's `kv/store.ts` (promises beside each method) and abstract-level (ranges, encodings left to the caller).
 */

/**
 * The bytes that name a partition: u8 kind (below `PARTITION_KIND_END`) ‖ u8 n (1..128) ‖ n bytes, so 3 to 130 of them, and none is a prefix of
 * another: a backend may put a key right behind them. A store refuses any other form with a `RangeError`.
 */
export type Partition = Uint8Array;

/** Version of a partition: an integer below 2^48, strictly increasing with each commit; 0 = nothing was ever committed there. */
export type Version = number;

/** One stored row. */
export interface Row {
  /** 1 byte or more. */
  readonly key: Uint8Array;
  /** May be empty. */
  readonly value: Uint8Array;
}

/** One change of a partition's rows. Operations of one write take effect in their order. Keys have 1 byte or more; values may be empty. */
export type Op =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'delete'; readonly key: Uint8Array }
  | { readonly type: 'deleteRange'; readonly gte: Uint8Array; readonly lt: Uint8Array };

/**
 * What one commit does to one partition, all or nothing. `note` is the commit's log row: the store puts it under `noteKey` of `version`, where `read`
 * and `scan` see it. `head`, when given, replaces the head row (under `HEAD_KEY`), which only `load` returns.
 *
 * What `ops` may not do: touch the head's key, put under `NOTE_TAG`, delete this commit's own note, or cover one of the two by a `deleteRange`.
 * They may delete older log rows (trimming). A call that breaks this is a mistake of the program, which a store refuses with a `RangeError` before any effect.
 */
export interface PartitionWrite {
  /** Which one. */
  readonly partition: Partition;
  /** The version this write was planned on; the store refuses it when the partition's is another. */
  readonly expectVersion: Version;
  /** The partition's version afterwards; greater than `expectVersion`. */
  readonly version: Version;
  /** Value of the log row. */
  readonly note: Uint8Array;
  /** Value of the head row. */
  readonly head?: Uint8Array;
  /** In the order they take effect. */
  readonly ops: readonly Op[];
}

/** A mark says "this mailbox may have work left": it is found by {@link Store.scanMarks} after a crash, without reading the mailbox. */
export interface Mark {
  /** 0 … MARK_SLOTS − 1. */
  readonly slot: number;
  /** Of which mailbox. */
  readonly partition: Partition;
  /** Tells it from other marks of that mailbox; empty, or 6 bytes. */
  readonly name: Uint8Array;
}

/** Setting or clearing a mark with a commit. */
export interface MarkChange extends Mark {
  /** What happens to it. */
  readonly type: 'set' | 'clear';
}

/** What a partition is when it is loaded. */
export interface LoadedPartition {
  /** 0 where nothing was ever committed. */
  readonly version: Version;
  /** The head row's value, when one was ever written. */
  readonly head?: Uint8Array;
  /** The newest log row's value; absent exactly when `version` is 0. */
  readonly note?: Uint8Array;
}

/** Rows with `gte` <= key < `lt` in unsigned byte order, at most `limit` of them; from the end when `reverse`. */
export interface ScanRange {
  /** The first key that belongs to it. */
  readonly gte: Uint8Array;
  /** The first key that no longer does. */
  readonly lt: Uint8Array;
  /** From the end. */
  readonly reverse?: boolean;
  /** Rows at most; 1 or more. */
  readonly limit: number;
}

/** Answer of {@link Store.apply}: applied, or refused because these partitions have another version. Refused leaves nothing behind but marks that were set. */
export type ApplyResult = { readonly applied: true } | { readonly applied: false; readonly stale: readonly Partition[] };

/** What a store can promise; the same for the life of the store. */
export interface StoreCapabilities {
  /** One `apply` may write several partitions, all or nothing. Otherwise a call brings one partition. */
  readonly atomicAcrossPartitions: boolean;
  /** While this store is open nothing else can write what it holds, so a cache over it needs no validation. */
  readonly exclusive: boolean;
  /** Bytes that one `apply` may bring at most: of keys, values and bounds in `ops`, of notes and heads. */
  readonly applyBytesMax: number;
}

/**
 * How an operation may be given up. A backend that can wait honours them; giving up an `apply` makes its outcome unknown. What is not given up is
 * answered in full.
 */
export interface StoreCallOptions {
  /** Gives the call up. */
  readonly signal?: AbortSignal;
  /** Milliseconds since 1970 after which the caller no longer waits. */
  readonly deadline?: number;
}

/** What `open` is given. */
export interface StoreOpenOptions extends StoreCallOptions {
  /** The engine's clock and timers. */
  readonly clock: Clock;
  /** How long to wait for another owner to leave before `MAILRING_LOCKED`, in milliseconds; 0 when absent. */
  readonly openWaitMs?: number;
}

/**
 * A backend. A store never keeps or returns a caller's buffer: what it is given is copied before the call returns its promise, and what it returns
 * is the caller's to keep. `open` may be called again after `close` and then goes on with what is stored; `open` of an open store rejects, and so does
 * every other call but `close` on one that is not open.
 */
export interface Store {
  /** The same for the life of the store. */
  readonly capabilities: StoreCapabilities;

  /** Takes the store. @throws `MAILRING_LOCKED`, `MAILRING_FORMAT`, `MAILRING_NATIVE_MISSING`, `MAILRING_UNAVAILABLE` */
  open(options: StoreOpenOptions): Promise<void>;

  /** Version, head row and newest log row of a partition. Linearizable; finishes what another writer left in flight. */
  load(partition: Partition, options?: StoreCallOptions): Promise<LoadedPartition>;

  /** The version only; sees every commit acknowledged before this call began. Costs nothing where the store is `exclusive`. */
  validate(partition: Partition, options?: StoreCallOptions): Promise<Version>;

  /** The values of `keys`, in their order; `undefined` where there is none. */
  read(partition: Partition, keys: readonly Uint8Array[], options?: StoreCallOptions): Promise<(Uint8Array | undefined)[]>;

  /** The rows of a range, in order (or from the end). The head row is never among them. */
  scan(partition: Partition, range: ScanRange, options?: StoreCallOptions): Promise<Row[]>;

  /**
   * Commits `writes`: all or nothing per partition, over all of them where `atomicAcrossPartitions`. Durable when it resolves with `applied: true`.
   * Anything thrown means *unknown*: it may be applied, now or later. `stale` names the partitions whose version was not `expectVersion`.
   *
   * A mark that is set is durable no later than the commit, and may remain after any answer but *applied*; one that is cleared goes only after it.
   */
  apply(writes: readonly PartitionWrite[], marks?: readonly MarkChange[], options?: StoreCallOptions): Promise<ApplyResult>;

  /** All marks of a slot, in any order; those set or cleared meanwhile may or may not be among them. Given up, it throws: it never just ends. */
  scanMarks(slot: number, options?: StoreCallOptions): AsyncIterable<Mark>;

  /** All partitions that hold anything, in any order. Given up, it throws: it never just ends. */
  partitions(options?: StoreCallOptions): AsyncIterable<Partition>;

  /**
   * Copies what is stored to a folder that is not there yet, marks included, while commits go on. The instant of the copy is the call, before it returns its promise: copies of several
   * stores that are begun in one turn of the event loop are of one instant. Only a store in LevelDB has it: the copy is a LevelDB, which `Mailring.restore` understands.
   */
  checkpoint?(location: string, options?: CheckpointOptions): Promise<void>;

  /** Finishes what was begun and lets go of everything. Idempotent. */
  close(): Promise<void>;
}

/** How a checkpoint is watched and given up. */
export interface CheckpointOptions {
  /** Gives it up; what was copied so far stays. */
  readonly signal?: AbortSignal | undefined;
  /** Called now and then with what was copied since the last time. */
  readonly onProgress?: ((copied: { readonly rows: number; readonly bytes: number }) => void) | undefined;
}

/** The key of the head row. Part of the stored format. */
export const HEAD_KEY: Uint8Array = Uint8Array.of(0x10);

/** First byte of a log row's key. Part of the stored format. */
export const NOTE_TAG = 0x20;

/** Bytes of a log row's key. */
export const NOTE_KEY_BYTES = 7;

/** Kinds of partitions are below; from here on first bytes are a backend's own. Part of the stored format. */
export const PARTITION_KIND_END = 0xfe;

/** The key of the log row of a version: 0x20 ‖ 2^48−1−version, so that a forward scan gives the newest first. Part of the stored format. */
export function noteKey(version: Version): Buffer {
  const key = Buffer.allocUnsafe(NOTE_KEY_BYTES);
  writeNoteKey(key, 0, version);
  return key;
}

/** Writes `noteKey` of `version` into `bytes` at `at`. */
export function writeNoteKey(bytes: Buffer, at: number, version: Version): void {
  bytes[at] = NOTE_TAG;
  bytes.writeUIntBE(U48_MAX - version, at + 1, 6);
}

/** The version that the key of a log row stands for. */
export function versionOfNoteKey(key: Uint8Array): Version {
  return U48_MAX - Buffer.from(key.buffer, key.byteOffset + 1, 6).readUIntBE(0, 6);
}
