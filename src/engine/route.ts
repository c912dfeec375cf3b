import type { UserId } from '../model/ids.js';
import type { Shard } from '../shard/shard.js';

/** Where the two mailboxes of a conversation are. Where they do not commit together, every send commits in the home first and is then delivered to the other one. */
export interface Route {
  readonly conversationId: string;
  readonly home: UserId;
  readonly other: UserId;
  readonly homeSide: 0 | 1;
  readonly homeShard: Shard;
  readonly otherShard: Shard;
}

/** Whether one batch can hold both mailboxes. */
export function commitTogether({ homeShard, otherShard }: Pick<Route, 'homeShard' | 'otherShard'>): boolean {
  return homeShard === otherShard && homeShard.store.capabilities.atomicAcrossPartitions;
}
