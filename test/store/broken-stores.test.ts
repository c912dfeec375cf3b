import { MemoryStore } from 'mailring/memory';
import { describe, expect, it } from 'vitest';
import { storesWith } from './broken/broken-store.js';
import { HONEST_IN_TWO_STEPS } from './broken/lives.js';
import { runSuite } from './broken/run-suite.js';
import { BROKEN_STORES } from './broken-stores.js';

describe('the conformance suite passes', () => {
  for (const atomicAcrossPartitions of [true, false]) {
    for (const exclusive of [true, false]) {
      it(`a memory store, atomic across partitions: ${atomicAcrossPartitions}, exclusive: ${exclusive}`, async () => {
        const { tests, failures } = await runSuite(() => new MemoryStore({ atomicAcrossPartitions, exclusive }), {});
        expect([...failures]).toEqual([]);
        expect(tests.length).toBeGreaterThan(90);
      });
    }
  }

  it('a wrapper that breaks nothing, with every hook', async () => {
    const { make, hooks } = storesWith({ breaks: () => ({}) });
    expect([...(await runSuite(make, hooks)).failures]).toEqual([]);
  });

  it('a store with two steps in the right order', async () => {
    const { make, hooks } = storesWith({ breaks: HONEST_IN_TWO_STEPS, twoSteps: true });
    expect([...(await runSuite(make, hooks)).failures]).toEqual([]);
  });
});

describe('the conformance suite fails a store that', () => {
  it.each(BROKEN_STORES)('$name', async (broken) => {
    const { make, hooks } = storesWith(broken);
    const { failures } = await runSuite(make, hooks, broken.caughtBy);
    expect([...failures.keys()].sort()).toEqual([...broken.caughtBy].sort());
  });
});

describe('the broken stores', () => {
  it('leave no test of the suite that catches none of them', async () => {
    const { make, hooks } = storesWith({ breaks: HONEST_IN_TWO_STEPS, twoSteps: true });
    const { tests } = await runSuite(make, hooks);
    const caught = new Set(BROKEN_STORES.flatMap(({ caughtBy }) => caughtBy));
    expect(tests.filter((name) => !caught.has(name))).toEqual([]);
  });
});
