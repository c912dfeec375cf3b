import { describe, expect, it } from 'vitest';
import { layerProblems } from './layers.js';
import { readSources } from './source.js';

/** A small src/ in which everything is allowed; each test plants one wrong file. */
const SOUND: Readonly<Record<string, string>> = {
  'index.ts': "export { Mailring } from './engine/mailring.js';\nexport type { Store } from './store/store.js';\n",
  'ring.ts': "export { Ring } from './ring/ring.js';\n",
  'level.ts': "export { LevelStore } from './store/level/level-store.js';\n",
  'memory.ts': "export { MemoryStore } from './store/memory/memory-store.js';\n",
  'testing.ts': "export { storeConformance } from './testing/store-conformance.js';\n",
  'model/ids.ts': "import { createHash } from 'node:crypto';\nexport const id = createHash;\n",
  'ring/ring.ts': "import { id } from '../model/ids.js';\nexport const Ring = id;\n",
  'store/store.ts': "import type { id } from '../model/ids.js';\nexport type Store = typeof id;\n",
  'store/level/level-store.ts':
    "import type { ClassicLevel } from 'classic-level';\nimport type { Store } from '../store.js';\nexport const load = () => import('classic-level');\n",
  'store/memory/memory-store.ts': "import type { Store } from '../store.js';\nexport class MemoryStore {}\n",
  'mailbox/mailbox.ts': "import { noteKey } from '../store/store.js';\nexport const mailbox = noteKey;\n",
  'shard/shard.ts': "import { Mutex } from 'async-mutex';\nimport { mailbox } from '../mailbox/mailbox.js';\nexport const shard = mailbox;\n",
  'engine/mailring.ts': "import { shard } from '../shard/shard.js';\nimport { open } from './open.js';\nexport const Mailring = { shard, open };\n",
  'engine/open.ts': "export const open = async () => await import('../store/level/level-store.js');\n",
  'testing/store-conformance.ts': "import { MemoryStore } from '../memory.js';\nexport const storeConformance = MemoryStore;\n",
};

const planted = (path: string, text: string) => layerProblems(new Map(Object.entries({ ...SOUND, [path]: text })));

describe('the layers of src/', () => {
  it('are kept by every file', () => {
    const sources = readSources();
    expect(sources.size).toBeGreaterThan(10);
    expect(layerProblems(sources)).toEqual([]);
  });
});

describe('the check of the layers', () => {
  it('finds nothing in a sound src/', () => {
    expect(layerProblems(new Map(Object.entries(SOUND)))).toEqual([]);
  });

  it.each([
    ['model imports another folder', 'model/ids.ts', "import { Ring } from '../ring/ring.js';"],
    ['model imports the store contract', 'model/ids.ts', "import { Store } from '../store/store.js';"],
    ['ring sees a mailbox', 'ring/ring.ts', "import { mailbox } from '../mailbox/mailbox.js';"],
    ['the contract sees a backend', 'store/store.ts', "import { LevelStore } from './level/level-store.js';"],
    ['mailbox sees its shard', 'mailbox/mailbox.ts', "import { shard } from '../shard/shard.js';"],
    ['shard sees the ring', 'shard/shard.ts', "import { Ring } from '../ring/ring.js';"],
    ['shard sees the engine', 'shard/shard.ts', "import { Mailring } from '../engine/mailring.js';"],
    ['a backend sees another', 'store/level/level-store.ts', "import { MemoryStore } from '../memory/memory-store.js';"],
    ['a backend knows messages', 'store/memory/memory-store.ts', "import { mailbox } from '../../mailbox/mailbox.js';"],
    ['a backend sees the ring', 'store/memory/memory-store.ts', "import { Ring } from '../../ring/ring.js';"],
    ['the engine sees a backend', 'engine/mailring.ts', "import { LevelStore } from '../store/level/level-store.js';"],
    ['the engine loads a backend outside open.ts', 'engine/mailring.ts', "const { LevelStore } = await import('../store/level/level-store.js');"],
    ['open.ts loads a backend statically', 'engine/open.ts', "import { LevelStore } from '../store/level/level-store.js';"],
    ['open.ts names a type of a backend', 'engine/open.ts', "import type { LevelStore } from '../store/level/level-store.js';"],
    ['open.ts loads the memory store', 'engine/open.ts', "const { MemoryStore } = await import('../store/memory/memory-store.js');"],
    ['testing sees the engine behind the entries', 'testing/store-conformance.ts', "import { Mailring } from '../engine/mailring.js';"],
    ['testing sees more of a mailbox than its codec', 'testing/store-conformance.ts', "import { mailbox } from '../mailbox/mailbox.js';"],
    ['index loads native code', 'index.ts', "export { LevelStore } from './store/level/level-store.js';"],
    ['a folder imports an entry', 'engine/mailring.ts', "import { Mailring } from '../index.js';"],
    ['an entry imports an entry', 'index.ts', "export { Ring } from './ring.js';"],
  ])('sees that %s', (_, path, text) => {
    expect(planted(path, text)).toEqual([expect.stringMatching(`^${path}:1 imports `)]);
  });

  it.each([
    ['a type-only import', "import type { Ring } from '../ring/ring.js';"],
    ['a bare import', "import '../ring/ring.js';"],
    ['a re-export', "export { Ring } from '../ring/ring.js';"],
    ['a re-export of all', "export * from '../ring/ring.js';"],
    ['a dynamic import', "export const ring = () => import('../ring/ring.js');"],
    ['a dynamic import of a template', 'export const ring = () => import(`../ring/ring.js`);'],
    ['an import in a type', "export type Ring = import('../ring/ring.js').Ring;"],
    ['an import by require', "export const ring = require('../ring/ring.js');"],
    ['an import = require', "import ring = require('../ring/ring.js');"],
  ])('sees %s', (_, text) => {
    expect(planted('mailbox/mailbox.ts', text)).toEqual([expect.stringMatching('^mailbox/mailbox.ts:1 imports ring/ring.ts')]);
  });

  it('sees an import whose name is computed', () => {
    expect(planted('engine/open.ts', 'export const open = (name: string) => import(name);')).toEqual([expect.stringContaining('computed')]);
  });

  it('sees a database outside its backend', () => {
    expect(planted('shard/shard.ts', "import type { ClassicLevel } from 'classic-level';")).toEqual([expect.stringContaining('only store/level')]);
    expect(planted('store/memory/memory-store.ts', "import { AbstractLevel } from 'abstract-level';")).toEqual([expect.stringContaining('only store/level')]);
  });

  it.each(["import { ClassicLevel } from 'classic-level';", "import 'classic-level';", "export { ClassicLevel } from 'classic-level';"])(
    'sees native code loaded statically: %s',
    (text) => {
      expect(planted('store/level/level-store.ts', text)).toEqual([expect.stringContaining('statically: load native code by await import()')]);
    },
  );

  it('sees I/O in a pure folder', () => {
    expect(planted('mailbox/mailbox.ts', "import { readFile } from 'node:fs/promises';")).toEqual([expect.stringContaining('no I/O')]);
  });

  it('sees the package imported by its name', () => {
    expect(planted('testing/store-conformance.ts', "import { Mailring } from 'mailring';")).toEqual([expect.stringContaining('name the file')]);
  });

  it('sees a folder that has no layer, and a file beside the contract', () => {
    expect(planted('queue/queue.ts', '')).toEqual([expect.stringContaining('no layer')]);
    expect(planted('store/ranges.ts', '')).toEqual([expect.stringContaining('no layer')]);
  });

  it('sees an import that leads out of src/', () => {
    expect(planted('engine/open.ts', "import { it } from '../../test/it.js';")).toEqual([expect.stringContaining('no file of src/')]);
  });

  it.each([
    ['a wildcard', "export * from './ring/ring.js';"],
    ['a namespace', "export * as ring from './ring/ring.js';"],
    ['a declaration', 'export const ring = 1;'],
    ['an import', "import { Ring } from './ring/ring.js';"],
    ['an export without a file', 'export {};'],
  ])('sees %s in an entry file', (_, text) => {
    expect(planted('ring.ts', text)).toEqual(['ring.ts:1 is not an explicit re-export: an entry file has nothing else']);
  });
});
