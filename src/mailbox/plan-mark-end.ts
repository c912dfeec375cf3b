import { bytesKey } from '../model/bytes.js';
import type { UserId } from '../model/ids.js';
import type { ConversationState } from './conversation-state.js';
import { baseName } from './mailbox-draft.js';
import type { MailboxView } from './mailbox-view.js';
import type { PlanSide } from './plan-copy.js';
import { CHANGE } from './rows.js';

/** Plans the end of a conversation's mark in its home, where the other mailbox, which holds it up to `held`, lacks nothing. Says whether it did. */
export function planMarkEnd(peer: UserId, held: number, home: PlanSide): boolean | undefined {
  const base = home.view.conversation(peer);
  if (base === undefined) return undefined;
  const conversation = home.draft.conversation(base);
  if (conversation.lastSeq !== held) return false;
  home.draft.clearMark(conversation);
  return true;
}

/** A conversation that is homed in a mailbox and may not be delivered to its end. */
export interface Tail {
  readonly peer: UserId;
  readonly lastSeq: number;
}

/** What a mailbox says about a mark that names the version `base`. */
export interface BaseState {
  /** `live`: the head stores that name. `slow`: its commit has not come, and still can. `dead`: it can no longer come, or was cleared. */
  readonly mark: 'live' | 'slow' | 'dead';
  /** The conversations homed here with messages above the base. */
  readonly tails: readonly Tail[];
}

/** What a mailbox says about a mark by base. `undefined`: something has to be read first. */
export function baseState(view: MailboxView, base: number): BaseState | undefined {
  const { head, version } = view.state;
  if (bytesKey(head.markName) !== bytesKey(baseName(base))) return { mark: version > base ? 'dead' : 'slow', tails: [] };
  const tails = homedSince(view, base)?.map(({ peer, lastSeq }) => ({ peer, lastSeq }));
  return tails && { mark: 'live', tails };
}

/** The conversations homed in this mailbox that have messages above version `base`. */
function homedSince(view: MailboxView, base: number): ConversationState[] | undefined {
  const peers = new Set<UserId>();
  for (const { changes } of view.logUp(base)) for (const { kind, peer } of changes) if (kind === CHANGE.message) peers.add(peer);
  const conversations = [...peers].map((peer) => view.conversation(peer));
  if (view.needs.length > 0) return undefined;
  return (conversations as ConversationState[]).filter(({ owner, peer, participants, row }) => peer !== owner && participants[row?.homeSide ?? 0] === owner);
}

/**
 * Plans the end of a mailbox's mark by base, where at the version it commits on every conversation homed here with messages above the base is held by its other mailbox to
 * the end: `held` is what those are known to hold. Says whether it did.
 */
export function planBaseEnd(base: number, held: ReadonlyMap<UserId, number>, { view, draft }: PlanSide): boolean | undefined {
  if (bytesKey(draft.head.markName) !== bytesKey(baseName(base))) return false;
  const conversations = homedSince(view, base);
  if (conversations === undefined) return undefined;
  if (draft.changed || conversations.some((conversation) => held.get(conversation.peer) !== conversation.lastSeq)) return false;
  draft.clearBase();
  return true;
}
