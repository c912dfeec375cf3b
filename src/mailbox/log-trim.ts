import { LOG_SLACK_PERCENT, TRIM_STEP_CHANGES } from '../model/limits.js';
import { CHANGE, type Head, type LogRow } from './rows.js';

/** The oldest rows of a log as they were read to be trimmed. */
export interface OldestRows {
  /** Oldest first: what one step may take, and as far as it was read one row more. */
  readonly rows: readonly LogRow[];
  /** Numbers of those message changes that brought the newest message of a conversation that was not in memory. */
  readonly newest: ReadonlySet<number>;
}

/** What one commit trims. */
export interface TrimStep extends OldestRows {
  /** Changes in these rows. */
  readonly changes: number;
  /** Whether the next commit goes on. */
  readonly more: boolean;
  /** Bytes of keys and values that it brings at most. */
  readonly bytes: number;
}

/** What is given where a row of the log cannot be read: trimming waits until the mailbox is loaded again, and nothing else waits for it. */
export const NOTHING_TO_TRIM: OldestRows = { rows: [], newest: new Set() };

/** A head with all that it can hold. */
const HEAD_BYTES = 64;
/** A log row's key, and an old-list row without the peer's id. */
const CHANGE_BYTES = 48;

/** How long a mailbox's log is, as far as that is known, and what was read of its oldest end. */
export class LogTrim {
  /** Changes in the log at the mailbox's version; `undefined` while they were not counted. */
  changes: number | undefined;
  /** Read at this version or at an earlier one: only a trim changes the oldest end. */
  oldest: OldestRows | undefined;
  /** Its length, or its oldest rows, are being read; other writes go on without it. */
  reading = false;
  /** Changes committed since the mailbox was loaded. */
  committed = 0;
  readonly #kept: number;
  readonly #slack: number;

  constructor(kept: number, changes: number | undefined) {
    this.#kept = kept;
    this.#slack = Math.ceil((kept * LOG_SLACK_PERCENT) / 100);
    this.changes = changes;
  }

  /**
   * Whether the log is to be counted beside a commit on that version. One whose length is not known is counted about once in so many changes as it may be too long, at versions
   * that their own bits choose: a mailbox that is loaded for each few commits is counted too, and no commit counts for nothing.
   */
  wantsCount(version: number, head: Head): boolean {
    if (this.reading || this.oldest !== undefined || this.changes !== undefined) return false;
    return head.logged?.trimming === true || isTurn(version, this.#slack);
  }

  /** Whether the oldest rows have to be read before the next commit is planned. */
  wantsOldest(head: Head): boolean {
    return !this.reading && this.oldest === undefined && this.isDue(head);
  }

  /** Whether the log is to be trimmed: it has become too long, or the commit that trimmed it last has left something. */
  isDue({ logged }: Head): boolean {
    const over = (this.changes ?? 0) - this.#kept;
    return over >= this.#slack || (over > 0 && logged?.trimming === true);
  }

  /** What a commit of `added` changes trims, where `head` is the head it leaves but for the trim, in at most `room` bytes. */
  step(head: Head, added: number, room: number): TrimStep | undefined {
    if (this.oldest === undefined || !this.isDue(head)) return undefined;
    const { rows, newest } = this.oldest;
    // A sweep finds what is undelivered in the log rows above the base of a mark.
    const base = head.markName.length === 0 ? Number.POSITIVE_INFINITY : Buffer.from(head.markName).readUIntBE(0, head.markName.length);
    const spare = this.changes! + added - this.#kept;
    // Where enough is gone, an empty row stays: a cursor below it is still good.
    const fits = (row: LogRow, gone: number) => row.version <= base && gone < spare && gone + row.changes.length <= spare;
    let count = 0;
    let gone = 0;
    let bytes = HEAD_BYTES;
    for (const row of rows.slice(0, stepRows(rows))) {
      bytes += bytesOf(row);
      if (!fits(row, gone) || bytes > room) break;
      gone += row.changes.length;
      count++;
    }
    if (count === 0) return undefined;
    const next = rows[count];
    const more = next === undefined ? gone < spare : fits(next, gone);
    return { rows: rows.slice(0, count), newest, changes: gone, more, bytes };
  }

  /** Takes a commit that was acknowledged. */
  commit(added: number, step: TrimStep | undefined): void {
    this.committed += added;
    if (this.changes !== undefined) this.changes += added - (step?.changes ?? 0);
    if (step !== undefined) this.oldest = undefined;
  }

  /** Bytes it takes in memory, roughly. */
  get bytes(): number {
    return this.oldest === undefined ? 0 : this.oldest.rows.reduce((sum, { changes }) => sum + 120 + 64 * changes.length, 0);
  }
}

/** How many of these rows, oldest first, one step takes at most: rows are never cut, so one with too many changes is a step of its own. */
export function stepRows(rows: readonly LogRow[]): number {
  let changes = 0;
  let count = 0;
  while (count < rows.length && (count === 0 || changes + rows[count]!.changes.length <= TRIM_STEP_CHANGES)) changes += rows[count++]!.changes.length;
  return count;
}

function bytesOf({ changes }: LogRow): number {
  return changes.reduce((sum, { kind, peer }) => sum + (kind === CHANGE.message ? CHANGE_BYTES + 3 * peer.length : 0), CHANGE_BYTES);
}

/** Whether a version is one of about `every` that are chosen: by all its bits, so that versions of equal distances are chosen as often. */
function isTurn(version: number, every: number): boolean {
  let bits = (version % 2 ** 32) ^ Math.floor(version / 2 ** 32);
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0 < 2 ** 32 / every;
}
