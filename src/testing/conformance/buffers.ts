import assert from 'node:assert/strict';
import type { PartitionWrite, Store } from '../../store/store.js';
import { bytes, commit, hex, hexOf, mark, marksOf, markText, partitionOf, partitionsOf, put, rowText, type Suite, see, textOf, write } from './fixture.js';

const NAME = 'buffers';

/** A write that uses every kind of buffer there is, and a function that ruins them all. */
function everyBuffer(): { write: PartitionWrite; marks: ReturnType<typeof mark>[]; ruin: () => void } {
  const partition = partitionOf(NAME);
  const ops = [put('30', 'first'), put('31', 'second'), { type: 'delete', key: hex('40') }, { type: 'deleteRange', gte: hex('50'), lt: hex('51') }] as const;
  const one: PartitionWrite = { ...write(partition, 1, 2, { head: 'new head', note: 'new note' }), ops };
  const marks = [mark('set', 5, partitionOf(NAME), 'new mark'), mark('clear', 5, partitionOf(NAME), 'old mark')];
  const ruin = (): void => {
    const buffers = [
      partition,
      one.note,
      one.head ?? partition,
      ...ops.flatMap((op) => ('gte' in op ? [op.gte, op.lt] : [op.key, ...('value' in op ? [op.value] : [])])),
    ];
    for (const buffer of [...buffers, ...marks.flatMap((each) => [each.partition, each.name])]) buffer.fill(0x77);
  };
  return { write: one, marks, ruin };
}

async function prepare(store: Store): Promise<void> {
  const P = partitionOf(NAME);
  await commit(store, write(P, 0, 1, { head: 'old head', ops: [put('40', 'x'), put('50', 'x'), put('5001', 'x'), put('77', 'kept')] }), [
    mark('set', 5, P, 'old mark'),
  ]);
}

async function assertCommitted(store: Store): Promise<void> {
  const P = partitionOf(NAME);
  const { rows, ...seen } = await see(store, P);
  assert.deepEqual(seen, { version: 2, head: 'new head', note: 'new note' });
  assert.deepEqual(
    rows.filter((row) => !row.startsWith('20')),
    ['30=first', '31=second', '77=kept'],
  );
  assert.deepEqual(await marksOf(store, 5), [markText(mark('set', 5, P, 'new mark'))]);
  assert.deepEqual(await partitionsOf(store), [hexOf(P)]);
}

/** A store never keeps or returns a caller's buffer. */
export function testBuffers(suite: Suite): void {
  suite.test('what is given to apply may be overwritten as soon as the call returned its promise', async (store) => {
    await prepare(store);
    const { write: one, marks, ruin } = everyBuffer();
    const applying = store.apply([one], marks);
    ruin();
    assert.deepEqual(await applying, { applied: true });
    await assertCommitted(store);
  });

  suite.test('what was given to apply may be overwritten after it was applied', async (store) => {
    await prepare(store);
    const { write: one, marks, ruin } = everyBuffer();
    await commit(store, one, marks);
    ruin();
    await assertCommitted(store);
  });

  suite.test('what is given to the first commit of a partition may be overwritten at once: the partition keeps its name', async (store) => {
    const names = ['before', 'after'];
    for (const name of names) {
      const given = write(partitionOf(name), 0, 1, { ops: [put('30', name)] });
      const marked = mark('set', 5, partitionOf(name), name);
      const applying = store.apply([given], [marked]);
      if (name === 'before') for (const buffer of [given.partition, marked.partition, marked.name]) buffer.fill(0x77);
      assert.deepEqual(await applying, { applied: true });
      for (const buffer of [given.partition, marked.partition, marked.name]) buffer.fill(0x77);
    }
    assert.deepEqual(await partitionsOf(store), names.map((name) => hexOf(partitionOf(name))).sort());
    assert.deepEqual(await marksOf(store, 5), names.map((name) => markText(mark('set', 5, partitionOf(name), name))).sort());
    for (const name of names) assert.equal(await store.validate(partitionOf(name)), 1);
  });

  suite.test('the lists given to apply may be emptied as soon as the call returned its promise', async (store) => {
    await prepare(store);
    const { write: one, marks } = everyBuffer();
    const ops = [...one.ops];
    const writes = [{ ...one, ops }];
    const applying = store.apply(writes, marks);
    ops.length = 0;
    writes.length = 0;
    marks.length = 0;
    assert.deepEqual(await applying, { applied: true });
    await assertCommitted(store);
  });

  suite.test('what is given to load, validate, read and scan may be overwritten as soon as the call returned its promise', async (store) => {
    await prepare(store);
    const given = { load: partitionOf(NAME), validate: partitionOf(NAME), read: partitionOf(NAME), scan: partitionOf(NAME) };
    const keys = [hex('40'), hex('50')];
    const range = { gte: hex('50'), lt: hex('51'), limit: 10 };
    const calls = Promise.all([store.load(given.load), store.validate(given.validate), store.read(given.read, keys), store.scan(given.scan, range)]);
    for (const buffer of [...Object.values(given), ...keys, range.gte, range.lt]) buffer.fill(0x77);
    keys.length = 0;
    const [loaded, version, values, rows] = await calls;
    assert.deepEqual([loaded.version, version], [1, 1]);
    assert.deepEqual(
      values.map((value) => value && textOf(value)),
      ['x', 'x'],
    );
    assert.deepEqual(rows.map(rowText), ['50=x', '5001=x']);
  });

  suite.test('what load, read and scan return is the caller’s to overwrite', async (store) => {
    await prepare(store);
    const P = partitionOf(NAME);
    const before = await see(store, P);
    const everything = { gte: hex(''), lt: hex('ffff'), limit: 100 };
    for (let round = 0; round < 2; round++) {
      const { head, note } = await store.load(P);
      const values = await store.read(P, [hex('40'), hex('40'), hex('50')]);
      const rows = [...(await store.scan(P, everything)), ...(await store.scan(P, { ...everything, reverse: true }))];
      for (const buffer of [head, note, ...values, ...rows.flatMap(({ key, value }) => [key, value])]) buffer?.fill(0x77);
      assert.deepEqual(await see(store, P), before);
    }
    const [first, again] = await store.read(P, [hex('40'), hex('40')]);
    first?.fill(0x77);
    assert.equal(again && textOf(again), 'x', 'one key asked twice gives two buffers');
  });

  suite.test('what scanMarks and partitions return is the caller’s to overwrite', async (store) => {
    await prepare(store);
    const P = partitionOf(NAME);
    for await (const { partition, name } of store.scanMarks(5)) for (const buffer of [partition, name]) buffer.fill(0x77);
    for await (const partition of store.partitions()) partition.fill(0x77);
    assert.deepEqual(await marksOf(store, 5), [markText(mark('set', 5, P, 'old mark'))]);
    assert.deepEqual(await partitionsOf(store), [hexOf(P)]);
    assert.equal((await see(store, P)).head, 'old head');
  });

  suite.test('the names in stale are not the buffers that were given', async (store) => {
    await prepare(store);
    const given = partitionOf(NAME);
    const refusing = store.apply([write(given, 7, 8)]);
    const before = hexOf(given);
    given.fill(0x77);
    const result = await refusing;
    assert.ok(!result.applied);
    assert.deepEqual(result.stale.map(hexOf), [before]);
    for (const buffer of result.stale) buffer.fill(0x66);
    assert.equal(hexOf(given), '77'.repeat(given.length));
  });

  suite.test('one buffer given twice in a commit is stored twice', async (store) => {
    const P = partitionOf(NAME);
    const shared = bytes('shared');
    const ops = [{ type: 'put', key: hex('30'), value: shared } as const, { type: 'put', key: hex('31'), value: shared } as const];
    await commit(store, { partition: P, expectVersion: 0, version: 1, note: shared, head: shared, ops });
    const { head, note, rows } = await see(store, P);
    assert.deepEqual([head, note, ...rows.filter((row) => row.startsWith('3'))], ['shared', 'shared', '30=shared', '31=shared']);
  });
}
