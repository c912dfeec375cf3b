import { describe, expect, test } from 'vitest';
import { BUGS } from './bugs.js';
import { DEEP, SMALL } from './configuration.js';
import { explore } from './explorer.js';
import { counterexampleOf } from './run.js';

/** `MAILRING_DEEP` adds the large searches; `MAILRING_MODEL_SECONDS` ends each of those early, which then shows only that nothing was found so far. */
const deep = process.env.MAILRING_DEEP ? DEEP : [];
const seconds = Number(process.env.MAILRING_MODEL_SECONDS ?? Number.POSITIVE_INFINITY);

/** More than the dearest bug takes, so that one that is no longer caught fails soon. */
const STATES_UNTIL_CAUGHT_MAX = 20_000;

describe('every state that two owners, crashes and late commits can lead to', () => {
  test.each(SMALL)('$name: nothing is wrong in any of $states states', ({ configuration, states, steps }) => {
    const found = explore(configuration);
    expect({ states: found.states, steps: found.steps, violation: found.violation }).toEqual({ states, steps, violation: undefined });
  });

  for (const { name, configuration, states, steps } of deep) {
    test(`${name}: nothing is wrong in any of ${states} states`, () => {
      const until = Date.now() + seconds * 1000;
      const result = explore(configuration, { goOn: () => Date.now() < until });
      expect(result.violation).toBeUndefined();
      if (!result.incomplete) expect({ states: result.states, steps: result.steps }).toEqual({ states, steps });
      console.log(`${name}: ${result.states} states${result.incomplete ? ', not all' : ''}`);
    });
  }
});

describe('a protocol that is wrong is caught', () => {
  test.each(BUGS)('$name: $text', ({ configuration }) => {
    const result = explore(configuration, { statesMax: STATES_UNTIL_CAUGHT_MAX });
    expect(result.violation).toEqual(expect.any(String));
    expect(result.trace).toHaveLength(result.depth);
  });

  test('its shortest counterexample can be read', () => {
    const [what, summary, ...steps] = counterexampleOf('ack-before-copy');
    expect(what).toContain('acknowledged after the home commit');
    expect(summary).toContain('message 1, acknowledged as seq 1, is not in the other mailbox');
    expect(steps).toEqual([
      expect.stringMatching(/p0 a client sends message 1, try 1 .*H v0 \[\]/),
      expect.stringContaining('p0 plans send: home in the home'),
      expect.stringMatching(/p0 the store executes the commit of the home .*H v1 \[2\] \| O v0 \[\] \| marks \{0\}/),
      expect.stringMatching(/p0 is told: applied, the home .*acknowledged 1 as seq 1/),
    ]);
  });
});
