import { conversationIdOf, participantsOf, type UserId } from '../model/ids.js';
import { MESSAGES_CACHED_MAX } from '../model/limits.js';
import type { Conversation } from '../model/message.js';
import { compareUtf8 } from '../model/text.js';
import { conversationPrefix, type Direction } from './keys.js';
import type { ConversationRow } from './rows.js';
import type { StoredMessage } from './stored-message.js';

/** A conversation without its messages, measured. */
const CONVERSATION_MEMORY_BYTES = 900;

/** What is known of the ids that one side of a conversation has used, so that most sends need no look-up. */
export interface KnownIds {
  /** The greatest id (by UTF-8 bytes) ever stored, '' when there is none; `undefined` while nobody has looked. Never stored, never outlives the entry. */
  greatest: string | undefined;
  /** The greatest id committed since the entry was loaded; '' when there is none. */
  committed: string;
  /** How often an id was looked up. */
  lookUps: number;
}

/** One conversation of a mailbox as it is kept in memory: its row and its newest messages, without a gap. Changed only by commits that were acknowledged. */
export class ConversationState {
  readonly owner: UserId;
  readonly peer: UserId;
  readonly participants: readonly [UserId, UserId];
  readonly conversationId: string;
  /** 0x30 ‖ ck: what the keys of this conversation begin with. */
  readonly prefix: Uint8Array;
  /** Absent while the conversation has not begun. */
  row: ConversationRow | undefined;
  /** The newest messages, oldest first; the last one decides the conversation's state. Empty when no message is visible. */
  recent: StoredMessage[];
  /** By direction. Known to be none for a conversation that has not begun. */
  readonly ids: Readonly<Record<Direction, KnownIds>>;
  /** In a home: whether its mark is known to be set; setting it again is harmless. */
  marked = false;
  /** The host's view, kept until the state changes. */
  item: Conversation | undefined;

  constructor(owner: UserId, peer: UserId, row: ConversationRow | undefined, newest: StoredMessage | undefined) {
    this.owner = owner;
    this.peer = peer;
    this.participants = Object.freeze(participantsOf(owner, peer));
    this.conversationId = conversationIdOf(this.participants);
    this.prefix = conversationPrefix(peer);
    this.row = row;
    this.recent = newest === undefined ? [] : [newest];
    const greatest = row === undefined ? '' : undefined;
    this.ids = { 0: { greatest, committed: '', lookUps: 0 }, 1: { greatest, committed: '', lookUps: 0 } };
  }

  get newest(): StoredMessage | undefined {
    return this.recent.at(-1);
  }

  get floorSeq(): number {
    return this.row?.floorSeq ?? 0;
  }

  get lastSeq(): number {
    return this.newest?.seq ?? this.floorSeq;
  }

  /** `sentTimestamp` of the last message, also when it was deleted. */
  get lastSentTimestamp(): number {
    return this.newest?.sentTimestamp ?? this.row?.floorTimestamp ?? 0;
  }

  /** Messages from the peer so far. */
  get inCount(): number {
    return this.newest?.inNo ?? this.row?.floorIn ?? 0;
  }

  /** Messages from the peer above the read marker. */
  get unread(): number {
    return this.inCount - (this.row?.readIn ?? 0);
  }

  /** Whether the list shows this conversation. */
  get visible(): boolean {
    return this.recent.length > 0;
  }

  /** Number the newest message arrived with: the order of the list; 0 when no message is visible. */
  get activity(): number {
    return this.newest?.number ?? 0;
  }

  /** Number of the last change. */
  get lastChange(): number {
    return Math.max(this.newest?.updated ?? 0, this.row?.number ?? 0);
  }

  /** Takes the row as a commit that was acknowledged has written it. */
  setRow(row: ConversationRow): void {
    this.item = undefined;
    this.row = row;
  }

  /** The cached message of that seq; `undefined` where the cache does not reach so far back. */
  recentMessage(seq: number): StoredMessage | undefined {
    const oldest = this.recent[0]?.seq;
    return oldest === undefined || seq < oldest ? undefined : this.recent[seq - oldest];
  }

  /** Adds the newest message after its commit was acknowledged. Gives the bytes it takes more in memory. */
  push(message: StoredMessage): number {
    this.item = undefined;
    this.recent.push(message);
    const gone = this.recent.splice(0, Math.max(0, this.recent.length - MESSAGES_CACHED_MAX));
    return gone.reduce((sum, { memory }) => sum - memory, message.memory);
  }

  /** Keeps messages (oldest first) that were read, where they end at the newest and reach further back than what is held. Gives the bytes it takes more. */
  keep(messages: readonly StoredMessage[]): number {
    if (messages.at(-1)?.seq !== this.lastSeq || messages.length <= this.recent.length) return 0;
    const older = messages.slice(0, messages.length - this.recent.length);
    this.recent = [...older, ...this.recent];
    return older.reduce((sum, message) => sum + message.memory, 0);
  }

  /** Lets go of the messages that only pages need: all but the newest. Gives the bytes it takes more, a negative number. */
  shed(): number {
    const older = this.recent.slice(0, -1);
    this.recent = this.recent.slice(-1);
    return older.reduce((sum, { memory }) => sum - memory, 0);
  }

  /** Remembers an id after its commit was acknowledged. */
  learnId(direction: Direction, id: string): void {
    const ids = this.ids[direction];
    if (compareUtf8(id, ids.committed) > 0) ids.committed = id;
    if (ids.greatest !== undefined && compareUtf8(id, ids.greatest) > 0) ids.greatest = id;
  }

  /** Takes the greatest stored id as a reverse seek found it ('' for none), which may have missed what was committed meanwhile. */
  learnGreatest(direction: Direction, found: string): void {
    const ids = this.ids[direction];
    ids.greatest = compareUtf8(found, ids.committed) > 0 ? found : ids.committed;
  }

  /** Bytes this conversation takes in memory, roughly. */
  get bytes(): number {
    return this.recent.reduce((sum, message) => sum + message.memory, CONVERSATION_MEMORY_BYTES);
  }
}
