import { checkKeys, nearest, requireObject, typeOf } from '../model/arguments.js';
import { RING_TOKENS_MAX, SHARD_NAME_BYTES_MAX } from '../model/limits.js';
import { compareUtf8, utf8Length } from '../model/text.js';

/** A shard and its share of the load. `weight` is relative to the other shards, above 0; 1 when absent. */
export interface RingShard {
  /** 1–128 bytes of UTF-8, well-formed. Names are compared by their bytes; nothing is normalized. */
  readonly name: string;
  /** Share of tokens against other shards; 1 when absent. */
  readonly weight?: number | undefined;
}

/** A shard that was checked, with the number of its tokens. */
export interface PlacedShard {
  readonly name: string;
  readonly weight: number;
  readonly tokens: number;
}

function requireArray(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError(`${what} must be an array. type=\`${typeOf(value)}\``);
  return value;
}

function parseName(name: unknown, what: string): string {
  if (typeof name !== 'string') throw new TypeError(`the name of ${what} must be a string. type=\`${typeOf(name)}\``);
  if (!name.isWellFormed()) throw new RangeError(`the name of ${what} is not well-formed Unicode: it has an unpaired surrogate`);
  const bytes = utf8Length(name);
  if (bytes < 1 || bytes > SHARD_NAME_BYTES_MAX) {
    throw new RangeError(`the name of ${what} must have 1 to ${SHARD_NAME_BYTES_MAX} bytes of UTF-8. bytes=\`${bytes}\``);
  }
  return name;
}

function parseWeight(weight: unknown, what: string): number {
  if (weight === undefined) return 1;
  if (typeof weight !== 'number') throw new TypeError(`the weight of ${what} must be a number. type=\`${typeOf(weight)}\``);
  if (!Number.isFinite(weight) || weight <= 0) throw new RangeError(`the weight of ${what} must be finite and above 0. weight=\`${weight}\``);
  return weight;
}

function parseShard(value: unknown, what: string, tokensPerShard: number): PlacedShard {
  const given: { readonly name?: unknown; readonly weight?: unknown } =
    typeof value === 'string' ? { name: value } : requireObject(value, `${what}, unless it is a name,`);
  checkKeys(given, ['name', 'weight'], what);
  const name = parseName(given.name, what);
  const weight = parseWeight(given.weight, what);
  const tokens = Math.round(tokensPerShard * weight);
  if (tokens < 1)
    throw new RangeError(`the weight of ${what} gives it no token; raise it or tokensPerShard. weight=\`${weight}\` tokensPerShard=\`${tokensPerShard}\``);
  return Object.freeze({ name, weight, tokens });
}

/** Checks `tokensPerShard`. @throws `TypeError`, `RangeError` */
export function parseTokensPerShard(value: unknown): number {
  if (typeof value !== 'number') throw new TypeError(`tokensPerShard must be a number. type=\`${typeOf(value)}\``);
  if (!Number.isInteger(value) || value < 1 || value > RING_TOKENS_MAX) {
    throw new RangeError(`tokensPerShard must be an integer from 1 to ${RING_TOKENS_MAX}. tokensPerShard=\`${value}\``);
  }
  return value;
}

/**
 * Checks a list of names and weighted shards, and gives `kept` and them in the order of the names' UTF-8 bytes: nothing of a ring depends on the
 * order they were given in. A shard has round(tokensPerShard × weight) tokens, halves up.
 *
 * @throws `TypeError`, `RangeError`
 */
export function parseShards(values: unknown, what: string, tokensPerShard: number, kept: readonly PlacedShard[] = []): readonly PlacedShard[] {
  const shards = [...kept];
  const names = new Set(kept.map((shard) => shard.name));
  let tokens = kept.reduce((sum, shard) => sum + shard.tokens, 0);
  // Array.from, because a hole is an element that is missing: `forEach` would pass over it.
  for (const [position, value] of Array.from(requireArray(values, what)).entries()) {
    const shard = parseShard(value, `${what}[${position}]`, tokensPerShard);
    if (names.has(shard.name)) throw new RangeError(`two shards have one name. name=\`${shard.name}\``);
    names.add(shard.name);
    tokens += shard.tokens;
    if (tokens > RING_TOKENS_MAX) {
      throw new RangeError(`too many tokens: lower the weights or tokensPerShard. tokens=\`${tokens}\` limit=\`${RING_TOKENS_MAX}\``);
    }
    shards.push(shard);
  }
  if (shards.length === 0) throw new RangeError('a ring needs at least one shard');
  return Object.freeze(shards.sort((a, b) => compareUtf8(a.name, b.name)));
}

/** `shards` without those that `names` lists. @throws `TypeError`; `RangeError` for a name that is not there, or no longer */
export function withoutShards(shards: readonly PlacedShard[], names: unknown): readonly PlacedShard[] {
  const left = new Map(shards.map((shard) => [shard.name, shard]));
  for (const [position, value] of Array.from(requireArray(names, 'remove')).entries()) {
    const name = parseName(value, `remove[${position}]`);
    if (!left.delete(name)) throw new RangeError(`no shard of this name to remove. name=\`${name}\` nearest=\`${nearest(name, [...left.keys()]) ?? ''}\``);
  }
  return [...left.values()];
}
