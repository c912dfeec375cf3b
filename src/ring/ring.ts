import { checkKeys, requireObject, typeOf } from '../model/arguments.js';
import { type Hash64, loadHash64 } from '../model/hash.js';
import { TOKENS_PER_SHARD } from '../model/limits.js';
import { balanceOf, type RingBalance } from './balance.js';
import { fingerprintOf } from './fingerprint.js';
import { type MovedRanges, movedRanges } from './moved-ranges.js';
import { pointOf } from './point.js';
import { type PlacedShard, parseShards, parseTokensPerShard, type RingShard, withoutShards } from './shards.js';
import { TokenTable } from './token-table.js';

/** What a ring is made of. */
export interface RingOptions {
  /** Names, or names with weights; their order has no influence. At least one, every name once. */
  readonly shards: readonly (string | RingShard)[];
  /** Tokens of a shard of weight 1: 1 … 4,194,304; 4,096 when absent. All shards together have at most 4,194,304. More are more even and take longer to build. */
  readonly tokensPerShard?: number | undefined;
}

/** How a ring is to differ from another. `remove` comes first, so a shard in both gets another weight. */
export interface RingChange {
  /** Shards to add. */
  readonly add?: readonly (string | RingShard)[] | undefined;
  /** Names of shards to remove. */
  readonly remove?: readonly string[] | undefined;
}

/**
 * Consistent-hash ring with virtual tokens: says which shard owns which user. Immutable, pure arithmetic, no I/O.
 *
 * A user is a point in the space of 64-bit numbers, a shard is many tokens in it, and the first token at or after the point, wrapping, owns the user. So
 * adding a shard moves users to that shard only, and removing one moves that shard's users only. The same shards, weights and `tokensPerShard` give the
 * same owners in every process and every release.
 *
 * Source: Karger et al., "Consistent Hashing and Random Trees", STOC 1997; virtual nodes as in DeCandia et al., "Dynamo", SOSP 2007.
 */
export class Ring {
  readonly #shards: readonly PlacedShard[];
  readonly #tokensPerShard: number;
  readonly #hash: Hash64;
  readonly #table: TokenTable;
  readonly #fingerprint: string;

  private constructor(shards: readonly PlacedShard[], tokensPerShard: number, hash: Hash64) {
    this.#shards = shards;
    this.#tokensPerShard = tokensPerShard;
    this.#hash = hash;
    this.#table = new TokenTable(shards, hash);
    this.#fingerprint = fingerprintOf(shards, tokensPerShard, hash);
    Object.freeze(this);
  }

  /**
   * Makes a ring. `options` is read before this returns its promise. Only this is asynchronous: the hash has to be loaded.
   *
   * @throws `TypeError` for wrong types and unknown keys; `RangeError` for no shard, a name twice, a name that is not 1–128 bytes of well-formed UTF-8, a weight
   * that is not finite and above 0 or gives no token, too many tokens
   */
  static async create(options: RingOptions): Promise<Ring> {
    const given = requireObject(options, 'the options of Ring.create') as RingOptions;
    checkKeys(given, ['shards', 'tokensPerShard'], 'the options of Ring.create');
    const { shards, tokensPerShard = TOKENS_PER_SHARD } = given;
    const placed = parseShards(shards, 'shards', parseTokensPerShard(tokensPerShard));
    return new Ring(placed, tokensPerShard, await loadHash64());
  }

  /** Stands for shards, weights, `tokensPerShard` and the format, whatever their order: 16 hex digits, to be stored with the data that this ring placed. */
  get fingerprint(): string {
    return this.#fingerprint;
  }

  /** The name of the shard that owns a user. @throws `MAILRING_INVALID_TEXT`; `TypeError` when it is no string */
  shardOf(userId: string): string {
    return this.#shards[this.#table.ownerAt(this.#table.find(pointOf(userId, this.#hash)))]!.name;
  }

  /**
   * The first `count` different shards clockwise from a user's point, the owner first: who owns the user when the ones before are removed.
   *
   * @throws `MAILRING_INVALID_TEXT`; `TypeError`; `RangeError` unless `count` is an integer from 1 to the number of shards
   */
  successors(userId: string, count: number): string[] {
    if (typeof count !== 'number') throw new TypeError(`count must be a number. type=\`${typeOf(count)}\``);
    if (!Number.isInteger(count) || count < 1 || count > this.#shards.length) {
      throw new RangeError(`count must be an integer from 1 to the number of shards. count=\`${count}\` shards=\`${this.#shards.length}\``);
    }
    const names = new Set<string>();
    let position = this.#table.find(pointOf(userId, this.#hash));
    while (names.size < count) {
      names.add(this.#shards[this.#table.ownerAt(position)]!.name);
      position = position + 1 === this.#table.length ? 0 : position + 1;
    }
    return [...names];
  }

  /**
   * A new ring without the shards of `remove` and with those of `add`; equal to one created with that list.
   *
   * @throws what {@link Ring.create} throws; `RangeError` when a shard to remove is not there
   */
  with(change: RingChange): Ring {
    const given = requireObject(change, 'the change of ring.with') as RingChange;
    checkKeys(given, ['add', 'remove'], 'the change of ring.with');
    const { add = [], remove = [] } = given;
    const kept = withoutShards(this.#shards, remove);
    return new Ring(parseShards(add, 'add', this.#tokensPerShard, kept), this.#tokensPerShard, this.#hash);
  }

  /** Which parts of the token space two rings give to different shards. @throws `TypeError` when one is no ring */
  static movedRanges(before: Ring, after: Ring): MovedRanges {
    for (const ring of [before, after]) {
      if (typeof ring !== 'object' || ring === null || !(#table in ring)) throw new TypeError('Ring.movedRanges compares two rings: an argument is none');
    }
    return movedRanges({ shards: before.#shards, table: before.#table }, { shards: after.#shards, table: after.#table });
  }

  /** How evenly this ring divides the token space, which is how evenly it divides many users. */
  balance(): RingBalance {
    return balanceOf(this.#shards, this.#table);
  }
}
