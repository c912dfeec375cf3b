import { corrupt } from '../model/errors.js';
import type { UserId } from '../model/ids.js';
import { DELTA_CHANGES_MAX, LOG_SCAN_ROWS_MAX } from '../model/limits.js';
import { compareUtf8 } from '../model/text.js';
import { contentDigest } from './content-digest.js';
import type { ConversationState } from './conversation-state.js';
import type { Direction } from './keys.js';
import type { MailboxState } from './mailbox-state.js';
import { isOfList, type Need } from './needs.js';
import type { DedupeRow, LogRow, OldListRow } from './rows.js';
import type { StoredMessage } from './stored-message.js';

/** An id that was looked up in the store, and how far the conversation went when the look-up began. */
interface LookUp {
  readonly conversation: ConversationState;
  readonly asOfSeq: number;
  readonly row: DedupeRow | null;
}

/** Log rows that were read for a walk downwards, newest first. */
interface RowsDown {
  readonly rows: LogRow[];
  /** Whether nothing is stored below them. */
  end: boolean;
}

/** Log rows that were read for a walk upwards, oldest first. */
interface RowsUp {
  /** The version it began above. */
  readonly from: number;
  readonly rows: LogRow[];
  /** Where they go on without a gap to the window: its oldest version then. */
  upTo: number | undefined;
}

/** A conversation of the old list. */
export interface OldConversation extends OldListRow {
  readonly activity: number;
}

/**
 * What one request sees of one mailbox: its state in memory, and what was read for this request alone. Every method answers synchronously; where the answer
 * is not in memory it notes a {@link Need} and gives `undefined`, and the request runs again once that was read.
 */
export class MailboxView {
  readonly state: MailboxState;
  /** What is missing; the answer of this run counts only when it is empty. */
  needs: Need[] = [];
  /** Set when the state in memory is seen to be behind the store: it has to be dropped and loaded again. */
  stale = false;
  #messages: Map<ConversationState, Map<number, StoredMessage | null>> | undefined;
  #lookUp: LookUp | undefined;
  #numbers: Map<ConversationState, Map<number, number>> | undefined;
  /** By what the walk stands for, see {@link logDown}. */
  readonly #down = new Map<number, RowsDown>();
  #up: RowsUp | undefined;
  /** With the activity it lies below. */
  #old: { readonly from: number; readonly rows: OldConversation[]; end: boolean } | undefined;
  /** The state's count of removals when the first part of a list was asked for. */
  #removals: number | undefined;

  constructor(state: MailboxState) {
    this.state = state;
  }

  /**
   * Gives the needs to whoever reads them, and starts afresh. Log and old list come first and alone: the rows they lead to are then asked for together, in one read.
   */
  takeNeeds(): readonly Need[] {
    const lists = this.needs.filter(isOfList);
    const needs = lists.length > 0 ? lists : this.needs;
    this.needs = [];
    if (lists.length > 0) this.#removals ??= this.state.removals;
    return needs;
  }

  /** Whether parts of a list were read from the store. */
  get hasReadLists(): boolean {
    return this.#removals !== undefined;
  }

  /** Whether a commit that deletes rows was being written when the first part of a list was asked for, or since: what was read is not of one version. */
  get disturbed(): boolean {
    return this.#removals !== undefined && (this.#removals % 2 === 1 || this.#removals !== this.state.removals);
  }

  /** A conversation; one that has not begun has no `row`. `newestSeq`: the seq of its newest message, where the caller knows it from the log. */
  conversation(peer: UserId, newestSeq?: number): ConversationState | undefined {
    const known = this.state.conversation(peer);
    if (known === undefined) this.needs.push({ kind: 'conversation', peer, newestSeq });
    return known;
  }

  /** One message; `null` where there is none, which a message at or below the floor counts as, whether its row is still there or not. */
  message(conversation: ConversationState, seq: number): StoredMessage | null | undefined {
    if (seq > conversation.lastSeq || seq <= conversation.floorSeq) return null;
    const message = conversation.recentMessage(seq) ?? this.#messages?.get(conversation)?.get(seq);
    if (message === undefined) this.needs.push({ kind: 'message', conversation, seq });
    return message;
  }

  /** The messages from seq `top` down to `bottom`, newest first. */
  messages(conversation: ConversationState, top: number, bottom: number): readonly StoredMessage[] | undefined {
    const read = this.#messages?.get(conversation);
    const found: StoredMessage[] = [];
    for (let seq = top; seq >= bottom; seq--) {
      const message = conversation.recentMessage(seq) ?? read?.get(seq);
      if (message === undefined) {
        this.needs.push({ kind: 'messages', conversation, top, bottom });
        return undefined;
      }
      if (message === null) throw corrupt('a message between the floor and the newest is missing', { conversationId: conversation.conversationId, seq });
      found.push(message);
    }
    return found;
  }

  /**
   * What the id stands for: the row of its first send, or `null` for a new one. Without a look-up where the id is greater than every id this side has used; that
   * is the only short cut: every other comparison of ids loses or doubles messages.
   */
  usedId(conversation: ConversationState, direction: Direction, id: string): DedupeRow | null | undefined {
    const { greatest } = conversation.ids[direction];
    if (greatest !== undefined && compareUtf8(id, greatest) > 0) return null;
    const lookUp = this.#lookUp;
    if (lookUp?.conversation === conversation) {
      if (lookUp.row !== null) {
        // The store holds a send that this state does not know of: somebody else has written here.
        if (lookUp.row.seq > conversation.lastSeq) this.stale = true;
        return this.stale ? undefined : lookUp.row;
      }
      // Absent when the look-up began; what was committed since has to be compared here, or a second send of the same id would double the message.
      const since = sentSince(conversation, lookUp.asOfSeq, direction, id);
      if (since !== undefined) return since;
    }
    this.needs.push({ kind: 'id', conversation, direction, id });
    return undefined;
  }

  /** The log from the border of a page down, or all of it: nothing where the border is beyond it. */
  logBelow(before: number | undefined): Iterable<LogRow> {
    return before !== undefined && before <= this.state.trimmedTo + 1 ? [] : this.logDown(before ?? Number.POSITIVE_INFINITY);
  }

  /**
   * The commits newest first, from the first whose version is `before` or above (a border can lie inside a commit); the newest where `before` is `Infinity`.
   * Ends early, with a need noted, where they have not been read so far.
   */
  *logDown(before: number): Generator<LogRow, void> {
    const { log } = this.state;
    const inWindow = before >= log.oldest;
    if (inWindow) {
      let index = Math.min(log.indexFrom(before), log.rows.length - 1);
      for (; index >= 0; index--) yield log.rows[index]!;
      if (log.complete) return;
    }
    const from = inWindow ? log.oldest : before;
    // A walk that goes on below the window stands for where the window ends: what was read below another end says nothing about what lies between the two.
    const walk = inWindow ? from : -from;
    const run = this.#down.get(walk);
    if (run !== undefined) yield* run.rows;
    if (run?.end) return;
    const held = (inWindow ? log.rows.length : 0) + (run?.rows.length ?? 0);
    this.needs.push({
      kind: 'log-down',
      walk,
      below: run?.rows.at(-1)?.version ?? from,
      enter: run === undefined && !inWindow,
      rows: Math.min(LOG_SCAN_ROWS_MAX, Math.max(FIRST_SCAN_ROWS, held)),
    });
  }

  /**
   * The conversations of the old list below activity `below`, newest first; `rows`: about how many are wanted. Comes after the log: a trim meanwhile brings to it what the log
   * no longer has. Ends early, with a need noted, where they have not been read so far.
   */
  *oldList(below: number, rows: number): Generator<OldConversation, void> {
    if (this.state.head.deltaFloor === 0) return;
    const run = this.#old?.from === below ? this.#old : undefined;
    if (run !== undefined) yield* run.rows;
    if (run?.end) return;
    const limit = Math.min(LOG_SCAN_ROWS_MAX, Math.max(rows, run?.rows.length ?? 0));
    this.needs.push({ kind: 'old-list', from: below, below: run?.rows.at(-1)?.activity ?? below, rows: limit });
  }

  /** The number of a message between the floor and the newest; where it has to be read, so many are from it down. */
  numberOf(conversation: ConversationState, seq: number, count: number): number | undefined {
    const number = conversation.recentMessage(seq)?.number ?? this.#messages?.get(conversation)?.get(seq)?.number ?? this.#numbers?.get(conversation)?.get(seq);
    if (number === undefined) this.needs.push({ kind: 'numbers', conversation, seq, count });
    return number;
  }

  /** The commits above `version`, oldest first. Ends early, with a need noted, where they have not been read so far. */
  *logUp(version: number): Generator<LogRow, void> {
    const { log } = this.state;
    let above = version;
    if (!log.reaches(version)) {
      const run = this.#up?.from === version ? this.#up : undefined;
      if (run !== undefined) yield* run.rows;
      above = run?.rows.at(-1)?.version ?? version;
      if (run?.upTo === undefined || !log.reaches(run.upTo)) {
        this.needs.push({ kind: 'log-up', since: version, above, below: log.oldest, rows: DELTA_CHANGES_MAX });
        return;
      }
    }
    for (let index = log.indexFrom(above + 1); index < log.rows.length; index++) yield log.rows[index]!;
  }

  // ---- what was read

  /** Takes a message that was read, `null` for none. */
  foundMessage(conversation: ConversationState, seq: number, message: StoredMessage | null): void {
    this.#messages ??= new Map();
    const known = this.#messages.get(conversation);
    if (known === undefined) this.#messages.set(conversation, new Map([[seq, message]]));
    else known.set(seq, message);
  }

  /** Takes the answer of a look-up that began when the conversation's last seq was `asOfSeq`. */
  foundId(conversation: ConversationState, asOfSeq: number, row: DedupeRow | null): void {
    this.#lookUp = { conversation, asOfSeq, row };
  }

  /** Takes the number of a message that was read. */
  foundNumber(conversation: ConversationState, seq: number, number: number): void {
    this.#numbers ??= new Map();
    const known = this.#numbers.get(conversation);
    if (known === undefined) this.#numbers.set(conversation, new Map([[seq, number]]));
    else known.set(seq, number);
  }

  /** Takes commits for a need `log-down`, newest first; `end` when nothing is stored below them. */
  foundLogDown({ walk }: Need & { kind: 'log-down' }, rows: readonly LogRow[], end: boolean): void {
    const run = this.#down.get(walk) ?? { rows: [], end };
    run.rows.push(...rows);
    run.end = end;
    this.#down.set(walk, run);
  }

  /**
   * Keeps the log rows that were read in memory, where they follow the window. Only once the answer has proved to be of one version: rows read beside a commit that
   * trims may be gone before the state says so, and a window that takes them for the end of the log gives deltas that lack them.
   */
  keepLog(): void {
    const { log } = this.state;
    const run = this.#down.get(log.oldest);
    if (run !== undefined) log.extend(run.rows, run.end);
  }

  /** Takes conversations for a need `old-list`, newest first; `end` when the old list ends with them. */
  foundOldList({ from }: Need & { kind: 'old-list' }, rows: readonly OldConversation[], end: boolean): void {
    if (this.#old?.from !== from) this.#old = { from, rows: [], end };
    this.#old.rows.push(...rows);
    this.#old.end = end;
  }

  /** Takes commits for a need `log-up`, oldest first; `end` when there are no more of them below `need.below`. */
  foundLogUp(need: Need & { kind: 'log-up' }, rows: readonly LogRow[], end: boolean): void {
    if (this.#up?.from !== need.since) this.#up = { from: need.since, rows: [], upTo: undefined };
    this.#up.rows.push(...rows);
    this.#up.upTo = end ? need.below : undefined;
  }
}

/** Rows of the first scan of a log: a page of conversations that each wrote once. */
const FIRST_SCAN_ROWS = 64;

/** The send of that id among the messages above `asOfSeq`; `null` for none, `undefined` where they are no longer all in memory. */
function sentSince(conversation: ConversationState, asOfSeq: number, direction: Direction, id: string): DedupeRow | null | undefined {
  for (let seq = conversation.lastSeq; seq > asOfSeq; seq--) {
    const message = conversation.recentMessage(seq);
    if (message === undefined) return undefined;
    if (message.clientMessageId !== id || message.incoming !== (direction === 1)) continue;
    return { seq, sentTimestamp: message.sentTimestamp, digest: message.firstDigest ?? contentDigest(message.content) };
  }
  return null;
}
