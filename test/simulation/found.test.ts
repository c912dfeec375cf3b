import { expect, test } from 'vitest';
import { simulate } from './simulation.js';

/** Real faults that a seed has found: what it was, and the seeds that showed it. */
const FOUND = [
  {
    what: 'a write that was under way beside a failing one was acknowledged by the same handle, and gone after the next open',
    seeds: [201_582, 202_642, 209_812, 210_978, 211_042],
  },
];

test.each(FOUND)('is mended: $what', async ({ seeds }) => {
  for (const seed of seeds) expect((await simulate(seed)).problems, `seed ${seed}`).toEqual([]);
});
