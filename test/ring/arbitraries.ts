import fc from 'fast-check';
import type { ReferenceShard } from './reference.js';

const { MAILRING_RUNS: runs, MAILRING_SEED: seed } = process.env;

/** How properties are checked; `MAILRING_RUNS` asks for more runs, `MAILRING_SEED` for the ones of a failure that was printed. */
export const CHECK: fc.Parameters<unknown> = { numRuns: Number(runs ?? 200), ...(seed === undefined ? {} : { seed: Number(seed) }) };

const wellFormed = (maxLength: number) => fc.string({ unit: 'binary', minLength: 1, maxLength }).filter((text) => Buffer.byteLength(text) <= 128);

/** A shard's name: short ones, so that they often share a beginning, and any Unicode. */
export const name = fc.oneof(fc.string({ unit: fc.constantFrom('a', 'b', 'é', '\uff5e', '🐳'), minLength: 1, maxLength: 4 }), wellFormed(40));

/** A user id: what hosts use, and any Unicode. */
export const userId = fc.oneof(fc.uuid(), fc.nat().map(String), fc.emailAddress({ size: 'small' }), wellFormed(128));

/** Weights that round up, down and at the half. */
export const weight = fc.constantFrom(1, 1, 1, 0.5, 0.25, 2, 1.26, 3.1);

/** Tokens for weight 1, so few that ranges are wide and every wrap is met. */
export const tokensPerShard = fc.integer({ min: 2, max: 24 });

/** Shards with different names. */
export const shards = (minLength: number, maxLength: number): fc.Arbitrary<ReferenceShard[]> =>
  fc.uniqueArray(fc.record({ name, weight }), { selector: (shard) => shard.name, minLength, maxLength });
