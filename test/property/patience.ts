import assert from 'node:assert/strict';

const STEPS_MAX = 10_000;

/** Ends a loop that a wrong answer would keep going for ever: over a store in memory such a loop lets no timer run, so nothing else would end it. */
export function patience(what: string): () => void {
  let steps = 0;
  return () => assert.ok(++steps <= STEPS_MAX, `${what} has no end`);
}
