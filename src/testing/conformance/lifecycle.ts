import assert from 'node:assert/strict';
import { systemClock } from '../../model/clock.js';
import type { Store } from '../../store/store.js';
import {
  bytes,
  commit,
  del,
  hexOf,
  mark,
  marksOf,
  markText,
  partitionOf,
  partitionsOf,
  put,
  read,
  refuse,
  rowsOf,
  type Suite,
  see,
  using,
  write,
} from './fixture.js';

const [A, B] = [partitionOf('a'), partitionOf('b')] as const;

async function fill(store: Store): Promise<void> {
  await commit(store, write(A, 0, 1, { head: 'first', ops: [put('30', 'one'), put('31', 'two')] }), [mark('set', 2, A, 'cleared'), mark('set', 2, A, 'kept')]);
  await commit(store, write(A, 1, 2 ** 40, { head: 'second', ops: [del('31'), put('32', '')] }), [mark('clear', 2, A, 'cleared')]);
  await commit(store, write(B, 0, 3, { ops: [put('30', 'b')] }));
  await refuse(store, write(B, 0, 4, { ops: [put('30', 'bad')] }));
}

async function assertFilled(store: Store): Promise<void> {
  const { rows, ...seen } = await see(store, A);
  assert.deepEqual(seen, { version: 2 ** 40, head: 'second', note: `note ${2 ** 40}` });
  assert.equal(rows.length, 4);
  assert.deepEqual(await rowsOf(store, A), ['30=one', '32=']);
  assert.deepEqual(await rowsOf(store, B), ['30=b']);
  assert.equal((await see(store, B)).version, 3);
  assert.deepEqual(await marksOf(store, 2), [markText(mark('set', 2, A, 'kept'))]);
  assert.deepEqual(await partitionsOf(store), [A, B].map(hexOf).sort());
  assert.deepEqual(await refuse(store, write(A, 1, 2 ** 41)), [hexOf(A)]);
}

/** Opening, closing, and what is there afterwards. */
export function testLifecycle(suite: Suite): void {
  suite.test('close may be called twice, also at the same time', async (store) => {
    await fill(store);
    await Promise.all([store.close(), store.close()]);
    await store.close();
  });

  suite.test('a store opened again after close goes on with what is stored', async (store) => {
    await fill(store);
    await store.close();
    await store.open({ clock: systemClock });
    await assertFilled(store);
    await commit(store, write(A, 2 ** 40, 2 ** 40 + 1, { ops: [put('33', 'more')] }));
    await store.close();
    await store.open({ clock: systemClock });
    assert.deepEqual(await rowsOf(store, A), ['30=one', '32=', '33=more']);
  });

  suite.test('every call on a closed store rejects, and changes nothing', async (store) => {
    await fill(store);
    await store.close();
    const first = (items: AsyncIterable<unknown>) => items[Symbol.asyncIterator]().next();
    await assert.rejects(async () => store.load(A));
    await assert.rejects(async () => store.validate(A));
    await assert.rejects(async () => store.read(A, [bytes('x')]));
    await assert.rejects(async () => store.scan(A, { gte: bytes('a'), lt: bytes('b'), limit: 1 }));
    await assert.rejects(async () => store.apply([write(A, 2 ** 40, 2 ** 41)]));
    await assert.rejects(async () => first(store.scanMarks(2)));
    await assert.rejects(async () => first(store.partitions()));
    await store.open({ clock: systemClock });
    await assertFilled(store);
  });

  suite.test('open of an open store rejects and leaves it open', async (store) => {
    await fill(store);
    await assert.rejects(async () => store.open({ clock: systemClock }));
    await assertFilled(store);
  });

  suite.test('close lets a commit that was begun finish: what it answers is true afterwards', async (store) => {
    await commit(store, write(A, 0, 1));
    const applying = store.apply([write(A, 1, 2, { ops: [put('30', 'begun')] })]).then(
      ({ applied }) => (applied ? 'applied' : 'refused'),
      () => 'unknown',
    );
    await store.close();
    const answer = await applying;
    assert.notEqual(answer, 'refused');
    await store.open({ clock: systemClock });
    const [row] = await read(store, A, '30');
    if (answer === 'applied') assert.equal(row, 'begun');
    assert.equal(await store.validate(A), row === undefined ? 1 : 2);
  });

  suite.test('capabilities do not change while the store is open', async (store) => {
    const { atomicAcrossPartitions, exclusive, applyBytesMax } = store.capabilities;
    await fill(store);
    assert.deepEqual({ ...store.capabilities }, { atomicAcrossPartitions, exclusive, applyBytesMax });
    assert.ok(Number.isInteger(applyBytesMax) && applyBytesMax >= 128 * 1024, 'one message, its keys and its log row fit an apply');
  });

  const { reopen } = suite.hooks;
  if (reopen === undefined) return;

  suite.test('what was acknowledged before close is there for another store over the same data', async (store) => {
    await fill(store);
    await store.close();
    const second = await reopen(store);
    await using(second, async () => {
      await assertFilled(second);
      await commit(second, write(B, 3, 4, { ops: [put('31', 'second')] }));
    });
    const third = await reopen(second);
    await using(third, async () => assert.deepEqual(await rowsOf(third, B), ['30=b', '31=second']));
  });

  suite.test('a new store over many partitions knows the version of each of them', async (store) => {
    const partitions = Array.from({ length: 40 }, (_, i) => partitionOf(`user ${i}`));
    await Promise.all(partitions.map((partition, i) => commit(store, write(partition, 0, i + 1))));
    await store.close();
    const second = await reopen(store);
    await using(second, async () => {
      for (const [i, partition] of partitions.entries()) {
        assert.deepEqual(await refuse(second, write(partition, 0, i + 2)), [hexOf(partition)]);
        await commit(second, write(partition, i + 1, i + 2));
      }
    });
  });
}
