import { expect, test } from 'vitest';
import { simulate } from './simulation.js';

/** Seeds that are tried: `MAILRING_JUDGE_SEEDS`. Planted bugs are judged with more. */
const SEEDS = Number(process.env.MAILRING_JUDGE_SEEDS ?? 5);
const FROM = Number(process.env.MAILRING_SEED ?? 1);

test('what callers see, and what is there after healing, keeps every promise', { timeout: 10 * 60_000 }, async () => {
  for (let seed = FROM; seed < FROM + SEEDS; seed++) {
    const { problems } = await simulate(seed);
    expect(problems.slice(0, 3), `after ${seed - FROM + 1} seeds`).toEqual([]);
  }
});
