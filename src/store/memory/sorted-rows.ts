import { compareBytes } from '../../model/bytes.js';
import type { Row } from '../store.js';

/** Rows of one chunk; a full one is cut in half. Small enough that inserting at its front is cheap, which is where each commit's log row goes. */
const CHUNK_ROWS_MAX = 512;

/** Index of the first row whose key is not below `key`; the number of rows when there is none. */
function lowerBound(rows: readonly Row[], key: Uint8Array): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareBytes(rows[middle]!.key, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Rows in unsigned byte order of their keys, as a list of sorted chunks: 100,000 rows are a few hundred chunks, and an insert moves at most one
 * chunk's rows. It keeps the arrays it is given and returns the ones it keeps; whoever owns it copies.
 */
export class SortedRows {
  /** Never an empty chunk; every key of a chunk is below every key of the next. */
  readonly #chunks: Row[][] = [];

  /** The value under `key`. */
  get(key: Uint8Array): Uint8Array | undefined {
    const rows = this.#chunks[this.#chunkOf(key)] ?? [];
    const row = rows[lowerBound(rows, key)];
    return row !== undefined && compareBytes(row.key, key) === 0 ? row.value : undefined;
  }

  /** Adds the row, or replaces the one with its key. */
  set(row: Row): void {
    const chunk = this.#chunkOf(row.key);
    const rows = this.#chunks[chunk];
    if (rows === undefined) {
      this.#chunks.push([row]);
      return;
    }
    const at = lowerBound(rows, row.key);
    const held = rows[at];
    rows.splice(at, held !== undefined && compareBytes(held.key, row.key) === 0 ? 1 : 0, row);
    if (rows.length > CHUNK_ROWS_MAX) this.#chunks.splice(chunk + 1, 0, rows.splice(CHUNK_ROWS_MAX / 2));
  }

  /** Removes the row of `key`, if there is one. */
  delete(key: Uint8Array): void {
    const chunk = this.#chunkOf(key);
    const rows = this.#chunks[chunk] ?? [];
    const at = lowerBound(rows, key);
    const held = rows[at];
    if (held === undefined || compareBytes(held.key, key) !== 0) return;
    rows.splice(at, 1);
    if (rows.length === 0) this.#chunks.splice(chunk, 1);
  }

  /** Removes the rows with `gte` <= key < `lt`. */
  deleteRange(gte: Uint8Array, lt: Uint8Array): void {
    if (compareBytes(gte, lt) >= 0) return;
    let chunk = this.#chunkOf(gte);
    for (let rows = this.#chunks[chunk]; rows !== undefined; rows = this.#chunks[chunk]) {
      const end = lowerBound(rows, lt);
      const last = end < rows.length;
      const start = lowerBound(rows, gte);
      rows.splice(start, end - start);
      if (rows.length === 0) this.#chunks.splice(chunk, 1);
      else chunk += 1;
      if (last) return;
    }
  }

  /** The rows with `gte` <= key < `lt`, upwards. */
  *ascending(gte: Uint8Array, lt: Uint8Array): Generator<Row> {
    for (let chunk = this.#chunkOf(gte); chunk < this.#chunks.length; chunk++) {
      const rows = this.#chunks[chunk]!;
      for (let at = lowerBound(rows, gte); at < rows.length; at++) {
        const row = rows[at]!;
        if (compareBytes(row.key, lt) >= 0) return;
        yield row;
      }
    }
  }

  /** The rows with `gte` <= key < `lt`, downwards. */
  *descending(gte: Uint8Array, lt: Uint8Array): Generator<Row> {
    for (let chunk = this.#chunkOf(lt); chunk >= 0; chunk--) {
      const rows = this.#chunks[chunk] ?? [];
      for (let at = lowerBound(rows, lt) - 1; at >= 0; at--) {
        const row = rows[at]!;
        if (compareBytes(row.key, gte) < 0) return;
        yield row;
      }
    }
  }

  /** The chunk that holds `key` or would take it: the last one that begins at or below it. */
  #chunkOf(key: Uint8Array): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareBytes(this.#chunks[middle]![0]!.key, key) <= 0) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }
}
