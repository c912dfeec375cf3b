import { corrupt } from '../model/errors.js';
import type { UserId } from '../model/ids.js';
import { DELTA_CHANGES_MAX, LOG_SCAN_ROWS_MAX } from '../model/limits.js';
import { compareUtf8 } from '../model/text.js';
import { contentDigest } from './content-digest.js';
import type { ConversationState } from './conversation-state.js';
import type { Direction } from './keys.js';
import type { MailboxState } from './mailbox-state.js';
import type { Need } from './needs.js';
import type { DedupeRow, LogRow } from './rows.js';
import type { StoredMessage } from './stored-message.js';

/** An id that was looked up in the store, and how far the conversation went when the look-up began. */
interface LookUp {
  readonly conversation: ConversationState;
  readonly asOfSeq: number;
  readonly row: DedupeRow | null;
}

/** Log rows that were read and are not in the mailbox's window. */
interface LogRun {
  /** Where the run begins: the first version at or above it for a run downwards, the version it lies above for a run upwards. */
  readonly from: number;
  readonly rows: LogRow[];
  /** Whether the run goes on to the end of what is stored (downwards), or to the window (upwards, whose oldest version it then is). */
  end: number | undefined;
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
  #down: LogRun | undefined;
  #up: LogRun | undefined;

  constructor(state: MailboxState) {
    this.state = state;
  }

  /**
   * Gives the needs to whoever reads them, and starts afresh. The log comes first and alone: the rows it leads to are then asked for together, in one read.
   */
  takeNeeds(): readonly Need[] {
    const log = this.needs.filter(({ kind }) => kind === 'log-down' || kind === 'log-up');
    const needs = log.length > 0 ? log : this.needs;
    this.needs = [];
    return needs;
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
    // A run that began below the window of that time says nothing about what has left the window since.
    if (this.#down?.from !== from) this.#down = undefined;
    const run = this.#down;
    if (run !== undefined) yield* run.rows;
    if (run?.end !== undefined) return;
    const held = (inWindow ? log.rows.length : 0) + (run?.rows.length ?? 0);
    this.needs.push({
      kind: 'log-down',
      below: run?.rows.at(-1)?.version ?? from,
      enter: run === undefined && !inWindow,
      rows: Math.min(LOG_SCAN_ROWS_MAX, Math.max(FIRST_SCAN_ROWS, held)),
    });
  }

  /** The commits above `version`, oldest first. Ends early, with a need noted, where they have not been read so far. */
  *logUp(version: number): Generator<LogRow, void> {
    const { log } = this.state;
    let above = version;
    if (!log.reaches(version)) {
      const run = this.#up?.from === version ? this.#up : undefined;
      if (run !== undefined) yield* run.rows;
      above = run?.rows.at(-1)?.version ?? version;
      if (run?.end === undefined || !log.reaches(run.end)) {
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

  /** Takes commits for a need `log-down`, newest first; `end` when nothing is stored below them. */
  foundLogDown(need: Need & { kind: 'log-down' }, rows: readonly LogRow[], end: boolean): void {
    if (!need.enter && this.#down === undefined && this.state.log.extend(need.below, rows, end)) return;
    this.#down ??= { from: need.below, rows: [], end: undefined };
    this.#down.rows.push(...rows);
    if (end) this.#down.end = 0;
  }

  /** Takes commits for a need `log-up`, oldest first; `end` when there are no more of them below `need.below`. */
  foundLogUp(need: Need & { kind: 'log-up' }, rows: readonly LogRow[], end: boolean): void {
    if (this.#up?.from !== need.since) this.#up = { from: need.since, rows: [], end: undefined };
    this.#up.rows.push(...rows);
    this.#up.end = end ? need.below : undefined;
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
