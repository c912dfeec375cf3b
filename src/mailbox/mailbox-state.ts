import { crc32 } from '../model/crc32.js';
import { corrupt } from '../model/errors.js';
import { partitionOf, type UserId } from '../model/ids.js';
import { LIMITS } from '../model/limits.js';
import type { Totals } from '../model/message.js';
import { HEAD_KEY, type LoadedPartition, noteKey, type Partition } from '../store/store.js';
import { ConversationState } from './conversation-state.js';
import { LogTrim } from './log-trim.js';
import { LogWindow } from './log-window.js';
import type { PlaceBeyondLog } from './messages-beyond-log.js';
import { decodeHead, decodeLogRow, FRESH_HEAD, type Head, type Place } from './rows.js';

/** A mailbox without log and conversations, measured. */
const MAILBOX_MEMORY_BYTES = 800;

/** A conversation in the place of a walk. */
const HEAD_MEMORY_BYTES = 64;

/** Where both mailboxes of a shard commit together, a mark stands in the home's own batch, one a conversation; elsewhere it is written before the commit, one a mailbox. */
export type MarksBy = 'conversation' | 'base';

/** What a mailbox is told of where it lies. */
export interface MailboxSettings {
  readonly marksBy?: MarksBy;
  /** Changes that its log keeps. */
  readonly logChanges?: number;
  /** Where the last restore of its shard began; 0 where there was none. */
  readonly restoredAt?: number;
}

/**
 * One user's mailbox as it is kept in memory: the state of one version, in part. What is here is right; what is not here has to be read. It changes
 * in one step, after the store has acknowledged a commit and before its caller is told.
 */
export class MailboxState {
  readonly owner: UserId;
  readonly partition: Partition;
  readonly partitionCrc: number;
  head: Head;
  /** What a mark of this mailbox names: a conversation, or the version that a run of sends began on, where the store keeps marks apart. */
  readonly marksBy: MarksBy;
  version: number;
  /** Of a mailbox that is empty since the shard was restored: where that began. What was lost may have held it, so it begins above. 0 for any other. */
  readonly begunAfter: number;
  /** Of the newest log row. */
  totals: Totals;
  readonly log: LogWindow;
  readonly trim: LogTrim;
  /** Counts commits that delete rows, when they are sealed and again when they are here: odd while one is being written. What was read beside one of them is not of one version. */
  removals = 0;
  /** Where the newest page beyond the log has ended: whoever pages through a whole mailbox goes on there. */
  placeBeyondLog: PlaceBeyondLog | undefined;
  /** By peer; also those that are known not to have begun. */
  readonly conversations = new Map<UserId, ConversationState>();
  /** Whether the mailbox was empty when it was loaded, so that a conversation that is not here does not exist. */
  readonly #whole: boolean;
  /** Bytes of conversations and messages in memory, roughly. */
  #conversationBytes = 0;

  /** @throws `MAILRING_CORRUPT` */
  constructor(
    owner: UserId,
    loaded: LoadedPartition,
    { marksBy = 'conversation', logChanges = LIMITS.logChanges.default, restoredAt = 0 }: MailboxSettings = {},
  ) {
    this.marksBy = marksBy;
    this.begunAfter = loaded.version === 0 ? restoredAt : 0;
    this.owner = owner;
    this.partition = partitionOf(owner);
    this.partitionCrc = crc32(this.partition);
    if (loaded.version > 0 && loaded.note === undefined) throw corrupt('a mailbox has a version and no log row', { userId: owner });
    this.version = loaded.version;
    this.head = loaded.head === undefined ? FRESH_HEAD : decodeHead(loaded.head, this.place(HEAD_KEY));
    const newest = loaded.note === undefined ? undefined : decodeLogRow(loaded.note, this.place(noteKey(loaded.version)), loaded.version);
    this.totals = { conversations: newest?.conversations ?? 0, unread: newest?.unread ?? 0 };
    this.log = new LogWindow(newest);
    this.#whole = loaded.version === 0;
    this.trim = new LogTrim(logChanges, this.#whole ? 0 : this.#countedNow);
  }

  /** Changes in the log, where the newest commit has counted them. */
  get #countedNow(): number | undefined {
    const { logged } = this.head;
    return logged?.at === this.version ? logged.changes : undefined;
  }

  /** Where a row of this mailbox stands, for its checksum. */
  place(key: Uint8Array): Place {
    return { partitionCrc: this.partitionCrc, key };
  }

  /** Numbers up to this one are in no log row: they were trimmed. What a reset has put out of reach of deltas may still be there. */
  get trimmedTo(): number {
    const { deltaFloor, reset } = this.head;
    return deltaFloor > reset ? deltaFloor : 0;
  }

  /** A conversation, as far as it is in memory. */
  conversation(peer: UserId): ConversationState | undefined {
    const known = this.conversations.get(peer);
    return known === undefined && this.#whole ? this.hold(new ConversationState(this.owner, peer, undefined, undefined)) : known;
  }

  /** Keeps a conversation that was read, unless a commit has brought it into memory meanwhile: that one is newer. */
  hold(conversation: ConversationState): ConversationState {
    const known = this.conversations.get(conversation.peer);
    if (known !== undefined) return known;
    this.conversations.set(conversation.peer, conversation);
    this.#conversationBytes += conversation.bytes;
    return conversation;
  }

  /** Counts what a conversation has grown by. */
  grow(bytes: number): void {
    this.#conversationBytes += bytes;
  }

  /** Lets go of what only pages and deltas need; what a send needs stays. */
  shed(): void {
    this.log.shrink(0);
    this.placeBeyondLog = undefined;
    for (const conversation of this.conversations.values()) this.#conversationBytes += conversation.shed();
  }

  /** Bytes this mailbox takes in memory, roughly. */
  get bytes(): number {
    return MAILBOX_MEMORY_BYTES + this.log.bytes + this.trim.bytes + HEAD_MEMORY_BYTES * (this.placeBeyondLog?.heads.length ?? 0) + this.#conversationBytes;
  }
}
