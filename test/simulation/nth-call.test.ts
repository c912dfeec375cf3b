import { describe, expect, test } from 'vitest';
import { MODES, playWithFault } from './nth-call.js';
import { SCENARIOS } from './scenarios.js';

/** Far above the calls of any scenario. */
const CALLS_MAX = 2_000;

describe.each(SCENARIOS)('whichever call of the store fails: $name', (scenario) => {
  test.each(MODES)('%s', { timeout: 120_000 }, async (mode) => {
    let n = 0;
    for (; n < CALLS_MAX; n++) {
      const { met, problems } = await playWithFault(scenario, n, mode);
      expect(problems, `call ${n}`).toEqual([]);
      if (!met) break;
    }
    expect(n, 'calls that failed').toBeGreaterThan(10);
    expect(n).toBeLessThan(CALLS_MAX);
  });
});
