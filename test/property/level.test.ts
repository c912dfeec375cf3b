import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Mailring } from 'mailring';
import { LevelStore } from 'mailring/level';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { checkProperty, PROPERTY_TIMEOUT_MS } from './budget.js';
import { commandsExecuted } from './command.js';
import { modelProperty } from './model-run.js';

const file = 'test/property/level.test.ts';

describe('mailring over LevelDB', () => {
  let folder: string;
  let level: LevelStore;
  let runs = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mailring-property-'));
    level = new LevelStore({ location: join(folder, 'data') });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it(
    'answers every call as the model does, in one store that holds the mailboxes of all runs',
    async () => {
      const before = commandsExecuted();
      const least = { what: 'commands', count: 7_500, counter: () => commandsExecuted() - before };
      const store = () => ({ open: (options: object) => Mailring.open({ ...options, store: level }), suffix: `\u00b7${++runs}` });
      await checkProperty(
        { file, test: 'answers every call as the model does', runs: 150, least },
        modelProperty({ maxCommands: 126, reopenWeight: 5, store }),
      );
    },
    PROPERTY_TIMEOUT_MS,
  );
});
