import type { UserId } from '../model/ids.js';
import { CHANGE, type Change, type LogRow } from './rows.js';
import type { Report } from './verify-problem.js';

/** What the log says of one conversation: the numbers of its changes. */
export class LoggedConversation {
  /** Seq of the newest message change; 0 when the log has none. */
  newestSeq = 0;
  /** Greatest seq that was edited or deleted. */
  changedSeq = 0;
  /** The newest change of a marker or a floor. */
  rowChange: (Change & { readonly number: number }) | undefined;
  #oldestSeq = 0;
  /** Of message changes, by `newestSeq` − seq; never walked, since damage can make it sparse. */
  readonly #numbers: number[] = [];
  /** Of the newest edit or stub, by seq. */
  readonly #changed = new Map<number, number>();

  /** Number of the change that brought a message, where the log reaches so far. */
  numberOf(seq: number): number | undefined {
    return this.#numbers[this.newestSeq - seq];
  }

  /** Number of the newest edit or deletion of a message. */
  changedAt(seq: number): number | undefined {
    return this.#changed.get(seq);
  }

  /** Takes the next older change; `false` when messages are out of order. */
  add(change: Change, number: number): boolean {
    const { kind, seq } = change;
    if (kind === CHANGE.message) {
      if (seq < 1 || (this.newestSeq > 0 && seq >= this.#oldestSeq)) return false;
      this.newestSeq ||= seq;
      this.#oldestSeq = seq;
      this.#numbers[this.newestSeq - seq] = number;
    } else if (kind === CHANGE.marker || kind === CHANGE.floor) this.rowChange ??= { ...change, number };
    else {
      this.changedSeq = Math.max(this.changedSeq, seq);
      if (!this.#changed.has(seq)) this.#changed.set(seq, number);
    }
    return true;
  }
}

/**
 * Checks the order of log rows that come newest first, and keeps what the rest of the mailbox is compared with: the numbers above `above`. Where that is not given, as after a
 * reset, which leaves no word of how far the log was trimmed, those that the rows have.
 */
export class LogCheck {
  readonly conversations = new Map<UserId, LoggedConversation>();
  /** Version of the newest row, and the row where it could be read. */
  newest = 0;
  newestRow: LogRow | undefined;
  readonly #above: number | undefined;
  readonly #report: Report;
  #lowest = Number.POSITIVE_INFINITY;
  /** Numbers whose rows cannot be read: above `from`, up to `to`; greatest first, and no two overlap. */
  readonly #unreadable: { from: number; readonly to: number }[] = [];

  constructor(above: number | undefined, report: Report) {
    this.#above = above;
    this.#report = report;
  }

  /** Whether the change of a number stands in a row that cannot be read. */
  isUnreadable(number: number): boolean {
    let low = 0;
    let high = this.#unreadable.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#unreadable[middle]!.from < number) high = middle;
      else low = middle + 1;
    }
    const nearest = this.#unreadable[low];
    return nearest !== undefined && number <= nearest.to;
  }

  /** Number up to which the log says nothing; right once all rows were taken. */
  get end(): number {
    return this.#above ?? this.#lowest - 1;
  }

  /** Whether nothing can be said of a number: it is at or below where the log ends, or unreadable. */
  knowsNothingOf(number: number): boolean {
    return number <= this.end || this.isUnreadable(number);
  }

  /** Takes the next older row; `undefined` for one that cannot be read. */
  add(version: number, row: LogRow | undefined): void {
    if (this.newest === 0) {
      this.newest = version;
      this.newestRow = row;
    }
    const last = this.#unreadable.at(-1);
    if (last?.from === 0) last.from = version;
    const above = this.#above ?? 0;
    if (version <= above) return;
    if (version >= this.#lowest) this.#report('log', `the numbers of two commits overlap. version=\`${version}\` lowest-of-the-next=\`${this.#lowest}\``);
    // A commit without changes takes a number too.
    this.#lowest = version - Math.max((row?.changes.length ?? 1) - 1, 0);
    if (this.#lowest < 1) this.#report('log', `a commit has more changes than numbers. version=\`${version}\``);
    if (row === undefined) this.#unreadable.push({ from: 0, to: version });
    else for (const [i, change] of row.changes.entries()) if (version - i > above) this.#addChange(change, version - i);
  }

  #addChange(change: Change, number: number): void {
    const { peer, seq } = change;
    let conversation = this.conversations.get(peer);
    if (conversation === undefined) {
      conversation = new LoggedConversation();
      this.conversations.set(peer, conversation);
    }
    if (!conversation.add(change, number)) this.#report('log', `a message stands in the log before an older one. number=\`${number}\``, { peer, seq });
  }
}
