import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LevelStore } from 'mailring/level';
import { MemoryLevel } from 'memory-level';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/model/clock.js';
import { partitionNamed, put, write } from './level-rows.js';
import { temporaryFolders } from './temporary-folder.js';

const folder = temporaryFolders();
const open = { clock: systemClock };
const A = partitionNamed('alice');
const B = partitionNamed('bob');
const MARK = { slot: 7, partition: A, name: Uint8Array.of(1, 2, 3, 4, 5, 6) };
const EVERYTHING = { gte: Uint8Array.of(0), lt: Uint8Array.of(255), limit: 10_000 };

const opened: LevelStore[] = [];
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
});

async function opening(store: LevelStore): Promise<LevelStore> {
  await store.open(open);
  opened.push(store);
  return store;
}

/** Everything that a store gives. */
async function contentsOf(store: LevelStore) {
  const partitions: object[] = [];
  for await (const partition of store.partitions()) partitions.push([partition, await store.load(partition), await store.scan(partition, EVERYTHING)]);
  const marks: object[] = [];
  for (let slot = 0; slot < 64; slot++) for await (const mark of store.scanMarks(slot)) marks.push(mark);
  return { partitions, marks };
}

const sources = [
  { name: 'a folder', make: async () => new LevelStore({ location: await folder() }) },
  {
    name: 'a database that keeps buffers',
    make: async () => new LevelStore({ db: new MemoryLevel<Uint8Array, Uint8Array>({ keyEncoding: 'view', valueEncoding: 'view' }) }),
  },
];

describe.each(sources)('a checkpoint of $name', ({ make }) => {
  test('is what was there at the call: rows, heads and marks, and nothing of a commit that was issued after', async () => {
    const store = await opening(await make());
    await store.apply([{ ...write(A, 0, 1, put('key', 'value')), head: Buffer.from('head') }, write(B, 0, 5, put('other'))], [{ type: 'set', ...MARK }]);
    const before = await contentsOf(store);
    const location = join(dirname(await folder()), 'copy');
    const copied = store.checkpoint(location);
    await store.apply([write(A, 1, 2, put('key', 'later')), write(B, 5, 6, put('new'))], [{ type: 'clear', ...MARK }]);
    await copied;
    const copy = await opening(new LevelStore({ location }));
    expect(await contentsOf(copy)).toEqual(before);
    expect(await contentsOf(store)).not.toEqual(before);
  });

  test('of many and large rows is all of them, and says how many', async () => {
    const store = await opening(await make());
    for (let version = 0; version < 60; version++) {
      await store.apply([
        write(A, version, version + 1, ...Array.from({ length: 100 }, (_, i) => put(`key ${version} ${i}`, 'x'.repeat(i === 0 ? 65_536 : i)))),
      ]);
    }
    const location = join(dirname(await folder()), 'copy');
    const sums = { rows: 0, bytes: 0, calls: 0 };
    await store.checkpoint(location, {
      onProgress: ({ rows, bytes }) => {
        sums.rows += rows;
        sums.bytes += bytes;
        sums.calls++;
      },
    });
    expect(sums.rows).toBe(60 * 101);
    expect(sums.bytes).toBeGreaterThan(60 * 65_536);
    expect(sums.calls).toBeGreaterThan(3);
    const copy = await opening(new LevelStore({ location }));
    // Faster than expect for megabytes.
    assert.deepStrictEqual(await contentsOf(copy), await contentsOf(store));
  });

  test('goes to no folder that holds a database, can be given up, and is refused by a store that is closed', async () => {
    const store = await opening(await make());
    await store.apply([write(A, 0, 1, put('key'))]);
    const location = join(dirname(await folder()), 'copy');
    await store.checkpoint(location);
    const files = await readdir(location);
    await expect(store.checkpoint(location)).rejects.toThrow();
    expect((await readdir(location)).filter((name) => !files.includes(name) && /ldb|MANIFEST/.test(name))).toEqual([]);
    await expect(store.checkpoint(join(location, 'given up'), { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
    await store.close();
    await expect(store.checkpoint(join(location, 'closed'))).rejects.toMatchObject({ code: 'MAILRING_CLOSED' });
  });
});

test('a checkpoint that cannot be written says why, and the store goes on', async () => {
  const store = await opening(new LevelStore({ location: await folder() }));
  const parent = await folder();
  await mkdir(parent);
  await writeFile(join(parent, 'file'), '');
  await expect(store.checkpoint(join(parent, 'file', 'copy'))).rejects.toThrow();
  expect(await store.apply([write(A, 0, 1, put('key'))])).toEqual({ applied: true });
});
