import { describe, expect, test } from 'vitest';
import { tableOf, verdict } from './report.js';
import { runSeeds } from './run-seeds.js';
import { OPERATIONS_MIN } from './setting.js';
import { simulate } from './simulation.js';

/** Seeds of this run: `MAILRING_SEEDS`, first of them `MAILRING_SEED`. */
const SEEDS = Number(process.env.MAILRING_SEEDS ?? 2_000);
const FROM = Number(process.env.MAILRING_SEED ?? 1);

describe('a simulation', () => {
  test('is decided by its seed alone: two runs give the same history, byte for byte', async () => {
    const settings = new Set<string>();
    for (let seed = FROM; seed < FROM + 12; seed++) {
      const [once, twice] = [await simulate(seed), await simulate(seed)];
      expect(JSON.stringify(twice.history), `seed ${seed}`).toBe(JSON.stringify(once.history));
      expect(twice.digest).toBe(once.digest);
      settings.add(once.setting.name);
    }
    expect([...settings].sort(), 'the seeds compared have every setting').toEqual(['engines', 'lanes', 'shards']);
  });

  test('has at least 200 operations, 8 users, 3 kinds of fault, and 3 shards or 3 engines', async () => {
    for (let seed = FROM; seed < FROM + 12; seed++) {
      const { setting, history } = await simulate(seed);
      expect(history.calls.length).toBeGreaterThanOrEqual(OPERATIONS_MIN);
      expect(new Set(history.mailboxes.map(({ userId }) => userId)).size).toBe(8);
      expect(setting.faults.size).toBeGreaterThanOrEqual(3);
      if (setting.name !== 'lanes') expect(Math.max(setting.stores, setting.engines)).toBe(3);
    }
  });

  test('another seed gives another history', async () => {
    const [one, other] = [await simulate(FROM), await simulate(FROM + 1)];
    expect(one.digest).not.toBe(other.digest);
  });
});

test(`${SEEDS} seeds keep every promise, and come through every rare state that so many should`, { timeout: 20 * 60_000 }, async () => {
  const report = await runSeeds({ from: FROM, seeds: SEEDS });
  const wrong = verdict(report);
  expect(report.seeds).toBe(SEEDS);
  expect(wrong, `${tableOf(report)}\n`).toEqual([]);
});
