import { covers } from '../check-apply.js';
import { HEAD_KEY, type LoadedPartition, type Mark, NOTE_TAG, type Partition, type Row, type ScanRange, type Version, versionOfNoteKey } from '../store.js';
import { BYTES, type ByteDatabase } from './database.js';
import { LISTING_KEYS_MAX, SCAN_STEP_BYTES } from './limits.js';
import { behind, MARK_TAG, markAt, notesOf, partitionAt, physicalKey } from './physical-keys.js';

/**
 * Reads rows, marks and partitions of one open database. Every iterator is closed before the call answers.
 *
 * What classic-level gives is ours already; other drivers (`driverCopies: false`) may give what they store, so it is copied.
 */
export class LevelReader {
  readonly #db: ByteDatabase;
  readonly #driverCopies: boolean;

  constructor(db: ByteDatabase, driverCopies: boolean) {
    this.#db = db;
    this.#driverCopies = driverCopies;
  }

  /** Head row and newest log row by one iterator: the head stands just before the log. */
  async load(partition: Partition): Promise<LoadedPartition> {
    const at = partition.length;
    const notes = notesOf(partition);
    const iterator = this.#db.iterator({ ...BYTES, gte: physicalKey(partition, HEAD_KEY), lt: notes.lt, limit: 3 });
    try {
      let rows = await iterator.nextv(2);
      const head = rows[0]?.[0].length === at + 1 && rows[0][0][at] === HEAD_KEY[0] ? rows.shift()![1] : undefined;
      if (rows.length > 0 && rows[0]![0][at] !== NOTE_TAG) {
        // Rows of other tags may stand between the two.
        iterator.seek(notes.gte);
        rows = await iterator.nextv(1);
      }
      const note = rows[0];
      return {
        version: note === undefined ? 0 : versionOfNoteKey(note[0].subarray(at)),
        ...(head !== undefined && { head: this.#own(head) }),
        ...(note !== undefined && { note: this.#own(note[1]) }),
      };
    } finally {
      await iterator.close();
    }
  }

  /** The version by one seek. */
  async version(partition: Partition): Promise<Version> {
    const [key] = await this.#db.keys({ ...BYTES, ...notesOf(partition), limit: 1 }).all();
    return key === undefined ? 0 : versionOfNoteKey(key.subarray(partition.length));
  }

  async read(partition: Partition, keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    const physical = keys.map((key) => physicalKey(partition, key));
    const at = partition.length;
    const values = await this.#db.getMany(physical, BYTES);
    return values.map((value, i) => (value === undefined || isHead(physical[i]!.subarray(at)) ? undefined : this.#own(value)));
  }

  async scan(partition: Partition, { gte, lt, reverse = false, limit }: ScanRange, signal: AbortSignal | undefined): Promise<Row[]> {
    const at = partition.length;
    const range = { gte: physicalKey(partition, gte), lt: physicalKey(partition, lt) };
    const withHead = covers({ gte, lt }, HEAD_KEY);
    const options = { ...BYTES, ...range, reverse, limit: withHead ? limit + 1 : limit, highWaterMarkBytes: SCAN_STEP_BYTES };
    const found = await this.#db.iterator(signal === undefined ? options : { ...options, signal }).all();
    const rows: Row[] = [];
    for (const [physical, value] of found) {
      const key = physical.subarray(at);
      if (rows.length < limit && !(withHead && isHead(key))) rows.push({ key: this.#own(key), value: this.#own(value) });
    }
    return rows;
  }

  /** The keys stored in a range of a partition, without the partition. */
  async keys(partition: Partition, range: { readonly gte: Uint8Array; readonly lt: Uint8Array }): Promise<Uint8Array[]> {
    const options = { ...BYTES, gte: physicalKey(partition, range.gte), lt: physicalKey(partition, range.lt), highWaterMarkBytes: SCAN_STEP_BYTES };
    const found = await this.#db.keys(options).all();
    return found.map((key) => key.subarray(partition.length));
  }

  /** The next partitions from `from` on: one seek each, past all rows of the one before. Fewer than one iterator's worth = the end. */
  async partitionsFrom(from: Uint8Array): Promise<{ readonly partitions: Partition[]; readonly next: Uint8Array | undefined }> {
    const iterator = this.#db.keys({ ...BYTES, gte: from, lt: Uint8Array.of(MARK_TAG) });
    const partitions: Partition[] = [];
    try {
      while (partitions.length < LISTING_KEYS_MAX) {
        const key = await iterator.next();
        if (key === undefined) return { partitions, next: undefined };
        const partition = Buffer.from(partitionAt(key, 0));
        partitions.push(partition);
        iterator.seek(behind(partition));
      }
      return { partitions, next: behind(partitions.at(-1)!) };
    } finally {
      await iterator.close();
    }
  }

  /** The next marks of a slot behind the key `after`. Fewer than one iterator's worth = the end. */
  async marksAfter(slot: number, after: Uint8Array | undefined): Promise<{ readonly marks: Mark[]; readonly next: Uint8Array | undefined }> {
    const gte = after === undefined ? Uint8Array.of(MARK_TAG, slot) : Buffer.concat([after, Uint8Array.of(0)]);
    const keys = await this.#db.keys({ ...BYTES, gte, lt: Uint8Array.of(MARK_TAG, slot + 1), limit: LISTING_KEYS_MAX }).all();
    return { marks: keys.map(markAt), next: keys.length < LISTING_KEYS_MAX ? undefined : keys.at(-1) };
  }

  #own(bytes: Uint8Array): Uint8Array {
    return this.#driverCopies ? bytes : Buffer.from(bytes);
  }
}

function isHead(key: Uint8Array): boolean {
  return key.length === 1 && key[0] === HEAD_KEY[0];
}
