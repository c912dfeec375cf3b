import { MailringError } from '../model/errors.js';
import type { UserId } from '../model/ids.js';
import { type Limits, OVERLOAD_RETRY_MS } from '../model/limits.js';

/** The refusal of a write that finds a queue full: that of one mailbox, or of the whole shard. */
export function overloaded(shard: string, limits: Limits, user: UserId | undefined): MailringError {
  const limit = user === undefined ? limits.waitingWrites : limits.waitingWritesPerMailbox;
  const what = user === undefined ? `shard ${shard}` : `mailbox ${user}`;
  return new MailringError('MAILRING_OVERLOADED', `too many writes wait for ${what}; repeat later with the same clientMessageId. limit=\`${limit}\``, {
    retryable: true,
    retryAfterMs: OVERLOAD_RETRY_MS,
    outcome: 'not-accepted',
    details: { shard, ...(user !== undefined && { userId: user }), limit },
  });
}
