import { LevelStore } from 'mailring/level';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/model/clock.js';
import { partitionNamed, put, write } from './level-rows.js';
import { WatchedDatabase } from './watched-database.js';

const A = partitionNamed('alice');

/** A load of A that has read and does not answer yet. */
async function heldLoad(store: LevelStore, db: WatchedDatabase): Promise<() => Promise<unknown>> {
  let proceed = (): void => undefined;
  const held = new Promise<void>((resolve) => (proceed = resolve));
  const hasRead = new Promise<void>((resolve) => {
    db.afterRead = () => {
      db.afterRead = async () => undefined;
      resolve();
      return held;
    };
  });
  const load = store.load(A);
  await hasRead;
  return () => {
    proceed();
    return load;
  };
}

for (const { versionsCached, between } of [
  { versionsCached: 100, between: 'stays in the map' },
  { versionsCached: 1, between: 'was dropped from the map' },
]) {
  test(`a load that began before a commit and ends after it does not bring the old version back, where the new one ${between}`, async () => {
    const db = new WatchedDatabase();
    const store = new LevelStore({ db, versionsCached });
    await store.open({ clock: systemClock });
    await store.apply([write(A, 0, 1)]);
    const finish = await heldLoad(store, db);
    await store.apply([write(A, 1, 2)]);
    await store.apply([write(partitionNamed('other'), 0, 1)]);
    expect(await finish()).toMatchObject({ version: 1 });
    expect(await store.apply([write(A, 1, 3, put('k', 'late'))])).toMatchObject({ applied: false });
    expect(await store.validate(A)).toBe(2);
    await store.close();
  });
}

test('a load that is answered while a commit is in flight does not hide that commit', async () => {
  const db = new WatchedDatabase();
  const store = new LevelStore({ db, versionsCached: 1 });
  await store.open({ clock: systemClock });
  await store.apply([write(A, 0, 1)]);
  let proceed = (): void => undefined;
  db.beforeWrite = () => new Promise((resolve) => (proceed = resolve));
  const commit = store.apply([write(A, 1, 2)]);
  // Drops the entry that the commit in flight will raise, then learns the old version again.
  await store.load(partitionNamed('other'));
  expect(await store.load(A)).toMatchObject({ version: 1 });
  db.beforeWrite = async () => undefined;
  proceed();
  expect(await commit).toEqual({ applied: true });
  expect(await store.apply([write(A, 1, 3)])).toMatchObject({ applied: false });
  expect(await store.validate(A)).toBe(2);
  await store.close();
});

test('of two applies planned on one version while a third is in flight only one passes', async () => {
  const store = new LevelStore({ db: new WatchedDatabase() });
  await store.open({ clock: systemClock });
  const results = await Promise.all([
    store.apply([write(A, 0, 1)]),
    store.apply([write(A, 1, 2)]),
    store.apply([write(A, 1, 3)]),
    store.apply([write(A, 2, 4)]),
  ]);
  expect(results.map(({ applied }) => applied)).toEqual([true, true, false, true]);
  await store.close();
});

test('a partition in use keeps its place in the map, however many others come in; one that is not is dropped', async () => {
  const db = new WatchedDatabase();
  const store = new LevelStore({ db, versionsCached: 100 });
  await store.open({ clock: systemClock });
  const idle = partitionNamed('idle');
  await store.apply([write(A, 0, 1), write(idle, 0, 1)]);
  db.reset();
  for (let i = 0; i < 1_000; i++) {
    await store.load(partitionNamed(`other ${i}`));
    if (i % 50 === 0) await store.validate(A);
  }
  expect(db.count('keys'), 'the version of A was never read again').toBe(0);
  db.reset();
  expect(await store.validate(idle)).toBe(1);
  expect(db.calls).toEqual(['keys', 'all']);
  await store.close();
});
