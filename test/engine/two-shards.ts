import { createClientMessageId, type Limits, Mailring, type SendRequest, type Store } from 'mailring';
import { Ring } from 'mailring/ring';
import { loadHash64 } from '../../src/model/hash.js';
import { homeSideOf, participantsOf, type UserId } from '../../src/model/ids.js';
import { ManualClock, turns } from './manual-clock.js';

/** Users of two shards `a` and `b`, by where the home of their conversation is. */
export async function pairsHomedIn(shard: 'a' | 'b', count: number): Promise<[home: string, other: string][]> {
  const ring = await Ring.create({ shards: ['a', 'b'] });
  const hash = await loadHash64();
  const users = Array.from({ length: 200 }, (_, i) => `user-${i}`);
  const pairs: [string, string][] = [];
  for (const home of users.filter((user) => ring.shardOf(user) === shard)) {
    const other = users.find((user) => {
      const participants = participantsOf(home as UserId, user as UserId);
      return ring.shardOf(user) !== shard && participants[homeSideOf(participants, hash)] === home;
    });
    if (other !== undefined) pairs.push([home, other]);
    if (pairs.length === count) break;
  }
  return pairs;
}

/** Opens two shards with a clock that stands, after their first sweep. */
export async function openStores(
  stores: { readonly a: Store; readonly b: Store },
  limits: Partial<Limits> = {},
): Promise<{ mailring: Mailring; clock: ManualClock }> {
  const clock = new ManualClock();
  const mailring = await Mailring.open({ stores, clock, limits: { sweepMs: 1_000, ...limits } });
  await turns();
  return { mailring, clock };
}

export const message = (senderId: string, recipientId: string, messageContent = 'hello'): SendRequest => ({
  senderId,
  recipientId,
  messageContent,
  clientMessageId: createClientMessageId(),
});
