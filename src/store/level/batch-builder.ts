import { covers } from '../check-apply.js';
import { HEAD_KEY, type MarkChange, NOTE_KEY_BYTES, type Op, type PartitionWrite, type Version, writeNoteKey } from '../store.js';
import { BYTES, type ByteBatch, type ByteEncodings, OWN_ENCODINGS } from './database.js';
import { markKey, NOTHING, physicalKey } from './physical-keys.js';

/** Physical keys up to this many bytes are built in the arena: those of the engine have at most about 400. */
const ARENA_BYTES = 1_024;

/** The keys that stand in the range of each `deleteRange`, without the partition. */
export type StoredKeys = ReadonlyMap<Op, readonly Uint8Array[]>;

/**
 * Turns writes into puts and deletes of one batch.
 *
 * classic-level, opened by us, copies a key at `put`, so all keys are built in one arena and no memory is allocated for a row. memory-level and others
 * keep the very buffers they are given: for them (`driverCopies: false`) every key and value gets memory of its own.
 */
export class BatchBuilder {
  readonly #driverCopies: boolean;
  readonly #encodings: ByteEncodings;
  readonly #arena = Buffer.allocUnsafeSlow(ARENA_BYTES);
  /** Views of the arena by their length, made when first needed. */
  readonly #views = new Array<Buffer | undefined>(ARENA_BYTES + 1).fill(undefined);
  #partition: Uint8Array = NOTHING;

  constructor(driverCopies: boolean) {
    this.#driverCopies = driverCopies;
    this.#encodings = driverCopies ? OWN_ENCODINGS : BYTES;
  }

  /** Adds what `write` does, operations in their order. */
  addWrite(batch: ByteBatch, write: PartitionWrite, stored: StoredKeys): void {
    const { ops, head, note, partition } = write;
    this.#partition = partition;
    if (this.#driverCopies) this.#arena.set(partition, 0);
    for (let i = 0; i < ops.length; i++) {
      const op = ops[i]!;
      if (op.type === 'put') batch.put(this.#key(op.key), this.#value(op.value), this.#encodings);
      else if (op.type === 'delete') batch.del(this.#key(op.key), this.#encodings);
      else this.#deleteRange(batch, op, ops.slice(0, i), stored.get(op) ?? []);
    }
    if (head !== undefined) batch.put(this.#key(HEAD_KEY), this.#value(head), this.#encodings);
    batch.put(this.#noteKey(write.version), this.#value(note), this.#encodings);
  }

  addMark(batch: ByteBatch, mark: MarkChange): void {
    if (mark.type === 'set') batch.put(markKey(mark), NOTHING, this.#encodings);
    else batch.del(markKey(mark), this.#encodings);
  }

  /** The range covers what is stored and what the same write put before it. */
  #deleteRange(batch: ByteBatch, range: Op & { type: 'deleteRange' }, before: readonly Op[], stored: readonly Uint8Array[]): void {
    for (const key of stored) batch.del(this.#key(key), this.#encodings);
    for (const op of before) {
      if (op.type === 'put' && covers(range, op.key)) batch.del(this.#key(op.key), this.#encodings);
    }
  }

  #key(key: Uint8Array): Buffer {
    const at = this.#partition.length;
    const length = at + key.length;
    if (!this.#driverCopies || length > ARENA_BYTES) return physicalKey(this.#partition, key);
    this.#arena.set(key, at);
    return this.#view(length);
  }

  #noteKey(version: Version): Buffer {
    const at = this.#partition.length;
    const key = this.#driverCopies ? this.#view(at + NOTE_KEY_BYTES) : physicalKey(this.#partition, Buffer.alloc(NOTE_KEY_BYTES));
    writeNoteKey(key, at, version);
    return key;
  }

  #view(length: number): Buffer {
    this.#views[length] ??= this.#arena.subarray(0, length);
    return this.#views[length];
  }

  #value(value: Uint8Array): Uint8Array {
    return this.#driverCopies ? value : Buffer.from(value);
  }
}
