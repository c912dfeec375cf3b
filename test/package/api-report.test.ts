import { beforeAll, describe, expect, it } from 'vitest';
import { keptReports, makeReports, packageEntries } from './api-report.js';

describe('the public API', () => {
  const entries = packageEntries();
  const kept = keptReports();
  let made: Map<string, string>;
  beforeAll(() => {
    made = makeReports(entries);
  });

  it.each(entries)('of %s is the one in docs/api', (entry) => {
    expect(made.get(entry), `the public API of ${entry} changed: if that is meant, run npm run api and commit docs/api/${entry}.api.md`).toBe(kept.get(entry));
  });

  it('has a report of each entry and no other', () => {
    expect([...kept.keys()].sort()).toEqual([...entries].sort());
  });
});
