import { Mailring } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { describe, it } from 'vitest';
import { checkProperty, PROPERTY_TIMEOUT_MS } from './budget.js';
import { modelProperty } from './model-run.js';

const file = 'test/property/large-mailboxes.test.ts';
const store = () => {
  const memory = new MemoryStore();
  return { open: (options: object) => Mailring.open({ ...options, store: memory }), suffix: '' };
};

describe('a mailbox with much in it', () => {
  it(
    'goes on beyond what is kept in memory, and beyond the 1,000 changes that one delta looks at',
    async () => {
      await checkProperty(
        { file, test: 'goes on beyond what is kept in memory', runs: 10 },
        modelProperty({ maxCommands: 60, reopenWeight: 10, store, filled: 1_700 }),
      );
    },
    PROPERTY_TIMEOUT_MS,
  );

  it(
    'goes on beyond a log that was trimmed',
    async () => {
      await checkProperty(
        { file, test: 'goes on beyond a log that was trimmed', runs: 10 },
        modelProperty({ maxCommands: 60, reopenWeight: 10, store, filled: 1_000, logChanges: 150 }),
      );
    },
    PROPERTY_TIMEOUT_MS,
  );

  it(
    'ends a page at 1 MiB of content, and goes on behind it',
    async () => {
      const large = true;
      await checkProperty({ file, test: 'ends a page at 1 MiB of content', runs: 8 }, modelProperty({ maxCommands: 100, reopenWeight: 10, store, large }));
    },
    PROPERTY_TIMEOUT_MS,
  );
});
