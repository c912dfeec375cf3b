import assert from 'node:assert/strict';
import type { PartitionWrite, Store } from '../../store/store.js';
import { commit, hexOf, partitionOf, put, read, refuse, type Suite, see, textOf, using, write } from './fixture.js';

const [A, B] = [partitionOf('a'), partitionOf('b')] as const;

/** Refusals in a row before a writer gives up: each one means that another writer got through. */
const TRIES_MAX = 200;

type Outcome = 'applied' | 'refused' | 'unknown';

/** An apply that throws says that its outcome is unknown, which contention may bring on a distributed store. */
async function attempt(store: Store, writes: readonly PartitionWrite[]): Promise<Outcome> {
  try {
    return (await store.apply(writes)).applied ? 'applied' : 'refused';
  } catch {
    return 'unknown';
  }
}

/** At most one may say applied, and what is stored is of one of those that did not say refused. Gives the winner's number. */
function winnerOf(outcomes: readonly Outcome[], note: string | undefined): number {
  const applied = outcomes.filter((outcome) => outcome === 'applied').length;
  assert.ok(applied <= 1, `${applied} commits planned on one version were applied`);
  assert.ok(applied === 1 || outcomes.includes('unknown'), 'all commits on the right version were refused');
  const winner = Number(note);
  assert.ok(applied === 0 || outcomes[winner] === 'applied', `commit ${note} is stored, the answers were ${outcomes}`);
  assert.notEqual(outcomes[winner], 'refused', `commit ${note} said refused and is stored`);
  return winner;
}

/** Several commits at once. */
export function testConcurrency(suite: Suite): void {
  suite.test('of two commits begun on one version exactly one is applied, and only its rows are there', async (store) => {
    for (let round = 0; round < 10; round++) await race(A, round, [store, store]);
  });

  suite.test('of many commits begun on one version exactly one is applied', async (store) => {
    await race(A, 0, Array<Store>(16).fill(store));
  });

  suite.test('concurrent commits of different partitions are all applied', async (store) => {
    const partitions = Array.from({ length: 50 }, (_, i) => partitionOf(`user ${i}`));
    await Promise.all(partitions.map((partition, i) => commit(store, write(partition, 0, 1, { ops: [put('30', `${i}`)] }))));
    for (const [i, partition] of partitions.entries()) assert.deepEqual(await read(store, partition, '30'), [`${i}`]);
  });

  suite.test('writers that load again after a refusal lose no update', async (store) => {
    const increment = async (): Promise<void> => {
      for (let tries = 0; tries < TRIES_MAX; tries++) {
        const { version, note } = await store.load(A);
        const count = note === undefined ? 0 : Number(textOf(note));
        if ((await store.apply([write(A, version, version + 1, { note: `${count + 1}` })])).applied) return;
      }
      assert.fail(`a commit was refused ${TRIES_MAX} times`);
    };
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let i = 0; i < 5; i++) await increment();
      }),
    );
    const { version, note } = await see(store, A);
    assert.deepEqual({ version, note }, { version: 40, note: '40' });
  });

  suite.test('of two applies over the same two partitions one wins both, whatever order they are named in', async (store) => {
    for (let round = 0; round < 10; round++) {
      const writesOf = (i: number) => [A, B].map((partition) => write(partition, round, round + 1, { note: `${i}` }));
      if (!store.capabilities.atomicAcrossPartitions) {
        await race(A, round, [store, store]);
        continue;
      }
      const outcomes = await Promise.all([attempt(store, writesOf(0)), attempt(store, writesOf(1).reverse())]);
      const [a, b] = [await see(store, A), await see(store, B)];
      assert.equal(a.note, b.note, 'the two partitions hold commits of different applies');
      winnerOf(outcomes, a.note);
    }
  });

  const { peer } = suite.hooks;
  if (peer === undefined) return;

  suite.test('two stores over the same data: each sees what the other was acknowledged', async (store) => {
    const other = await peer(store);
    await using(other, async () => {
      for (let version = 1; version <= 10; version++) {
        const [writer, reader] = version % 2 === 0 ? [store, other] : [other, store];
        await commit(writer, write(A, version - 1, version, { head: `${version}`, ops: [put('30', `${version}`)] }));
        assert.equal(await reader.validate(A), version);
        assert.deepEqual(await see(reader, A), await see(writer, A));
        assert.deepEqual(await refuse(reader, write(A, version - 1, version + 1)), [hexOf(A)]);
      }
    });
  });

  suite.test('two stores over the same data: of two commits on one version exactly one is applied', async (store) => {
    const other = await peer(store);
    await using(other, async () => {
      for (let round = 0; round < 10; round++) await race(A, round, [store, other]);
    });
  });
}

/** One commit a store, all begun on version `base`; afterwards the version is `base + 1` and the rows are the winner's. */
async function race(partition: Uint8Array, base: number, stores: readonly Store[]): Promise<void> {
  const outcomes = await Promise.all(
    stores.map((store, i) =>
      attempt(store, [write(partition, base, base + 1, { note: `${i}`, ops: [put('30', `${i}`), put(`31${i.toString(16).padStart(2, '0')}`, `${base}`)] })]),
    ),
  );
  for (const store of stores) {
    const { version, note, rows } = await see(store, partition);
    const winner = winnerOf(outcomes, note);
    assert.equal(version, base + 1);
    assert.ok(rows.includes(`30=${winner}`), 'the row of the winner is there');
    assert.equal(rows.filter((row) => row.startsWith('31') && row.endsWith(`=${base}`)).length, 1, 'only the row of the winner is there');
  }
}
