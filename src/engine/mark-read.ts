import type { MailboxView } from '../mailbox/mailbox-view.js';
import { planMarkRead } from '../mailbox/plan-mark-read.js';
import { requireInteger } from '../model/arguments.js';
import { peerOf, type UserId } from '../model/ids.js';
import { SEND_ROW_BYTES_MAX, U48_MAX } from '../model/limits.js';
import { type CallOptions, readCallOptions, readConversationId, readRequest, readUserId } from './arguments.js';
import { runCall, untilAborted } from './call.js';
import type { Engine } from './engine.js';

/** How far a user has read a conversation. */
export interface MarkReadRequest {
  /** Who has read. */
  readonly userId: string;
  /** From a result, or from `conversationIdOf()`. */
  readonly conversationId: string;
  /** Seq of the newest message read, 0 … 2^48−1; one above the newest message means all of them. */
  readonly seq: number;
}

const KEYS = ['userId', 'conversationId', 'seq'] as const;

export async function markRead(engine: Engine, request: MarkReadRequest, options?: CallOptions): Promise<void> {
  engine.insistOpen();
  const given = readRequest(request, KEYS, 'markRead');
  const user = readUserId(given.userId, 'userId');
  const peer = peerOf(user, readConversationId(given.conversationId));
  const seq = requireInteger(given.seq, 'seq', 0, U48_MAX);
  const limits = readCallOptions(options, 'markRead');
  if (peer === null) return;
  const shard = engine.shardOf(user);
  return engine.track(
    runCall(
      engine.clock,
      limits,
      async (signal) => {
        // Looked at first: a marker that does not move costs no commit, and where others write here too, what they have delivered is seen before the marker is bounded by it.
        const moves = await untilAborted(signal, () => shard.read(user, (view) => movesMarker(view, peer, seq), signal));
        if (moves)
          await shard.commit(
            { users: [user], order: given.conversationId, bytes: SEND_ROW_BYTES_MAX, plan: ([side]) => planMarkRead(peer, seq, side!) },
            signal,
          );
      },
      'not-accepted',
    ),
  );
}

function movesMarker(view: MailboxView, peer: UserId, seq: number): boolean | undefined {
  const conversation = view.conversation(peer);
  return conversation && conversation.row !== undefined && Math.min(seq, conversation.lastSeq) > conversation.row.readSeq;
}
