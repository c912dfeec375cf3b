import type { Hash64 } from '../model/hash.js';
import { TOKENS_PER_SHARD } from '../model/limits.js';
import { fingerprintOf } from '../ring/fingerprint.js';
import type { Ring } from '../ring/ring.js';
import { shardName } from './open-options.js';

/** What says which shard owns a user. */
export type Placement = Pick<Ring, 'shardOf' | 'fingerprint'>;

const ONLY_SHARD = shardName(0);

/** What only several shards need, once it was asked for; every later open then takes the same turns. */
let loading: Promise<typeof import('../ring/ring.js')> | undefined;

/** The ring that was made last: it never changes, and takes milliseconds to make; whoever opens the same shards again has it. */
let latest: { readonly key: string; readonly ring: Ring } | undefined;

/** The ring of these shards. A single shard owns everybody, so that no token is made; its fingerprint is the ring's all the same. @throws `RangeError` for a name */
export async function placementOf(names: readonly string[], hash: Hash64): Promise<Placement> {
  if (names.length === 1 && names[0] === ONLY_SHARD) {
    const shard = { name: ONLY_SHARD, weight: 1, tokens: TOKENS_PER_SHARD };
    return { shardOf: () => ONLY_SHARD, fingerprint: fingerprintOf([shard], TOKENS_PER_SHARD, hash) };
  }
  loading ??= import('../ring/ring.js');
  const { Ring } = await loading;
  const key = JSON.stringify(names);
  if (latest?.key !== key) latest = { key, ring: await Ring.create({ shards: names }) };
  return latest.ring;
}
