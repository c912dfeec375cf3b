import { mkdir, readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { LevelStore } from 'mailring/level';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/model/clock.js';
import { claimFolder } from '../../src/store/level/folder-socket.js';
import { partitionNamed, put, write } from './level-rows.js';
import { type Answer, otherProcesses } from './owner-process.js';
import { temporaryFolders } from './temporary-folder.js';

const folder = temporaryFolders();
const other = otherProcesses();
const clock = systemClock;
const OWNER = { pid: process.pid, host: hostname(), since: 1 };

test('another process is refused while this one has the folder, and gets it afterwards', async () => {
  const location = await folder();
  const store = new LevelStore({ location });
  await store.open({ clock });
  const second = await other('store', location).answer;
  expect(second).toMatchObject({ code: 'MAILRING_LOCKED', details: { pid: process.pid, host: hostname() } });
  expect(second.message).toContain(`is open in another process: stop that one, or wait for it with openWaitMs. pid=\`${process.pid}\``);
  await store.close();
  const third = other('store', location);
  expect(await third.answer).toEqual({ opened: third.pid });
});

test('this process is refused while another has the folder; kill -9 of the owner frees it', async () => {
  const location = await folder();
  const owner = other('store', location);
  await owner.answer;
  const store = new LevelStore({ location });
  await expect(store.open({ clock })).rejects.toMatchObject({ code: 'MAILRING_LOCKED', details: { pid: owner.pid, host: hostname() } });
  await owner.kill('SIGKILL');
  expect((await readdir(location)).filter((name) => name.startsWith('mailring'))).toHaveLength(1);
  await store.open({ clock });
  expect((await readdir(location)).filter((name) => name.startsWith('mailring'))).toHaveLength(1);
  await store.close();
});

test('an owner that is stopped is still the owner', async () => {
  const location = await folder();
  const owner = other('store', location);
  await owner.answer;
  await owner.kill('SIGSTOP');
  const store = new LevelStore({ location });
  await expect(store.open({ clock })).rejects.toMatchObject({ code: 'MAILRING_LOCKED', details: { pid: undefined } });
  expect(await claimFolder(location, OWNER, clock)).toEqual({});
  await owner.kill('SIGKILL');
  await store.open({ clock });
  await store.close();
});

test('a refused second open in one process lets no other process in, and what is written afterwards stays', async () => {
  const location = await folder();
  const store = new LevelStore({ location });
  await store.open({ clock });
  await expect(new LevelStore({ location }).open({ clock })).rejects.toMatchObject({ code: 'MAILRING_LOCKED' });
  expect(await other('store', location).answer).toMatchObject({ code: 'MAILRING_LOCKED' });
  // LevelDB's own lock is untouched as well: it keeps out whoever knows nothing of the guard.
  expect(await other('plain', location).answer).not.toHaveProperty('opened');
  await store.apply([write(partitionNamed('a'), 0, 1, put('k', 'v'))]);
  await store.close();
  await store.open({ clock });
  expect(await store.validate(partitionNamed('a'))).toBe(1);
  await store.close();
});

test('openWaitMs in a process that does nothing else waits until the owner has closed', async () => {
  const location = await folder();
  const store = new LevelStore({ location });
  await store.open({ clock });
  const waiting = other('store', location, 60_000);
  const refused = other('store', location, 100);
  expect(await refused.answer).toMatchObject({ code: 'MAILRING_LOCKED' });
  await store.close();
  expect(await waiting.answer).toEqual({ opened: waiting.pid });
});

test('an open store keeps no process alive, and one that ends without close frees the folder', async () => {
  const location = await folder();
  const owner = other('leave', location);
  expect(await owner.answer).toEqual({ opened: owner.pid });
  await owner.end();
  const next = other('store', location);
  expect(await next.answer).toEqual({ opened: next.pid });
  await next.end();
  expect((await readdir(location)).filter((name) => name.startsWith('mailring'))).toEqual([]);
});

test('the name in the kernel alone keeps a second one out', async () => {
  const location = await folder();
  const owner = other('store', location);
  await owner.answer;
  for (const name of await readdir(location)) if (name.startsWith('mailring')) await rm(join(location, name), { recursive: true });
  await expect(new LevelStore({ location }).open({ clock })).rejects.toMatchObject({ code: 'MAILRING_LOCKED', details: { pid: owner.pid } });
});

test('of two workers of node:cluster one is refused', async () => {
  const answers = await other<Answer[]>('cluster', await folder()).answer;
  expect(answers[0]).toHaveProperty('opened');
  expect(answers[1]).toMatchObject({ code: 'MAILRING_LOCKED', details: { pid: answers[0]?.opened } });
});

test('a worker thread of the owner is refused', async () => {
  const answers = await other<Answer[]>('thread', await folder()).answer;
  expect(answers[0]).toHaveProperty('opened');
  expect(answers[1]).toMatchObject({ code: 'MAILRING_LOCKED', details: { pid: answers[0]?.opened } });
});

test('a program that does not know the guard is told apart: the folder is locked, by nobody we can name', async () => {
  const location = await folder();
  await other('plain', location).answer;
  const store = new LevelStore({ location });
  const opening = store.open({ clock });
  await expect(opening).rejects.toMatchObject({ code: 'MAILRING_LOCKED', details: { pid: undefined } });
  await expect(opening).rejects.toThrow('a program that does not use mailring');
});

test('the socket in the folder alone keeps a second one out, as between containers that share a volume', async () => {
  const location = await folder();
  await mkdir(location);
  const first = await claimFolder(location, OWNER, clock);
  expect(await claimFolder(location, { ...OWNER, pid: 1 }, clock)).toMatchObject(OWNER);
  if (!('release' in first)) throw new Error('not claimed');
  await first.release();
  const second = await claimFolder(location, { ...OWNER, pid: 1 }, clock);
  expect(second).toHaveProperty('release');
  if ('release' in second) await second.release();
  expect(await readdir(location)).toEqual([]);
});

test('of many that claim the folder at once, beside the remains of dead ones, exactly one gets it', async () => {
  const location = await folder();
  for (let round = 0; round < 3; round++) {
    const dead = other('store', location);
    await dead.answer;
    await dead.kill('SIGKILL');
  }
  const claims = await Promise.all(Array.from({ length: 12 }, (_, i) => claimFolder(location, { ...OWNER, pid: i }, clock)));
  const won = claims.flatMap((claim) => ('release' in claim ? [claim] : []));
  expect(won).toHaveLength(1);
  for (const claim of won) await claim.release();
  expect((await readdir(location)).filter((name) => name.startsWith('mailring'))).toEqual([]);
});
