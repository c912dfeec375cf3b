import { partitionOf, type UserId } from '../model/ids.js';
import type { Totals } from '../model/message.js';
import { HEAD_KEY, noteKey, type Op, type PartitionWrite } from '../store/store.js';
import type { ByteWriter } from './byte-writer.js';
import { ConversationDraft } from './conversation-draft.js';
import type { ConversationState } from './conversation-state.js';
import { conversationKey, oldListKey, writeDedupeKey, writeMessageKey } from './keys.js';
import type { TrimStep } from './log-trim.js';
import type { MailboxState } from './mailbox-state.js';
import { restoredHead } from './plan-restore.js';
import {
  CHANGE,
  type ChangeKind,
  encodeConversationRow,
  encodeDedupeRow,
  encodeHead,
  encodeLogRow,
  encodeMessage,
  encodeOldListRow,
  type Head,
  type LogRow,
} from './rows.js';
import type { StoredMessage } from './stored-message.js';

/** A change before it has its number. */
interface PlannedChange {
  readonly kind: ChangeKind;
  readonly peer: UserId;
  readonly seq: number;
  /** What gets the number: the message, or where there is none the conversation's row. */
  readonly message?: StoredMessage;
  readonly conversation: ConversationDraft;
}

/**
 * The changes of one mailbox that wait for one commit: what plans see on top of the mailbox's state. Numbers are given when it is sealed, since how many
 * changes the commit makes is known only then; the state changes only after the store has acknowledged it.
 */
export class MailboxDraft {
  readonly state: MailboxState;
  readonly #conversations = new Map<ConversationState, ConversationDraft>();
  readonly #changes: PlannedChange[] = [];
  /** Marks to set or clear with this commit, by their name's text; the last word on each counts. */
  readonly #marks = new Map<string, { readonly type: 'set' | 'clear'; readonly name: Uint8Array }>();
  #head: Head | undefined;
  #touched = false;
  #totals: Totals;
  #sealed: LogRow | undefined;
  #step: TrimStep | undefined;
  /** Whether the commit deletes rows. */
  #removes = false;

  constructor(state: MailboxState) {
    this.state = state;
    this.#totals = state.totals;
    if (state.version === 0 && state.begunAfter > 0) this.#head = restoredHead(state.head, state.begunAfter);
  }

  /** Whether there is anything to commit. */
  get changed(): boolean {
    return this.#changes.length > 0 || this.#marks.size > 0 || this.#touched;
  }

  /** The head as it will be after this commit. */
  get head(): Head {
    return this.#head ?? this.state.head;
  }

  /** Commits also when nothing changes, so that a slow writer that planned on this version is refused. */
  touch(): void {
    this.#touched = true;
  }

  /** Says, before a message of this conversation is committed here alone, that the other mailbox may lack its end. */
  setMark({ base }: ConversationDraft): void {
    if (this.state.marksBy === 'conversation') {
      if (base.marked) this.#marks.delete(base.peer);
      else this.#mark('set', base.peer, partitionOf(base.peer));
    } else if (this.head.markName.length === 0) {
      const name = baseName(this.state.version);
      this.#mark('set', '', name);
      this.#head = { ...this.head, markName: name };
    }
  }

  /** Takes a conversation's mark away: the other mailbox holds everything. */
  clearMark({ base }: ConversationDraft): void {
    this.#mark('clear', base.peer, partitionOf(base.peer));
  }

  /** Takes the mailbox's mark away: the other mailboxes hold everything that was sent since its base. */
  clearBase(): void {
    this.#mark('clear', '', this.state.head.markName);
    this.#head = { ...this.head, markName: new Uint8Array() };
  }

  /** The marks to set or clear with this commit. */
  get marks(): Iterable<{ readonly type: 'set' | 'clear'; readonly name: Uint8Array }> {
    return this.#marks.values();
  }

  #mark(type: 'set' | 'clear', key: string, name: Uint8Array): void {
    this.#marks.set(key, { type, name });
  }

  /** A conversation with what is planned on top of it. */
  conversation(base: ConversationState): ConversationDraft {
    let draft = this.#conversations.get(base);
    if (draft === undefined) {
      draft = new ConversationDraft(base);
      this.#conversations.set(base, draft);
    }
    return draft;
  }

  /** Adds a message at the end of its conversation, which begins with it where it has not begun. */
  addMessage(conversation: ConversationDraft, message: StoredMessage, homeSide: 0 | 1): void {
    const { visible, unread } = conversation;
    conversation.add(message, homeSide);
    this.#totals = {
      conversations: this.#totals.conversations + (visible ? 0 : 1),
      unread: this.#totals.unread + conversation.unread - (visible ? unread : 0),
    };
    this.#changes.push({ kind: CHANGE.message, peer: conversation.base.peer, seq: message.seq, message, conversation });
  }

  /** Moves the owner's read marker of a conversation that has begun. */
  moveMarker(conversation: ConversationDraft, readSeq: number, readIn: number): void {
    const before = conversation.unread;
    conversation.newRow = { ...conversation.row!, readSeq, readIn };
    if (conversation.visible) this.#totals = { ...this.#totals, unread: this.#totals.unread + conversation.unread - before };
    this.#changes.push({ kind: CHANGE.marker, peer: conversation.base.peer, seq: readSeq, conversation });
  }

  /** Trims the log with this commit, where that is due and was read, in at most `room` bytes. Gives the bytes that it takes. */
  trim(room: number): number {
    this.#step = this.state.trim.step(this.head, this.#changes.length, room);
    return this.#step?.bytes ?? 0;
  }

  /**
   * Gives the changes their numbers and makes the write. A commit of k changes takes k consecutive numbers that end at its version, which is above the one before
   * whatever the clock says.
   */
  seal(now: number, writer: ByteWriter): PartitionWrite {
    const { state } = this;
    const version = Math.max(now, Math.max(state.version, state.begunAfter) + Math.max(this.#changes.length, 1));
    let number = version - this.#changes.length;
    for (const { message, conversation } of this.#changes) {
      number++;
      if (message === undefined) conversation.newRow = { ...conversation.newRow!, number };
      else {
        message.number = number;
        message.updated = number;
      }
    }
    const ops: Op[] = [];
    for (const conversation of this.#conversations.values()) this.#encode(conversation, ops, writer);
    if (this.#step !== undefined) this.#encodeStep(this.#step, version, ops, writer);
    this.#removes = ops.some(({ type }) => type === 'delete');
    if (this.#removes) state.removals++;
    this.#sealed = {
      version,
      conversations: this.#totals.conversations,
      unread: this.#totals.unread,
      changes: this.#changes.map(({ kind, peer, seq }) => ({ kind, peer, seq })).reverse(),
    };
    const note = encodeLogRow(writer, state.place(noteKey(version)), this.#sealed);
    const head = this.#head && encodeHead(writer, state.place(HEAD_KEY), this.#head);
    return { partition: state.partition, expectVersion: state.version, version, note, ops, ...(head && { head }) };
  }

  /** Brings the commit into the mailbox's state, after the store has acknowledged it. */
  commit(): void {
    const { state } = this;
    state.version = this.#sealed!.version;
    state.totals = this.#totals;
    state.log.push(this.#sealed!);
    state.head = this.head;
    if (this.#removes) {
      state.removals++;
      state.placeBeyondLog = undefined;
    }
    state.trim.commit(this.#changes.length, this.#step);
    if (this.#step !== undefined) state.log.trim(this.#step.rows.at(-1)!.version);
    for (const { base } of this.#conversations.values()) {
      const mark = this.#marks.get(base.peer);
      if (mark !== undefined) base.marked = mark.type === 'set';
    }
    for (const conversation of this.#conversations.values()) state.grow(conversation.commit());
  }

  #encode({ base, newRow, added, ids }: ConversationDraft, ops: Op[], writer: ByteWriter): void {
    const { state } = this;
    if (newRow !== undefined) {
      const key = conversationKey(base.prefix);
      ops.push({ type: 'put', key, value: encodeConversationRow(writer, state.place(key), newRow) });
    }
    for (const message of added) {
      const key = writeMessageKey(writer, base.prefix, message.seq);
      ops.push({ type: 'put', key, value: encodeMessage(writer, state.place(key), message) });
    }
    // Its newest message was beyond the log; now that one is in it.
    if (added.length > 0 && base.visible && base.activity <= state.head.deltaFloor) ops.push({ type: 'delete', key: oldListKey(base.activity) });
    for (const { direction, message, digest } of ids) {
      const key = writeDedupeKey(writer, base.prefix, direction, message.clientMessageId);
      ops.push({ type: 'put', key, value: encodeDedupeRow(writer, state.place(key), { seq: message.seq, sentTimestamp: message.sentTimestamp, digest }) });
    }
  }

  /** Deletes the oldest log rows; a conversation whose newest message is among their changes, also after this commit, goes to the old list. */
  #encodeStep({ rows, newest, changes, more }: TrimStep, version: number, ops: Op[], writer: ByteWriter): void {
    const { state, head } = this;
    for (const row of rows) {
      ops.push({ type: 'delete', key: noteKey(row.version) });
      for (const [i, { kind, peer, seq }] of row.changes.entries()) {
        if (kind !== CHANGE.message || !this.#isNewest(peer, row.version - i, newest)) continue;
        const key = oldListKey(row.version - i);
        ops.push({ type: 'put', key, value: encodeOldListRow(writer, state.place(key), { peer, seq }) });
      }
    }
    const left = state.trim.changes! + this.#changes.length - changes;
    const deltaFloor = Math.max(head.deltaFloor, rows.at(-1)!.version);
    this.#head = { ...head, deltaFloor, logged: { at: version, changes: left, trimming: more } };
  }

  /** Whether the change of that number has brought what is the newest message of its conversation after this commit. `newest`: of conversations that were not in memory. */
  #isNewest(peer: UserId, number: number, newest: ReadonlySet<number>): boolean {
    const base = this.state.conversations.get(peer);
    if (base === undefined) return newest.has(number);
    return base.activity === number && !this.#conversations.get(base)?.added.length;
  }
}

/** The name of a mark that a run of sends on this version sets: u48. Part of the stored format. */
export function baseName(version: number): Buffer {
  const name = Buffer.allocUnsafe(6);
  name.writeUIntBE(version, 0, 6);
  return name;
}
