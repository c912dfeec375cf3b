import { LOG_CHANGES_CACHED_MAX } from '../model/limits.js';
import type { LogRow } from './rows.js';

/**
 * The newest commits of a mailbox as they are kept in memory: log rows without a gap, from some version up to the mailbox's own.
 * What is below `oldest` has to be read.
 */
export class LogWindow {
  /** Oldest first. */
  readonly rows: LogRow[] = [];
  /** Whether the first row is the first that is stored: there is nothing below. */
  complete: boolean;
  #changes = 0;

  constructor(newest: LogRow | undefined) {
    this.complete = newest === undefined;
    if (newest !== undefined) this.push(newest);
  }

  /** Version of the oldest row; 0 where the window reaches the beginning. */
  get oldest(): number {
    return this.complete ? 0 : this.rows[0]!.version;
  }

  /** Whether the window holds every commit above `version`. */
  reaches(version: number): boolean {
    return this.oldest <= version;
  }

  /** Index of the first row whose version is `version` or above; `rows.length` when there is none. */
  indexFrom(version: number): number {
    let low = 0;
    let high = this.rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.rows[middle]!.version >= version) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Adds the newest commit; the oldest rows leave when a quarter too many changes are held. */
  push(row: LogRow): void {
    this.rows.push(row);
    this.#changes += row.changes.length;
    if (this.#changes > 1.25 * LOG_CHANGES_CACHED_MAX) this.shrink(LOG_CHANGES_CACHED_MAX);
  }

  /** Lets go of the oldest rows until no more than so many changes are held; the newest row stays. */
  shrink(changesMax: number): void {
    let gone = 0;
    while (this.#changes > changesMax && gone < this.rows.length - 1) this.#changes -= this.rows[gone++]!.changes.length;
    this.rows.splice(0, gone);
    if (gone > 0) this.complete = false;
  }

  /** Adds rows (newest first) that follow directly below the oldest, as many as there is room for; `complete` when nothing is stored below them. */
  extend(rows: readonly LogRow[], complete: boolean): void {
    if (this.complete) return;
    let count = 0;
    while (count < rows.length && this.#changes + rows[count]!.changes.length <= LOG_CHANGES_CACHED_MAX) this.#changes += rows[count++]!.changes.length;
    this.rows.unshift(...rows.slice(0, count).toReversed());
    this.complete = complete && count === rows.length;
  }

  /** Lets go of the rows up to version `upTo`, which were trimmed: where one of them was held, nothing is stored below the rest. */
  trim(upTo: number): void {
    const gone = this.indexFrom(upTo + 1);
    if (gone === 0) return;
    for (const { changes } of this.rows.splice(0, gone)) this.#changes -= changes.length;
    this.complete = true;
  }

  /** Bytes this window takes in memory, roughly. */
  get bytes(): number {
    return 120 * this.rows.length + 64 * this.#changes;
  }
}
