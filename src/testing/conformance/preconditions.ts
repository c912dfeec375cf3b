import assert from 'node:assert/strict';
import { MARK_SLOTS, U48_MAX } from '../../model/limits.js';
import { type MarkChange, noteKey, type PartitionWrite, type Store } from '../../store/store.js';
import { bytes, commit, del, delRange, hex, hexOf, mark, marksOf, partitionOf, partitionsOf, put, type Suite, see, view, write } from './fixture.js';

const [P, OTHER] = [partitionOf('preconditions'), partitionOf('other')] as const;

const note = (version: number): string => hexOf(noteKey(version));

/** Calls that are mistakes of the program: each is refused with a RangeError and leaves everything as it was. */
export function testPreconditions(suite: Suite): void {
  suite.test('operations on the key of the head are refused', async (store) => {
    const refused = [put('10', 'bad'), del('10'), delRange('10', '11'), delRange('', '1000'), delRange('0f', '30'), delRange('', 'ff')];
    await assertRefused(
      store,
      refused.map((op) => [write(P, 5, 9, { ops: [put('31', 'bad'), op] })]),
    );
  });

  suite.test('puts among the log rows and deletes of the log row that the commit writes are refused', async (store) => {
    const refused = [put(note(9), 'bad'), put(note(5), 'bad'), put('20', 'bad'), del(note(9)), delRange(note(9), note(5)), delRange('11', '21')];
    await assertRefused(
      store,
      refused.map((op) => [write(P, 5, 9, { ops: [op, put('31', 'bad')] })]),
    );
  });

  suite.test('an empty key is refused', async (store) => {
    await assertRefused(
      store,
      [put('', 'bad'), del('')].map((op) => [write(P, 5, 9, { ops: [op] })]),
    );
  });

  suite.test('a version that is not an integer above expectVersion and below 2^48 is refused', async (store) => {
    const versions = [
      [5, 5],
      [5, 4],
      [5, 0],
      [5, 5.5],
      [5, U48_MAX + 1],
      [5, Number.NaN],
      [-1, 9],
      [4.5, 9],
      [Number.NaN, 9],
    ] as const;
    await assertRefused(
      store,
      versions.map(([expected, version]) => [{ partition: P, expectVersion: expected, version, note: bytes('bad'), ops: [] }]),
    );
  });

  suite.test('a partition named twice, or a second one where the store takes one a call, is refused', async (store) => {
    const twice = [write(P, 5, 9), write(partitionOf('preconditions'), 9, 10)];
    const two = [write(P, 5, 9), write(OTHER, 0, 1)];
    await assertRefused(store, store.capabilities.atomicAcrossPartitions ? [twice] : [twice, two]);
    assert.equal(await store.validate(OTHER), 0);
  });

  suite.test('an apply of more than applyBytesMax is refused', async (store) => {
    const value = new Uint8Array(store.capabilities.applyBytesMax);
    const half = value.subarray(value.length / 2);
    const key = hex('30');
    const refused: PartitionWrite[] = [
      { ...write(P, 5, 9), ops: [{ type: 'put', key, value }] },
      {
        ...write(P, 5, 9),
        ops: [
          { type: 'put', key, value: half },
          { type: 'put', key: hex('31'), value: half },
        ],
      },
      { ...write(P, 5, 9), note: value },
      { ...write(P, 5, 9), head: value },
    ];
    await assertRefused(
      store,
      refused.map((one) => [one]),
    );
  });

  suite.test('a partition of another form than kind, length and as many bytes is refused by every call', async (store) => {
    const named = (...start: number[]) => view(Uint8Array.of(...start));
    const wrong = [
      named(),
      named(1),
      named(1, 0),
      named(1, 1),
      named(1, 2, 0x61),
      named(1, 1, 0x61, 0x62),
      partitionOf('x'.repeat(129)),
      partitionOf('x', 0xfe),
    ];
    for (const partition of wrong) {
      const name = hexOf(partition);
      await assert.rejects(async () => store.load(partition), RangeError, name);
      await assert.rejects(async () => store.validate(partition), RangeError, name);
      await assert.rejects(async () => store.read(partition, [hex('30')]), RangeError, name);
      await assert.rejects(async () => store.scan(partition, { gte: hex('30'), lt: hex('31'), limit: 1 }), RangeError, name);
      await assertRefused(store, [[write(partition, 0, 1)]]);
      await assertRefused(store, [[write(P, 5, 9)]], [mark('set', 7, partition, 'bad')]);
    }
    assert.deepEqual(await partitionsOf(store), [hexOf(P)]);
  });

  suite.test('a slot that is not an integer from 0 to MARK_SLOTS − 1 is refused, and is no slot to scan', async (store) => {
    for (const slot of [-1, MARK_SLOTS, 1.5, Number.NaN]) {
      await assertRefused(store, [[write(P, 5, 9)]], [mark('set', slot, P, 'bad')]);
      await assert.rejects(() => marksOf(store, slot), RangeError);
    }
  });
}

/** Each of the calls is refused by throwing, and leaves partition and marks as they were. */
async function assertRefused(
  store: Store,
  calls: readonly (readonly PartitionWrite[])[],
  marks: readonly MarkChange[] = [mark('clear', 7, P, 'kept')],
): Promise<void> {
  if ((await store.validate(P)) === 0)
    await commit(store, write(P, 0, 5, { head: 'head', ops: [put('05', 'x'), put('30', 'x')] }), [mark('set', 7, P, 'kept')]);
  const before = await see(store, P);
  const kept = await marksOf(store, 7);
  for (const writes of calls) {
    const what = `call ${calls.indexOf(writes)} of the list`;
    await assert.rejects(async () => store.apply(writes, marks), RangeError, what);
    assert.deepEqual(await see(store, P), before, what);
    assert.deepEqual(await marksOf(store, 7), kept, what);
  }
}
