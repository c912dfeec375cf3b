import assert from 'node:assert/strict';
import { U48_MAX } from '../../model/limits.js';
import { commit, hexOf, partitionOf, put, read, refuse, type Suite, see, write } from './fixture.js';

const P = partitionOf('versions');

/** The compare-and-set: which commits are applied, which refused, and what the version is afterwards. */
export function testVersions(suite: Suite): void {
  suite.test('a partition that nobody wrote has version 0, no head, no log row and no rows', async (store) => {
    assert.deepEqual(await see(store, P), { version: 0, head: undefined, note: undefined, rows: [] });
    assert.deepEqual(await read(store, P, '30', '10'), [undefined, undefined]);
  });

  suite.test('load gives the version, the head and the log row of the last commit', async (store) => {
    await commit(store, write(P, 0, 5, { head: 'first head', note: 'first note' }));
    await commit(store, write(P, 5, 9, { head: 'second head', note: 'second note' }));
    const { version, head, note } = await see(store, P);
    assert.deepEqual({ version, head, note }, { version: 9, head: 'second head', note: 'second note' });
  });

  suite.test('a commit without operations moves the version', async (store) => {
    await commit(store, write(P, 0, 1));
    await commit(store, write(P, 1, 2));
    assert.equal((await see(store, P)).version, 2);
  });

  suite.test('the first commit of a partition is refused unless it expects version 0', async (store) => {
    assert.deepEqual(await refuse(store, write(P, 1, 2)), [hexOf(P)]);
    assert.equal((await see(store, P)).version, 0);
    await commit(store, write(P, 0, 1));
  });

  suite.test('a commit planned on an older, a later or no version is refused and names its partition', async (store) => {
    await commit(store, write(P, 0, 10));
    await commit(store, write(P, 10, 20));
    for (const expected of [0, 10, 19, 21, 2 ** 32 + 20]) {
      assert.deepEqual(await refuse(store, write(P, expected, 2 ** 33)), [hexOf(P)], `expectVersion ${expected}`);
    }
    await commit(store, write(P, 20, 21));
  });

  suite.test('a refused commit leaves rows, head, log row and version as they were, and the right one is applied after it', async (store) => {
    await commit(store, write(P, 0, 10, { head: 'head', ops: [put('30', 'old'), put('31', 'old')] }));
    const before = await see(store, P);
    await refuse(store, write(P, 9, 11, { head: 'bad', note: 'bad', ops: [put('30', 'bad'), { type: 'delete', key: Uint8Array.of(0x31) }, put('32', 'bad')] }));
    assert.deepEqual(await see(store, P), before);
    await commit(store, write(P, 10, 11, { ops: [put('30', 'new')] }));
    assert.deepEqual(await read(store, P, '30', '31', '32'), ['new', 'old', undefined]);
  });

  suite.test('a commit repeated on the version it was planned on is refused', async (store) => {
    const again = write(P, 0, 1, { ops: [put('30', 'once')] });
    await commit(store, again);
    assert.deepEqual(await refuse(store, again), [hexOf(P)]);
  });

  suite.test('a version may be any integer up to 2^48 − 1, and may jump', async (store) => {
    let last = 0;
    for (const version of [1, 2, 255, 256, 65_536, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 1, U48_MAX]) {
      await commit(store, write(P, last, version));
      const { note, ...seen } = await see(store, P);
      assert.equal(seen.version, version);
      assert.equal(note, `note ${version}`);
      last = version;
    }
  });

  suite.test('validate answers the version after applied and refused commits alike', async (store) => {
    for (const version of [3, 4, 50]) {
      const before = await store.validate(P);
      await refuse(store, write(P, before + 1, 1000));
      assert.equal(await store.validate(P), before);
      await commit(store, write(P, before, version));
      assert.equal(await store.validate(P), version);
    }
  });

  suite.test('many partitions each keep their own version', async (store) => {
    const partitions = Array.from({ length: 60 }, (_, i) => partitionOf(`user ${i}`));
    for (const [i, partition] of partitions.entries()) await commit(store, write(partition, 0, i + 1));
    for (const [i, partition] of partitions.entries()) {
      assert.equal(await store.validate(partition), i + 1);
      assert.deepEqual(await refuse(store, write(partition, i + 2, i + 3)), [hexOf(partition)]);
      await commit(store, write(partition, i + 1, i + 2));
    }
  });
}
