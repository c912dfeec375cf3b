import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LevelStore, type LevelStoreOptions } from 'mailring/level';
import { MemoryLevel } from 'memory-level';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/model/clock.js';
import { partitionNamed, put, write } from './level-rows.js';
import { otherProcesses } from './owner-process.js';
import { temporaryFolders } from './temporary-folder.js';

const folder = temporaryFolders();
const other = otherProcesses();
const open = { clock: systemClock };
const A = partitionNamed('alice');

test('open makes the folder, with those above it', async () => {
  const location = join(await folder(), 'a', 'b');
  const store = new LevelStore({ location });
  await store.open(open);
  await store.close();
  expect(await readdir(location)).toContain('CURRENT');
});

test('open gives up where the file system says that the folder above is missing although it is there', async () => {
  // Only Linux has such a one; elsewhere /proc is an ordinary path that may not be made.
  await expect(new LevelStore({ location: '/proc/mailring-test/data' }).open(open)).rejects.toMatchObject({ code: 'MAILRING_UNAVAILABLE' });
});

test('a disk with less than freeBytesMin is left alone: nothing is opened, nothing written', async () => {
  const location = await folder();
  const store = new LevelStore({ location, freeBytesMin: Number.MAX_SAFE_INTEGER });
  await expect(store.open(open)).rejects.toMatchObject({
    code: 'MAILRING_UNAVAILABLE',
    retryable: true,
    details: { freeBytes: expect.any(Number), freeBytesMin: Number.MAX_SAFE_INTEGER },
  });
  expect(await readdir(location)).toEqual([]);
  await expect(store.load(A)).rejects.toMatchObject({ code: 'MAILRING_CLOSED' });
});

test('a location that is a file, or below one, is unavailable with the cause of the file system, and trying again is of no use', async () => {
  const file = await folder('file');
  await writeFile(file, 'x');
  for (const location of [file, join(file, 'data')]) {
    const inTheWay = { code: 'EEXIST', path: file };
    await expect(new LevelStore({ location }).open(open)).rejects.toMatchObject({ code: 'MAILRING_UNAVAILABLE', retryable: false, cause: inTheWay });
  }
});

test('a damaged database is said to be corrupt, and is let go of', async () => {
  const location = await folder();
  const store = new LevelStore({ location });
  await store.open(open);
  await store.apply([write(A, 0, 1, put('k', 'v'))]);
  await store.close();
  const current = join(location, 'CURRENT');
  const whole = await readFile(current);
  await writeFile(current, 'nonsense');
  for (let i = 0; i < 2; i++) {
    await expect(store.open(open)).rejects.toMatchObject({ code: 'MAILRING_CORRUPT', retryable: false, details: { location, file: 'CURRENT' } });
  }
  expect((await readdir(location)).filter((name) => name.startsWith('mailring'))).toEqual([]);
  await writeFile(current, whole);
  await store.open(open);
  expect(await store.validate(A)).toBe(1);
  await store.close();
});

test('without a LevelDB build for the platform the module can be imported, and open says what to do', async () => {
  const location = await folder();
  const answer = await other('store', location, 0, { npm_config_platform: 'none', PREBUILDS_ONLY: '1' }).answer;
  expect(answer).toMatchObject({ code: 'MAILRING_NATIVE_MISSING', details: { platform: `${process.platform}-${process.arch}`, node: process.version } });
  expect(answer.message).toContain('npm rebuild classic-level --build-from-source');
  expect(await readdir(dirname(location))).toEqual([]);
});

test('opening and closing at the same time take their turns', async () => {
  const store = new LevelStore({ location: await folder() });
  await Promise.all([store.open(open), store.close(), store.open(open)]);
  expect(await store.validate(A)).toBe(0);
  await expect(store.open(open)).rejects.toMatchObject({ code: 'MAILRING_LOCKED', retryable: true, details: { pid: process.pid } });
  await store.close();
  await store.close();
});

test('a folder that was opened through another database is the same data', async () => {
  const location = await folder();
  await mkdir(location);
  const store = new LevelStore({ location, cacheBytes: 0, writeBufferBytes: 64 * 1024, versionsCached: 1 });
  await store.open(open);
  await store.apply([write(A, 0, 1, put('k', 'v'))]);
  await store.close();
  const { Level } = await import('level');
  const second = new LevelStore({ db: new Level(location, { keyEncoding: 'json', valueEncoding: 'json' }) });
  await second.open(open);
  expect(await second.read(A, [Buffer.from('k')])).toEqual([Buffer.from('v')]);
  expect(await second.apply([write(A, 1, 2, put('k', 'w'))])).toEqual({ applied: true });
  await second.close();
  await store.open(open);
  expect(await store.read(A, [Buffer.from('k')])).toEqual([Buffer.from('w')]);
  await store.close();
});

describe('options', () => {
  const db = new MemoryLevel();
  const wrong: Record<string, [unknown, ErrorConstructor, RegExp]> = {
    none: [undefined, TypeError, /takes \{ location \} or \{ db \}/],
    'neither of the two': [{}, TypeError, /takes \{ location \} or \{ db \}/],
    'a db that is none': [{ db: {} }, TypeError, /abstract-level database/],
    'a db of text': [{ db: new MemoryLevel({ storeEncoding: 'utf8' }) }, TypeError, /stores bytes/],
    'an empty location': [{ location: '' }, RangeError, /not empty/],
    'a location with a NUL': [{ location: 'x\0y' }, RangeError, /without U\+0000/],
    'a location that is not well-formed': [{ location: '/tmp/\ud800' }, RangeError, /well-formed/],
    'a number for a location': [{ location: 7 }, TypeError, /location must be a string. type=`number`/],
    'a misspelled key': [{ location: 'x', cacheByte: 1 }, TypeError, /cacheByte.*cacheBytes/],
    'both of the two': [{ location: 'x', db }, TypeError, /unknown key.*db/],
    'a cache for a db': [{ db, cacheBytes: 1 }, TypeError, /unknown key.*cacheBytes/],
    'text for a number': [{ location: 'x', cacheBytes: '1' }, TypeError, /cacheBytes must be a number. type=`string`/],
    'a cache below 0': [{ location: 'x', cacheBytes: -1 }, RangeError, /cacheBytes/],
    'a write buffer that is too small': [{ location: 'x', writeBufferBytes: 1 }, RangeError, /writeBufferBytes/],
    'no versions': [{ location: 'x', versionsCached: 0 }, RangeError, /versionsCached/],
    'half a version': [{ db, versionsCached: 1.5 }, RangeError, /versionsCached/],
    NaN: [{ location: 'x', freeBytesMin: Number.NaN }, RangeError, /freeBytesMin/],
  };
  for (const [name, [options, type, message]] of Object.entries(wrong)) {
    test(`${name}: refused when the store is constructed`, () => {
      const construct = () => new LevelStore(options as LevelStoreOptions);
      expect(construct).toThrow(type);
      expect(construct).toThrow(message);
    });
  }
});

test('a folder whose CURRENT is missing is said to be corrupt, and its tables are left as they are', async () => {
  const location = await folder();
  const store = new LevelStore({ location, writeBufferBytes: 64 * 1024 });
  await store.open(open);
  for (let version = 1; version <= 40; version++) await store.apply([write(A, version - 1, version, put(`key ${version}`, 'x'.repeat(20_000)))]);
  await store.close();
  const current = await readFile(join(location, 'CURRENT'));
  await rm(join(location, 'CURRENT'));
  const before = (await readdir(location)).filter((name) => name.endsWith('.ldb'));
  expect(before.length).toBeGreaterThan(0);
  await expect(store.open(open)).rejects.toMatchObject({ code: 'MAILRING_CORRUPT', details: { location, file: 'CURRENT' } });
  expect((await readdir(location)).filter((name) => name.endsWith('.ldb'))).toEqual(before);
  await writeFile(join(location, 'CURRENT'), current);
  await store.open(open);
  expect((await store.load(A)).version).toBe(40);
  await store.close();
});
