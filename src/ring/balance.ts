import type { PlacedShard } from './shards.js';
import type { TokenTable } from './token-table.js';

/** How evenly a ring divides the token space. */
export interface RingBalance {
  /** The shards in the order of the names' UTF-8 bytes, each with its share of the token space: 0 … 1, together 1. */
  readonly shards: readonly { readonly name: string; readonly weight: number; readonly share: number }[];
  /** The greatest share for its weight, divided by the mean: 1 is even, 1.05 says that the fullest shard has 5 % more than it should. */
  readonly maxOverMean: number;
}

/** The share of each shard, and the greatest relative to its weight. */
export function balanceOf(shards: readonly PlacedShard[], table: TokenTable): RingBalance {
  const shares = new Float64Array(shards.length);
  for (let position = 0; position < table.length; position++) shares[table.ownerAt(position)]! += table.shareAt(position);
  const weights = shards.reduce((sum, shard) => sum + shard.weight, 0);
  return Object.freeze({
    shards: Object.freeze(shards.map(({ name, weight }, i) => Object.freeze({ name, weight, share: shares[i]! }))),
    maxOverMean: shards.reduce((max, { weight }, i) => Math.max(max, (shares[i]! * weights) / weight), 0),
  });
}
