/** What hosts see of messages and conversations; docs/guarantees.md has what is promised of them. */

/** One message, the same for both participants but for `lastUpdatedTimestamp`, which is each mailbox's own. */
export interface Message {
  /** The same for both participants; derived from conversation and seq. */
  readonly messageId: string;
  /** The same for both participants. */
  readonly conversationId: string;
  /** Place in the conversation: dense from 1, the same for both participants. */
  readonly seq: number;
  /** Which of the two sent it. */
  readonly senderId: string;
  /** Both users in the order of their UTF-8 bytes; `[a, a]` for a message to oneself. */
  readonly participants: readonly [string, string];
  /** Less than 65,536 bytes of UTF-8; may be empty. */
  readonly messageContent: string;
  /** The id that the sender gave it. */
  readonly clientMessageId: string;
  /** Milliseconds since 1970 by the engine's clock, strictly increasing within a conversation. */
  readonly sentTimestamp: number;
  /** Number of the message's last change in this mailbox; an item replaces a held one only if this is not smaller. */
  readonly lastUpdatedTimestamp: number;
  /** Present and true for a deleted message: a stub that keeps its place. */
  readonly deleted?: true;
  /** Present and true once the content was changed. */
  readonly edited?: true;
}

/** One conversation as one of its participants sees it. */
export interface Conversation {
  /** The same for both participants; exists before the first message. */
  readonly conversationId: string;
  /** Both users in the order of their UTF-8 bytes; `[a, a]` for notes to oneself. */
  readonly participants: readonly [string, string];
  /** Beginning of the newest message: at most 120 grapheme clusters and 480 bytes, never cut inside a cluster. */
  readonly snippet: string;
  /** Seq of the newest message. */
  readonly lastSeq: number;
  /** `sentTimestamp` of the newest message. */
  readonly lastSentTimestamp: number;
  /** Seq up to which this user has read; 0 before any marker. */
  readonly lastReadSeq: number;
  /** Messages from the other participant above `lastReadSeq`. */
  readonly unreadCount: number;
  /** Messages at or below this seq were deleted for this user. */
  readonly floorSeq: number;
  /** Number that the newest message arrived with: the order of the list. 0 when no message is visible. */
  readonly lastActivityTimestamp: number;
  /** Number of the conversation's last change in this mailbox. */
  readonly lastUpdatedTimestamp: number;
}

/** How many conversations of a mailbox are visible, and how many messages in them unread. */
export interface Totals {
  /** That are visible. */
  readonly conversations: number;
  /** Messages above the read markers. */
  readonly unread: number;
}

/** Why a request with a cursor was answered by a full first page. */
export type FullPageReason = 'too-many-changes' | 'future' | 'expired' | 'erased' | 'restored';

/** What of a conversation was deleted for this user: its messages up to `floorSeq`. */
export interface Floor {
  /** Which conversation. */
  readonly conversationId: string;
  /** Messages at or below this seq are gone. */
  readonly floorSeq: number;
}

/** What pages and slices have in common. */
export interface FetchAnswer {
  /** Whether this is what changed since the cursor (`true`), or a page that replaces what the caller holds. */
  readonly isDeltaUpdate: boolean;
  /** Mailbox version this answer is of; the cursor to pass next time when it came with a first page or a delta. */
  readonly lastUpdatedTimestamp: number;
  /** Whether there is more: older items through `next`, or of a delta the rest of the changes through its cursor. */
  readonly hasMore: boolean;
  /** Pass as `before` for the page that follows. Opaque. */
  readonly next?: number;
  /** Present and true for a page that 1 MiB of content ended early; `next` goes on with what was cut. */
  readonly truncated?: true;
  /** Why a cursor was answered by a full first page. */
  readonly reason?: FullPageReason;
}

/** Answer of `fetchConversations`, newest first; of a delta, oldest change first. */
export interface ConversationsAnswer extends FetchAnswer {
  /** At most `pageSize` of them. */
  readonly conversations: readonly Conversation[];
  /** Of the version of the answer. */
  readonly totals: Totals;
}

/** Answer of `fetchMessages`, newest first; of a delta, oldest change first. */
export interface MessagesAnswer extends FetchAnswer {
  /** At most `pageSize` of them, and 1 MiB of content. */
  readonly messages: readonly Message[];
  /** With a delta: conversations that were deleted for this user. */
  readonly floors?: readonly Floor[];
}
