import assert from 'node:assert/strict';
import { commit, delRange, hexOf, mark, marksOf, partitionOf, partitionsOf, put, read, refuse, rowsOf, type Suite, see, view, write } from './fixture.js';

/** Names that a store which joins or compares bytes carelessly confuses: prefixes, keys that continue a name, bytes at both ends. */
const NAMES: readonly Uint8Array[] = [
  partitionOf('a'),
  partitionOf('ab'),
  partitionOf('a\u0000'),
  partitionOf('b'),
  partitionOf('A'),
  partitionOf('a', 0x02),
  partitionOf(Uint8Array.of(0x00)),
  partitionOf(Uint8Array.of(0xff)),
  partitionOf(Uint8Array.of(0xff, 0xff)),
  partitionOf(Uint8Array.of(0x7f)),
  partitionOf(Uint8Array.of(0x80)),
  partitionOf(Uint8Array.of(0x61, 0x30)),
  partitionOf('x'.repeat(128)),
  partitionOf('x'.repeat(127)),
].map(view);

/** Rows of one partition never show in another, and all partitions are found. */
export function testPartitions(suite: Suite): void {
  suite.test('each partition has its own rows, head, log and version, however alike the names are', async (store) => {
    for (const [i, partition] of NAMES.entries()) {
      await commit(
        store,
        write(partition, 0, i + 1, { head: `head ${i}`, note: `note ${i}`, ops: [put('30', `row ${i}`), put('ff', `last ${i}`), put('00', `first ${i}`)] }),
      );
    }
    for (const [i, partition] of NAMES.entries()) {
      const { rows, ...seen } = await see(store, partition);
      assert.deepEqual(seen, { version: i + 1, head: `head ${i}`, note: `note ${i}` });
      assert.equal(rows.length, 4);
      assert.deepEqual(await rowsOf(store, partition), [`00=first ${i}`, `30=row ${i}`, `ff=last ${i}`]);
    }
  });

  suite.test('a key that continues the name of its partition is not taken for a row of a longer name', async (store) => {
    const short = partitionOf('a');
    const long = partitionOf('ab');
    await commit(store, write(short, 0, 1, { ops: [put('62', 'short'), put('6230', 'short'), put('6231', 'short'), put('6262', 'short')] }));
    await commit(store, write(long, 0, 1, { ops: [put('30', 'long'), put('62', 'long')] }));
    assert.deepEqual(await rowsOf(store, short), ['62=short', '6230=short', '6231=short', '6262=short']);
    assert.deepEqual(await rowsOf(store, long), ['30=long', '62=long']);
    assert.deepEqual(await read(store, long, '30', '31', '6230', '62'), ['long', undefined, undefined, 'long']);
  });

  suite.test('a range over all keys of a partition ends at its borders, in scans and deletes', async (store) => {
    const neighbours = [partitionOf('a'), partitionOf('b'), partitionOf('c')] as const;
    for (const [i, partition] of neighbours.entries())
      await commit(store, write(partition, 0, 1, { ops: [put('00', `${i}`), put('30', `${i}`), put('ffff', `${i}`)] }));
    const [below, middle, above] = neighbours;
    await commit(store, write(middle, 1, 2, { ops: [delRange('', '10'), delRange('21', 'ff'.repeat(20))] }));
    assert.deepEqual(await rowsOf(store, middle), []);
    assert.deepEqual(await rowsOf(store, below), ['00=0', '30=0', 'ffff=0']);
    assert.deepEqual(await rowsOf(store, above), ['00=2', '30=2', 'ffff=2']);
  });

  suite.test('a commit in one partition does not move the version of another', async (store) => {
    const [one, other] = [partitionOf('one'), partitionOf('other')];
    await commit(store, write(one, 0, 5));
    await commit(store, write(other, 0, 9));
    await commit(store, write(one, 5, 10));
    assert.deepEqual([await store.validate(one), await store.validate(other)], [10, 9]);
  });

  suite.test('partitions() lists every partition once, whatever it holds', async (store) => {
    assert.deepEqual(await partitionsOf(store), []);
    for (const [i, partition] of NAMES.entries()) {
      const ops = Array.from({ length: i * 20 }, (_, row) => put(`30${row.toString(16).padStart(4, '0')}`, 'x'));
      await commit(store, write(partition, 0, 1, { ops, ...(i % 2 === 0 && { head: 'head' }) }));
      await commit(store, write(partition, 1, 2));
    }
    assert.deepEqual(await partitionsOf(store), NAMES.map(hexOf).sort());
  });

  suite.test('partitions() lists a partition whose rows are all gone but its log row, and none that was only refused', async (store) => {
    const [emptied, refused] = [partitionOf('emptied'), partitionOf('refused')];
    await commit(store, write(emptied, 0, 1, { ops: [put('30', 'x')] }));
    await commit(store, write(emptied, 1, 2, { ops: [delRange('21', 'ff')] }));
    await refuse(store, write(refused, 7, 8, { ops: [put('30', 'x')] }));
    assert.deepEqual(await partitionsOf(store), [hexOf(emptied)]);
  });

  suite.test('a mark is no row of its partition and no partition', async (store) => {
    const partition = partitionOf('marked');
    await commit(store, write(partition, 0, 1, { ops: [put('30', 'x')] }), [mark('set', 3, partition, 'name')]);
    assert.deepEqual(await rowsOf(store, partition), ['30=x']);
    assert.deepEqual(await partitionsOf(store), [hexOf(partition)]);
    assert.equal((await marksOf(store, 3)).length, 1);
  });

  suite.test('hundreds of partitions are all listed', async (store) => {
    const partitions = Array.from({ length: 300 }, (_, i) => partitionOf(`user ${i}`));
    await Promise.all(partitions.map((partition) => commit(store, write(partition, 0, 1, { ops: [put('30', 'x')] }))));
    assert.deepEqual(await partitionsOf(store), partitions.map(hexOf).sort());
  });
}
