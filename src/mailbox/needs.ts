import type { UserId } from '../model/ids.js';
import type { ConversationState } from './conversation-state.js';
import type { Direction } from './keys.js';

/**
 * What a plan or an answer still has to know of a mailbox. Plans and answers are pure and synchronous: where the state in memory does not reach, they
 * note a need and give up; the shard reads it and runs them again, on the state as it is then. So every plan and every answer is of one version.
 */
export type Need =
  /** A conversation's row and newest message; `newestSeq` where the log has already told which message that is. */
  | { readonly kind: 'conversation'; readonly peer: UserId; readonly newestSeq: number | undefined }
  /** One message. */
  | { readonly kind: 'message'; readonly conversation: ConversationState; readonly seq: number }
  /** The messages from `top` down to `bottom`. */
  | { readonly kind: 'messages'; readonly conversation: ConversationState; readonly top: number; readonly bottom: number }
  /** The numbers of `count` messages from `seq` down, however large they are. */
  | { readonly kind: 'numbers'; readonly conversation: ConversationState; readonly seq: number; readonly count: number }
  /** Whether an id was used, and by which message. */
  | { readonly kind: 'id'; readonly conversation: ConversationState; readonly direction: Direction; readonly id: string }
  /** Commits below version `below`, newest first, and where `enter` is set also the first one at or above it; for the walk that `walk` stands for. */
  | { readonly kind: 'log-down'; readonly walk: number; readonly below: number; readonly enter: boolean; readonly rows: number }
  /** Commits above version `above` and below `below`, oldest first, for a walk that began at `since`. */
  | { readonly kind: 'log-up'; readonly since: number; readonly above: number; readonly below: number; readonly rows: number }
  /** Conversations of the old list below activity `below`, newest first, for a walk that began below `from`. */
  | { readonly kind: 'old-list'; readonly from: number; readonly below: number; readonly rows: number };

/** Whether what is needed is a part of a list, where a commit beside it may delete rows. */
export function isOfList({ kind }: Need): boolean {
  return kind === 'log-down' || kind === 'log-up' || kind === 'old-list';
}

/** Whether what is needed is a step of a walk or of a search that can have any number of them. */
export function isLongWalk(need: Need): boolean {
  return isOfList(need) || need.kind === 'numbers';
}
