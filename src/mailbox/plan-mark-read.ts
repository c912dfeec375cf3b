import { corrupt } from '../model/errors.js';
import type { UserId } from '../model/ids.js';
import type { ConversationDraft } from './conversation-draft.js';
import type { PlanSide } from './plan-copy.js';

/**
 * Plans that the owner of a mailbox has read a conversation up to `seq`: the marker takes the maximum, within the messages that are there. Says whether it moves; `undefined`
 * where something has to be read first.
 */
export function planMarkRead(peer: UserId, seq: number, { view, draft }: PlanSide): boolean | undefined {
  const base = view.conversation(peer);
  if (base === undefined) return undefined;
  const conversation = draft.conversation(base);
  const { row, lastSeq } = conversation;
  if (row === undefined) return false;
  const readSeq = Math.min(Math.max(seq, row.floorSeq), lastSeq);
  if (readSeq <= row.readSeq) return false;
  const readIn = incomingUpTo(conversation, readSeq, { view, draft });
  if (readIn === undefined) return undefined;
  draft.moveMarker(conversation, readSeq, readIn);
  return true;
}

/** Count of messages from the peer up to `seq`: the message there knows it. */
function incomingUpTo(conversation: ConversationDraft, seq: number, { view }: PlanSide): number | undefined {
  if (seq === conversation.lastSeq) return conversation.inCount;
  if (seq === conversation.row!.floorSeq) return conversation.row!.floorIn;
  const message = conversation.addedMessage(seq) ?? view.message(conversation.base, seq);
  if (message === null) throw corrupt('a message between the floor and the newest is missing', { conversationId: conversation.base.conversationId, seq });
  return message?.inNo;
}
