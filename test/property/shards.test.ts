import { Mailring } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { describe, expect, it } from 'vitest';
import { checkProperty, PROPERTY_TIMEOUT_MS } from './budget.js';
import { commandsExecuted } from './command.js';
import { modelProperty } from './model-run.js';
import { type OwnersStats, openOwners } from './two-owners.js';
import type { OpenMailring } from './world.js';

const file = 'test/property/shards.test.ts';

function check(test: string, runs: number, store: () => { open: OpenMailring; suffix: string }): Promise<void> {
  const before = commandsExecuted();
  const least = { what: 'commands', count: 40 * runs, counter: () => commandsExecuted() - before };
  return checkProperty({ file, test, runs, least }, modelProperty({ maxCommands: 108, reopenWeight: 10, store }));
}

describe('mailring answers every call as the model does', () => {
  it(
    'on three shards',
    () =>
      check('on three shards', 250, () => {
        const stores = { a: new MemoryStore(), b: new MemoryStore(), c: new MemoryStore() };
        return { open: (options) => Mailring.open({ ...options, stores }), suffix: '' };
      }),
    PROPERTY_TIMEOUT_MS,
  );

  it(
    'on a store that is not atomic across partitions',
    () =>
      check('on a store that is not atomic', 250, () => {
        const memory = new MemoryStore({ atomicAcrossPartitions: false });
        return { open: (options) => Mailring.open({ ...options, store: memory }), suffix: '' };
      }),
    PROPERTY_TIMEOUT_MS,
  );

  it(
    'with two engines that write the same mailboxes in turn',
    async () => {
      const stats: OwnersStats = { refusedBatches: 0 };
      await check('with two engines', 250, () => {
        const memory = new MemoryStore({ atomicAcrossPartitions: false, exclusive: false });
        return { open: (options) => openOwners([memory, memory.handle()], options, stats), suffix: '' };
      });
      console.log(`two owners: ${stats.refusedBatches} refused commits`);
      expect(stats.refusedBatches).toBeGreaterThanOrEqual(100);
    },
    PROPERTY_TIMEOUT_MS,
  );
});
