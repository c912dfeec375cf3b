import { describe, expect, test } from 'vitest';
import { BUGS } from './bugs.js';
import { DEEP, type Search, SMALL } from './configuration.js';
import { explore, type Result } from './explorer.js';
import { counterexampleOf } from './run.js';

/** `MAILRING_DEEP` adds the large searches; `MAILRING_MODEL_SECONDS` ends each search early, which then shows only that nothing was found so far. */
const deep = process.env.MAILRING_DEEP ? DEEP : [];
const seconds = Number(process.env.MAILRING_MODEL_SECONDS ?? Number.POSITIVE_INFINITY);

/** More than the dearest bug takes, so that one that is no longer caught fails soon. */
const STATES_UNTIL_CAUGHT_MAX = 20_000;

const results = new Map<Search, Result>();

describe('every state that two owners, crashes and late commits can lead to', () => {
  for (const search of [...SMALL, ...deep]) {
    test(`${search.name}: nothing is wrong in any of ${search.states} states`, () => {
      const until = Date.now() + seconds * 1000;
      const result = explore(search.configuration, { goOn: () => Date.now() < until });
      results.set(search, result);
      expect(result.violation, result.trace?.join('\n')).toBeUndefined();
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

// Apart, and last: that a bug changes what is looked at does not mean that it is noticed.
describe('what was looked at is all that there is', () => {
  for (const search of [...SMALL, ...deep]) {
    test(search.name, () => {
      const { states, steps, incomplete } = results.get(search)!;
      if (incomplete) console.log(`${search.name}: ended after ${states} of ${search.states} states`);
      else expect({ states, steps }).toEqual({ states: search.states, steps: search.steps });
    });
  }
});
