import { testAtomicity } from './conformance/atomicity.js';
import { testBuffers } from './conformance/buffers.js';
import { testConcurrency } from './conformance/concurrency.js';
import { type MakeStore, type StoreConformanceHooks, Suite, type TestApi } from './conformance/fixture.js';
import { testLifecycle } from './conformance/lifecycle.js';
import { testMarkOrder } from './conformance/mark-order.js';
import { testMarks } from './conformance/marks.js';
import { testNotes } from './conformance/notes.js';
import { testOperations } from './conformance/operations.js';
import { testPartitions } from './conformance/partitions.js';
import { testPreconditions } from './conformance/preconditions.js';
import { testRandomOperations } from './conformance/random-operations.js';
import { testReads } from './conformance/reads.js';
import { testScans } from './conformance/scans.js';
import { testVersions } from './conformance/versions.js';

/**
 * Registers the tests of the store contract for one backend: a store that passes them all can carry mailring. Each promise of `Store` is a test
 * whose name says it; each test gets a store of its own, opened, and closes it.
 *
 * It is bound to no test runner and brings its own assertions (`node:assert`). What a hook would be needed for is not registered without it, so a
 * passing run never stands for something that was not tried.
 *
 *     import { describe, test } from 'vitest';
 *     storeConformance({ describe, test }, () => new MemoryStore());
 *
 * Source: abstract-level's and keyv's suites, which their backends import and run in the same way.
 */
export function storeConformance(testApi: TestApi, makeStore: MakeStore, hooks: StoreConformanceHooks = {}): void {
  const suite = new Suite(testApi, makeStore, hooks);
  testApi.describe('store conformance', () => {
    testApi.describe('versions', () => testVersions(suite));
    testApi.describe('head and log rows', () => testNotes(suite));
    testApi.describe('operations', () => testOperations(suite));
    testApi.describe('reads', () => testReads(suite));
    testApi.describe('scans', () => testScans(suite));
    testApi.describe('partitions', () => testPartitions(suite));
    testApi.describe('preconditions', () => testPreconditions(suite));
    testApi.describe('atomicity', () => testAtomicity(suite));
    testApi.describe('concurrency', () => testConcurrency(suite));
    testApi.describe('buffers', () => testBuffers(suite));
    testApi.describe('marks', () => testMarks(suite));
    testApi.describe('order of mark and commit', () => testMarkOrder(suite));
    testApi.describe('opening and closing', () => testLifecycle(suite));
    testApi.describe('random operations', () => testRandomOperations(suite));
  });
}
