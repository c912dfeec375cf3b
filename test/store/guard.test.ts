import { mkdir, readdir, realpath, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { Level } from 'level';
import { LevelStore, type LevelStoreOptions } from 'mailring/level';
import { MemoryLevel } from 'memory-level';
import { afterEach, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../src/model/clock.js';
import { isMailringError, type MailringError } from '../../src/model/errors.js';
import { claimInProcess, disclaimInProcess } from '../../src/store/level/owner.js';
import type { StoreOpenOptions } from '../../src/store/store.js';
import { partitionNamed, put, write } from './level-rows.js';
import { temporaryFolders } from './temporary-folder.js';

const folder = temporaryFolders();
const opened: LevelStore[] = [];

afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
});

async function open(options: LevelStoreOptions, more: Partial<StoreOpenOptions> = {}): Promise<LevelStore> {
  const store = new LevelStore(options);
  await store.open({ clock: systemClock, ...more });
  opened.push(store);
  return store;
}

async function refused(options: LevelStoreOptions, more: Partial<StoreOpenOptions> = {}): Promise<MailringError> {
  const error = await open(options, more).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isMailringError(error)) throw new Error(`not refused: ${error}`);
  return error;
}

test('a second open of the folder is refused, and says who has it and what to do', async () => {
  const location = await folder();
  const before = Date.now();
  await open({ location });
  const error = await refused({ location });
  expect(error).toMatchObject({ code: 'MAILRING_LOCKED', retryable: true, details: { pid: process.pid, host: hostname() } });
  expect(error.details.since).toBeGreaterThanOrEqual(before);
  expect(error.message).toMatch(/already in this process: close the other one, or wait for it with openWaitMs. pid=`\d+` host=`.+` since=`.+`/);
});

test('it is refused under every spelling of the path: a symbolic link, another way there, relative from another directory', async () => {
  const location = await folder();
  await open({ location });
  const link = join(dirname(location), 'link');
  await symlink(location, link);
  expect((await refused({ location: link })).code).toBe('MAILRING_LOCKED');
  expect((await refused({ location: `${dirname(location)}/../${basename(dirname(location))}//data/.` })).code).toBe('MAILRING_LOCKED');
  const from = process.cwd();
  process.chdir(dirname(location));
  try {
    expect((await refused({ location: 'data' })).code).toBe('MAILRING_LOCKED');
    expect((await refused({ location: relative('.', location) })).code).toBe('MAILRING_LOCKED');
  } finally {
    process.chdir(from);
  }
});

test('a relative path means where it was constructed', async () => {
  const location = await folder();
  const from = process.cwd();
  process.chdir(dirname(location));
  const store = new LevelStore({ location: 'data' });
  process.chdir(from);
  await store.open({ clock: systemClock });
  opened.push(store);
  expect(await readdir(location)).toContain('CURRENT');
});

test('a refused open leaves the folder and its owner as they were', async () => {
  const location = await folder();
  const store = await open({ location });
  const files = await readdir(location);
  for (let i = 0; i < 5; i++) await refused({ location });
  expect(await readdir(location)).toEqual(files);
  expect(await store.apply([write(partitionNamed('a'), 0, 1, put('k', 'v'))])).toEqual({ applied: true });
});

test('close lets go of it, and removes its mark from the folder', async () => {
  const location = await folder();
  await (await open({ location })).close();
  expect((await readdir(location)).filter((name) => name.startsWith('mailring'))).toEqual([]);
  await open({ location });
  expect((await readdir(location)).filter((name) => name.startsWith('mailring'))).toHaveLength(1);
});

test('what an open leaves that died before it had published its socket is removed by a later one, and what is young is left', async () => {
  const location = await folder();
  const [old, young] = [join(location, 'mailring-abcdef'), join(location, 'mailring-ghijkl')];
  for (const path of [old, young]) {
    await mkdir(path, { recursive: true });
    await writeFile(join(path, 'new'), '');
  }
  const longAgo = Date.now() / 1000 - 61;
  await utimes(old, longAgo, longAgo);
  await (await open({ location })).close();
  expect((await readdir(location)).filter((name) => name.startsWith('mailring'))).toEqual(['mailring-ghijkl']);
});

test('an open that fails lets go of it', async () => {
  const location = await folder();
  expect((await refused({ location, freeBytesMin: Number.MAX_SAFE_INTEGER })).code).toBe('MAILRING_UNAVAILABLE');
  expect(await readdir(location)).toEqual([]);
  await open({ location });
});

test('a path longer than a socket address is guarded too', async () => {
  const location = join(await folder(), 'x'.repeat(120), 'y'.repeat(120));
  await open({ location });
  expect((await refused({ location })).code).toBe('MAILRING_LOCKED');
  expect((await readdir(location)).filter((name) => name.startsWith('mailring'))).toHaveLength(1);
});

test('two copies of the module share one registry', async () => {
  const copy = (await import('../../src/store/level/owner.js?another-copy' as string)) as { claimInProcess: typeof claimInProcess };
  expect(copy.claimInProcess).not.toBe(claimInProcess);
  const owner = { pid: 1, host: 'h', since: 2 };
  expect(claimInProcess(['a key', 'another key'], owner)).toBeUndefined();
  expect(copy.claimInProcess(['another key'], { ...owner, pid: 3 })).toEqual(owner);
  disclaimInProcess(['a key', 'another key']);
  expect(copy.claimInProcess(['another key'], owner)).toBeUndefined();
  disclaimInProcess(['another key']);
});

test('the registry alone keeps a second one out: by device and inode, and by the real path', async () => {
  const location = await folder();
  await mkdir(location);
  const { dev, ino } = await stat(location, { bigint: true });
  for (const key of [`folder ${dev}:${ino}`, `path ${await realpath(location)}`]) {
    claimInProcess([key], { pid: 1, host: 'h', since: 2 });
    expect(await refused({ location })).toMatchObject({ code: 'MAILRING_LOCKED', details: { pid: 1, host: 'h', since: 2 } });
    disclaimInProcess([key]);
  }
  await open({ location });
});

test('a claim of several keys that is refused holds none of them', () => {
  const owner = { pid: 1, host: 'h', since: 2 };
  claimInProcess(['taken'], owner);
  expect(claimInProcess(['free', 'taken'], owner)).toEqual(owner);
  expect(claimInProcess(['free'], owner)).toBeUndefined();
  disclaimInProcess(['free', 'taken']);
});

test('one LevelStore at a time has a database object', async () => {
  const db = new MemoryLevel();
  const store = await open({ db });
  expect(await refused({ db })).toMatchObject({ code: 'MAILRING_LOCKED', details: { pid: process.pid } });
  await open({ db: new MemoryLevel() });
  await store.close();
  await open({ db });
});

test('a database with a folder is guarded by the folder', async () => {
  const location = await folder();
  await mkdir(location);
  await open({ location });
  const db = new Level(location);
  // It opens itself, and is refused by LevelDB, whatever we do.
  await db.open().catch(() => undefined);
  expect(await refused({ db })).toMatchObject({ code: 'MAILRING_LOCKED', details: { pid: process.pid } });
});

test('a folder that a database has is guarded for everybody, also when the database made it', async () => {
  const location = await folder();
  await open({ db: new Level(location) });
  expect(await refused({ location })).toMatchObject({ code: 'MAILRING_LOCKED', details: { pid: process.pid } });
});

test('openWaitMs waits until the owner has closed', async () => {
  const location = await folder();
  const owner = await open({ location });
  let isOpen = false;
  const waiting = open({ location }, { openWaitMs: 60_000 }).then(() => {
    isOpen = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 120));
  expect(isOpen).toBe(false);
  await owner.close();
  await waiting;
});

/** A clock that stands still and whose timers fire at once; it counts them. */
function standingClock(): { clock: Clock; waits: number[] } {
  const waits: number[] = [];
  const after: Clock['after'] = (delayMs, task) => {
    waits.push(delayMs);
    setImmediate(task);
    return () => undefined;
  };
  return { clock: { now: () => 1_000, after, soon: setImmediate }, waits };
}

test('openWaitMs ends after as many looks as fit in it, by a clock that stands too', async () => {
  const db = new MemoryLevel();
  await open({ db });
  const { clock, waits } = standingClock();
  expect((await refused({ db }, { clock, openWaitMs: 230 })).code).toBe('MAILRING_LOCKED');
  expect(waits).toEqual([50, 50, 50, 50, 30]);
});

test('an open that waits can be given up by its signal and by its deadline', async () => {
  const db = new MemoryLevel();
  await open({ db });
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 60);
  expect((await refused({ db }, { openWaitMs: 60_000, signal: controller.signal })).code).toBe('MAILRING_ABORTED');
  expect((await refused({ db }, { openWaitMs: 60_000, deadline: Date.now() + 60 })).code).toBe('MAILRING_ABORTED');
  expect(controller.signal.aborted).toBe(true);
});
