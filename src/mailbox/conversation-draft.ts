import type { ConversationState } from './conversation-state.js';
import type { Direction } from './keys.js';
import type { ConversationRow, DedupeRow } from './rows.js';
import type { StoredMessage } from './stored-message.js';

/** A send's id that is to be stored with it. */
interface PlannedId {
  readonly direction: Direction;
  readonly message: StoredMessage;
  readonly digest: string;
}

/** One conversation with the messages that wait for a commit on top of its state. */
export class ConversationDraft {
  readonly base: ConversationState;
  /** The row as this commit writes it, where the conversation begins or a marker moves with it. */
  newRow: ConversationRow | undefined;
  readonly added: StoredMessage[] = [];
  /** In the home mailbox only; by direction and id. */
  #ids: Map<string, PlannedId> | undefined;

  constructor(base: ConversationState) {
    this.base = base;
  }

  get row(): ConversationRow | undefined {
    return this.newRow ?? this.base.row;
  }

  get lastSeq(): number {
    return this.added.at(-1)?.seq ?? this.base.lastSeq;
  }

  get lastSentTimestamp(): number {
    return this.added.at(-1)?.sentTimestamp ?? this.base.lastSentTimestamp;
  }

  get inCount(): number {
    return this.added.at(-1)?.inNo ?? this.base.inCount;
  }

  get visible(): boolean {
    return this.added.length > 0 || this.base.visible;
  }

  get unread(): number {
    return this.inCount - (this.row?.readIn ?? 0);
  }

  /** A message of this commit. */
  addedMessage(seq: number): StoredMessage | undefined {
    return this.added[seq - this.base.lastSeq - 1];
  }

  /** The send of that id that waits for this commit, if there is one. */
  plannedId(direction: Direction, id: string): DedupeRow | undefined {
    const planned = this.#ids?.get(`${direction}${id}`);
    return planned && { seq: planned.message.seq, sentTimestamp: planned.message.sentTimestamp, digest: planned.digest };
  }

  /** The ids to store with this commit. */
  get ids(): Iterable<PlannedId> {
    return this.#ids?.values() ?? [];
  }

  /** Stores a send's id with its message. */
  addId(direction: Direction, message: StoredMessage, digest: string): void {
    this.#ids ??= new Map();
    this.#ids.set(`${direction}${message.clientMessageId}`, { direction, message, digest });
  }

  add(message: StoredMessage, homeSide: 0 | 1): void {
    if (this.row === undefined) this.newRow = { homeSide, number: 0, floorSeq: 0, floorIn: 0, floorTimestamp: 0, readSeq: 0, readIn: 0 };
    this.added.push(message);
  }

  /** Brings the commit into the conversation's state; gives the bytes it takes more in memory. */
  commit(): number {
    const { base } = this;
    if (this.newRow !== undefined) base.setRow(this.newRow);
    for (const { direction, message } of this.ids) base.learnId(direction, message.clientMessageId);
    return this.added.reduce((sum, message) => sum + base.push(message), 0);
  }
}
