import type { ShardStats } from '../shard/shard-stats.js';
import type { Engine } from './engine.js';

/** Counters since `open`, and gauges. */
export interface MailringStats {
  /** Whether `close()` was called. */
  readonly closed: boolean;
  /** By name. */
  readonly shards: Readonly<Record<string, ShardStats>>;
}

export function statsOf(engine: Engine): MailringStats {
  return { closed: engine.closed, shards: Object.fromEntries([...engine.shards.values()].map((shard) => [shard.name, shard.stats])) };
}
