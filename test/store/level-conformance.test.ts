import { Level } from 'level';
import { LevelStore } from 'mailring/level';
import { storeConformance } from 'mailring/testing';
import { MemoryLevel } from 'memory-level';
import { describe, test } from 'vitest';
import type { Store } from '../../src/store/store.js';
import { temporaryFolders } from './temporary-folder.js';

const folder = temporaryFolders();
/** How to make another store over the data of one that was made here. */
const again = new WeakMap<Store, () => Store>();

function made(make: () => Store): Store {
  const store = make();
  again.set(store, () => made(make));
  return store;
}

const hooks = { reopen: (store: Store) => again.get(store)!() };

describe('LevelStore over a folder', () => {
  storeConformance(
    { describe, test },
    async () => {
      const location = await folder();
      return made(() => new LevelStore({ location }));
    },
    hooks,
  );
});

describe('LevelStore over memory-level, with a map that holds the version of one partition only', () => {
  storeConformance(
    { describe, test },
    () => {
      const db = new MemoryLevel();
      return made(() => new LevelStore({ db, versionsCached: 1 }));
    },
    hooks,
  );
});

describe('LevelStore over level', () => {
  storeConformance(
    { describe, test },
    async () => {
      const location = await folder();
      return made(() => new LevelStore({ db: new Level(location) }));
    },
    hooks,
  );
});

describe('LevelStore over memory-level', () => {
  storeConformance(
    { describe, test },
    () => {
      const db = new MemoryLevel();
      return made(() => new LevelStore({ db }));
    },
    hooks,
  );
});
