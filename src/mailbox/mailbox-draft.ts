import type { UserId } from '../model/ids.js';
import type { Totals } from '../model/message.js';
import { noteKey, type Op, type PartitionWrite } from '../store/store.js';
import type { ByteWriter } from './byte-writer.js';
import { ConversationDraft } from './conversation-draft.js';
import type { ConversationState } from './conversation-state.js';
import { conversationKey, writeDedupeKey, writeMessageKey } from './keys.js';
import type { MailboxState } from './mailbox-state.js';
import { type ChangeKind, encodeConversationRow, encodeDedupeRow, encodeLogRow, encodeMessage, type LogRow } from './rows.js';
import type { StoredMessage } from './stored-message.js';

/** A change before it has its number. */
interface PlannedChange {
  readonly kind: ChangeKind;
  readonly peer: UserId;
  readonly seq: number;
  readonly message: StoredMessage;
}

/**
 * The changes of one mailbox that wait for one commit: what plans see on top of the mailbox's state. Numbers are given when it is sealed, since how many
 * changes the commit makes is known only then; the state changes only after the store has acknowledged it.
 */
export class MailboxDraft {
  readonly state: MailboxState;
  readonly #conversations = new Map<ConversationState, ConversationDraft>();
  readonly #changes: PlannedChange[] = [];
  /** Marks to set or clear with this commit; the last word on each conversation counts. */
  readonly marks = new Map<ConversationDraft, 'set' | 'clear'>();
  #totals: Totals;
  #sealed: LogRow | undefined;

  constructor(state: MailboxState) {
    this.state = state;
    this.#totals = state.totals;
  }

  /** Whether there is anything to commit. */
  get changed(): boolean {
    return this.#changes.length > 0 || this.marks.size > 0;
  }

  /** Marks the conversation as one whose other mailbox may lack its end, unless it is marked already. */
  setMark(conversation: ConversationDraft): void {
    if (conversation.base.marked) this.marks.delete(conversation);
    else this.marks.set(conversation, 'set');
  }

  /** Takes the mark away: the other mailbox holds everything. */
  clearMark(conversation: ConversationDraft): void {
    this.marks.set(conversation, 'clear');
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
    this.#changes.push({ kind: 1, peer: conversation.base.peer, seq: message.seq, message });
  }

  /**
   * Gives the changes their numbers and makes the write. A commit of k changes takes k consecutive numbers that end at its version, which is above the one before
   * whatever the clock says.
   */
  seal(now: number, writer: ByteWriter): PartitionWrite {
    const { state } = this;
    const version = Math.max(now, state.version + Math.max(this.#changes.length, 1));
    let number = version - this.#changes.length;
    for (const { message } of this.#changes) {
      message.number = ++number;
      message.updated = number;
    }
    const ops: Op[] = [];
    for (const conversation of this.#conversations.values()) this.#encode(conversation, ops, writer);
    this.#sealed = {
      version,
      conversations: this.#totals.conversations,
      unread: this.#totals.unread,
      changes: this.#changes.map(({ kind, peer, seq }) => ({ kind, peer, seq })).reverse(),
    };
    const note = encodeLogRow(writer, state.place(noteKey(version)), this.#sealed);
    return { partition: state.partition, expectVersion: state.version, version, note, ops };
  }

  /** Brings the commit into the mailbox's state, after the store has acknowledged it. */
  commit(): void {
    const { state } = this;
    state.version = this.#sealed!.version;
    state.totals = this.#totals;
    state.log.push(this.#sealed!);
    for (const [{ base }, type] of this.marks) base.marked = type === 'set';
    for (const conversation of this.#conversations.values()) state.grow(conversation.commit());
  }

  #encode({ base, begun, added, ids }: ConversationDraft, ops: Op[], writer: ByteWriter): void {
    const { state } = this;
    if (begun !== undefined) {
      const key = conversationKey(base.prefix);
      ops.push({ type: 'put', key, value: encodeConversationRow(writer, state.place(key), begun) });
    }
    for (const message of added) {
      const key = writeMessageKey(writer, base.prefix, message.seq);
      ops.push({ type: 'put', key, value: encodeMessage(writer, state.place(key), message) });
    }
    for (const { direction, message, digest } of ids) {
      const key = writeDedupeKey(writer, base.prefix, direction, message.clientMessageId);
      ops.push({ type: 'put', key, value: encodeDedupeRow(writer, state.place(key), { seq: message.seq, sentTimestamp: message.sentTimestamp, digest }) });
    }
  }
}
