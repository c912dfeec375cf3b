import type { Hash64 } from '../model/hash.js';
import { utf8Length } from '../model/text.js';
import type { PlacedShard } from './shards.js';

const TOKEN_TAG = 0x01;
/** The index has about one entry a token, at least 2 and at most 2^22. */
const INDEX_BITS_MAX = 22;

/** Splits a 64-bit hash into halves: shifting and masking the BigInt costs half a hash, this costs nothing measurable. */
const split = new DataView(new ArrayBuffer(8));

/**
 * All tokens of a ring in order, each with its owner (a position in the list of shards).
 *
 * Token j of a shard is xxHash64, seed 0, of 0x01 ‖ u8 n ‖ name, UTF-8 ‖ u32 j. Of equal tokens the lower name comes first and so owns. Part of the
 * stored format: never change.
 *
 * Two Uint32Arrays hold the words, since a BigUint64Array makes a BigInt with every comparison; an index over the top bits leaves about one token to
 * search, since hashes are even.
 */
export class TokenTable {
  readonly length: number;
  readonly #high: Uint32Array;
  readonly #low: Uint32Array;
  readonly #owners: Uint32Array;
  /** For each value of the top bits, the position of the first token that has these or greater ones; one more entry closes the last. */
  readonly #index: Uint32Array;
  readonly #shift: number;

  /** `shards` in the order of their names. */
  constructor(shards: readonly PlacedShard[], hash: Hash64) {
    this.length = shards.reduce((sum, shard) => sum + shard.tokens, 0);
    const bits = Math.min(INDEX_BITS_MAX, Math.max(1, Math.ceil(Math.log2(this.length))));
    this.#shift = 32 - bits;
    this.#high = new Uint32Array(this.length);
    this.#low = new Uint32Array(this.length);
    this.#owners = new Uint32Array(this.length);
    this.#index = new Uint32Array(2 ** bits + 1);
    this.#fill(shards, hash);
  }

  /** Counts the tokens of each index entry, puts them there, and sorts the few that share one by insertion; stable, so equal tokens keep the order of shards. */
  #fill(shards: readonly PlacedShard[], hash: Hash64): void {
    const high = new Uint32Array(this.length);
    const low = new Uint32Array(this.length);
    let made = 0;
    for (const shard of shards) {
      const n = utf8Length(shard.name);
      const bytes = Buffer.alloc(2 + n + 4);
      bytes[0] = TOKEN_TAG;
      bytes[1] = n;
      bytes.write(shard.name, 2);
      for (let j = 0; j < shard.tokens; j++) {
        bytes.writeUInt32BE(j, 2 + n);
        split.setBigUint64(0, hash(bytes));
        high[made] = split.getUint32(0);
        low[made] = split.getUint32(4);
        this.#index[(high[made]! >>> this.#shift) + 1]!++;
        made++;
      }
    }
    for (let entry = 1; entry < this.#index.length; entry++) this.#index[entry]! += this.#index[entry - 1]!;
    const filled = new Uint32Array(this.#index.length);
    let taken = 0;
    for (const [owner, shard] of shards.entries()) {
      for (let j = 0; j < shard.tokens; j++, taken++) {
        const entry = high[taken]! >>> this.#shift;
        this.#insert(this.#index[entry]!, filled[entry]!++, high[taken]!, low[taken]!, owner);
      }
    }
  }

  /** Inserts a token behind the `count` tokens from `first` that are not greater. */
  #insert(first: number, count: number, high: number, low: number, owner: number): void {
    let at = first + count;
    for (; at > first && !this.#isBelowOrAt(at - 1, high, low); at--) {
      this.#high[at] = this.#high[at - 1]!;
      this.#low[at] = this.#low[at - 1]!;
      this.#owners[at] = this.#owners[at - 1]!;
    }
    this.#high[at] = high;
    this.#low[at] = low;
    this.#owners[at] = owner;
  }

  #isBelowOrAt(position: number, high: number, low: number): boolean {
    const tokenHigh = this.#high[position]!;
    return tokenHigh < high || (tokenHigh === high && this.#low[position]! <= low);
  }

  /** Position of the first token at or after a point, wrapping. */
  find(point: bigint): number {
    split.setBigUint64(0, point);
    const high = split.getUint32(0);
    const low = split.getUint32(4);
    const entry = high >>> this.#shift;
    let from = this.#index[entry]!;
    let to = this.#index[entry + 1]!;
    while (from < to) {
      const middle = (from + to) >>> 1;
      const tokenHigh = this.#high[middle]!;
      if (tokenHigh < high || (tokenHigh === high && this.#low[middle]! < low)) from = middle + 1;
      else to = middle;
    }
    return from === this.length ? 0 : from;
  }

  /** The owner of the token at a position. */
  ownerAt(position: number): number {
    return this.#owners[position]!;
  }

  /** The token at a position. */
  tokenAt(position: number): bigint {
    split.setUint32(0, this.#high[position]!);
    split.setUint32(4, this.#low[position]!);
    return split.getBigUint64(0);
  }

  /** Width of the part of the space that ends at the token at a position and begins after the one before it, as a share of the whole. */
  shareAt(position: number): number {
    const before = position === 0 ? this.length - 1 : position - 1;
    const wrap = position === 0 ? 1 : 0;
    return (this.#high[position]! - this.#high[before]!) / 2 ** 32 + (this.#low[position]! - this.#low[before]!) / 2 ** 64 + wrap;
  }
}
