import type { Hash64 } from '../../src/model/hash.js';

/** The ring as its definition says it, with BigInts and plain searches; nothing of src/ring is used. */

export const SPACE = 2n ** 64n;

export interface ReferenceShard {
  readonly name: string;
  readonly weight: number;
}

export interface ReferenceToken {
  readonly token: bigint;
  readonly name: string;
}

const tagged = (text: string, ...tail: number[]) => {
  const bytes = Buffer.from(text, 'utf8');
  return Uint8Array.from([1, bytes.length, ...bytes, ...tail]);
};

/** Token `j` of a shard. */
export function referenceToken(name: string, j: number, hash: Hash64): bigint {
  return hash(tagged(name, (j >>> 24) & 255, (j >>> 16) & 255, (j >>> 8) & 255, j & 255));
}

/** A user's point. */
export function referencePoint(userId: string, hash: Hash64): bigint {
  return hash(tagged(userId));
}

/** All tokens in ascending order; of equal ones the lower name first. */
export function referenceTokens(shards: readonly ReferenceShard[], tokensPerShard: number, hash: Hash64): ReferenceToken[] {
  return shards
    .flatMap(({ name, weight }) => Array.from({ length: Math.round(tokensPerShard * weight) }, (_, j) => ({ token: referenceToken(name, j, hash), name })))
    .sort((a, b) => (a.token < b.token ? -1 : a.token > b.token ? 1 : Buffer.compare(Buffer.from(a.name), Buffer.from(b.name))));
}

/** Clockwise from a point: the first token at or after it, and so on, round once. */
export function clockwise(tokens: readonly ReferenceToken[], point: bigint): ReferenceToken[] {
  const first = tokens.findIndex(({ token }) => token >= point);
  return first < 0 ? [...tokens] : [...tokens.slice(first), ...tokens.slice(0, first)];
}

/** The name that owns a point. */
export function referenceOwner(tokens: readonly ReferenceToken[], point: bigint): string {
  return (tokens.find(({ token }) => token >= point) ?? tokens[0]!).name;
}

/** How many points each name owns: exact shares of the space. */
export function referenceShares(tokens: readonly ReferenceToken[]): Map<string, bigint> {
  const shares = new Map<string, bigint>();
  const add = (name: string, width: bigint) => shares.set(name, (shares.get(name) ?? 0n) + width);
  let before = -1n;
  for (const { token, name } of tokens) {
    add(name, token - before);
    before = token;
  }
  add(tokens[0]!.name, SPACE - 1n - before);
  return shares;
}
