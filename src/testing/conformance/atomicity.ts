import assert from 'node:assert/strict';
import type { PartitionWrite, Store } from '../../store/store.js';
import { commit, commitAll, del, delRange, hex, hexOf, mark, partitionOf, put, refuse, rowsOf, type Suite, see, textOf, turn, write } from './fixture.js';

const [A, B, C] = [partitionOf('a'), partitionOf('b'), partitionOf('c')] as const;

/**
 * All or nothing. A store that takes one partition a call runs the same steps one by one where that means something; what only an apply over several
 * partitions can show begins by asking for the capability.
 */
export function testAtomicity(suite: Suite): void {
  suite.test('an apply over several partitions commits each of them', async (store) => {
    await commitAll(store, [write(A, 0, 1, { head: 'a', ops: [put('30', 'a')] }), write(B, 0, 7, { ops: [put('30', 'b')] }), write(C, 0, 3)]);
    assert.deepEqual([(await see(store, A)).version, (await see(store, B)).version, (await see(store, C)).version], [1, 7, 3]);
    assert.deepEqual([await rowsOf(store, A), await rowsOf(store, B), await rowsOf(store, C)], [['30=a'], ['30=b'], []]);
  });

  suite.test('one stale partition of several refuses them all, wherever it stands, and only it is named', async (store) => {
    await commitAll(
      store,
      [A, B, C].map((partition) => write(partition, 0, 1, { head: 'old', ops: [put('30', 'old')] })),
    );
    const before = await Promise.all([A, B, C].map((partition) => see(store, partition)));
    for (const stale of [A, B, C]) {
      const writes = [A, B, C].map((partition) => write(partition, partition === stale ? 5 : 1, 9, { head: 'bad', ops: [put('30', 'bad'), put('31', 'bad')] }));
      // Without the capability the partitions that are not stale would rightly be committed: only the stale one is tried.
      const tried = store.capabilities.atomicAcrossPartitions ? writes : writes.filter(({ expectVersion }) => expectVersion === 5);
      assert.deepEqual(await refuse(store, tried), [hexOf(stale)]);
      assert.deepEqual(await Promise.all([A, B, C].map((partition) => see(store, partition))), before);
    }
  });

  suite.test('stale names exactly the partitions that have another version', async (store) => {
    await commitAll(store, [write(A, 0, 1), write(B, 0, 2), write(C, 0, 3)]);
    const never = partitionOf('never');
    const cases = [
      { expect: [1, 9, 9, 0], stale: [B, C] },
      { expect: [0, 2, 0, 0], stale: [A, C] },
      { expect: [1, 2, 3, 1], stale: [never] },
      { expect: [2, 3, 4, 5], stale: [A, B, C, never] },
    ];
    for (const { expect, stale } of cases) {
      const writes = [A, B, C, never].map((partition, i) => write(partition, expect[i] ?? 0, 20));
      if (store.capabilities.atomicAcrossPartitions) assert.deepEqual(await refuse(store, writes), stale.map(hexOf).sort());
      else for (const one of writes.filter(({ partition }) => stale.includes(partition))) assert.deepEqual(await refuse(store, one), [hexOf(one.partition)]);
    }
    assert.deepEqual(await Promise.all([A, B, C, never].map((partition) => store.validate(partition))), [1, 2, 3, 0]);
  });

  suite.test('a refused commit with every kind of operation leaves nothing behind', async (store) => {
    await commit(store, write(A, 0, 1, { head: 'head', ops: [put('30', 'x'), put('31', 'x'), put('32', 'x')] }), [mark('set', 1, A, 'kept')]);
    const before = await see(store, A);
    await refuse(store, write(A, 0, 2, { head: 'bad', ops: [del('30'), delRange('31', '33'), put('34', 'bad'), put('30', 'bad')] }));
    assert.deepEqual(await see(store, A), before);
  });

  suite.test('a scan beside commits sees each of them whole or not at all', async (store) => {
    const keys = Array.from({ length: 24 }, (_, i) => `30${i.toString(16).padStart(2, '0')}`);
    const ops = (version: number) => keys.map((key) => put(key, `${version}`));
    await besideCommits(
      store,
      (version) => write(A, version - 1, version, { ops: ops(version) }),
      async () => {
        const rows = await store.scan(A, { gte: hex('30'), lt: hex('31'), limit: 100 });
        const values = new Set(rows.map(({ value }) => textOf(value)));
        const whole = rows.length === 0 || (rows.length === keys.length && values.size === 1);
        assert.ok(whole, `a scan saw half a commit: ${rows.length} rows of versions ${[...values]}`);
      },
    );
  });

  suite.test('load beside commits gives version, head and log row of one commit, and never goes back', async (store) => {
    let last = 0;
    await besideCommits(
      store,
      (version) => write(A, version - 1, version, { head: `${version}`, note: `${version}` }),
      async () => {
        const { version, head, note } = await store.load(A);
        const expected = version === 0 ? undefined : `${version}`;
        assert.deepEqual({ head: head && textOf(head), note: note && textOf(note) }, { head: expected, note: expected });
        assert.ok(version >= last, `load went back from version ${last} to ${version}`);
        last = version;
      },
    );
  });
}

const COMMITS_BESIDE = 40;

/** Commits versions 1, 2, … while `look` runs again and again beside them. */
async function besideCommits(store: Store, writeOf: (version: number) => PartitionWrite, look: () => Promise<void>): Promise<void> {
  let writing = true;
  const writer = async (): Promise<void> => {
    try {
      for (let version = 1; version <= COMMITS_BESIDE; version++) {
        await commit(store, writeOf(version));
        await turn();
      }
    } finally {
      writing = false;
    }
  };
  const looker = async (): Promise<void> => {
    while (writing) {
      await look();
      await turn();
    }
  };
  const [written, looked] = await Promise.allSettled([writer(), looker()]);
  for (const ended of [written, looked]) if (ended.status === 'rejected') throw ended.reason;
}
