import { Mailring } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { describe, expect, it } from 'vitest';
import { checkProperty, PROPERTY_TIMEOUT_MS } from './budget.js';
import { commandsExecuted } from './command.js';
import { deltasExpired } from './learned-mailboxes.js';
import { modelProperty } from './model-run.js';

const file = 'test/property/memory.test.ts';
const store = () => {
  const memory = new MemoryStore();
  return { open: (options: object) => Mailring.open({ ...options, store: memory }), suffix: '' };
};

describe('mailring over the memory store', () => {
  it(
    'answers every call as the model does',
    async () => {
      const before = commandsExecuted();
      const least = { what: 'commands', count: 50_000, counter: () => commandsExecuted() - before };
      await checkProperty(
        { file, test: 'answers every call as the model does', runs: 1_000, least },
        modelProperty({ maxCommands: 114, reopenWeight: 10, store }),
      );
      console.log(`deltas found expired: ${deltasExpired()}`);
      expect(deltasExpired()).toBeGreaterThan(0);
    },
    PROPERTY_TIMEOUT_MS,
  );
});
