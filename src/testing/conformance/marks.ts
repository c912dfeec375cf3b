import assert from 'node:assert/strict';
import { MARK_SLOTS } from '../../model/limits.js';
import { commit, mark, marksOf, markText, partitionOf, refuse, type Suite, write } from './fixture.js';

const [A, B] = [partitionOf('a'), partitionOf('b')] as const;

const shown = (slot: number, partition: Uint8Array, ...names: string[]) => names.map((name) => markText(mark('set', slot, partition, name))).sort();

/** Marks are set and cleared with commits, and found by their slot. */
export function testMarks(suite: Suite): void {
  suite.test('a mark set with a commit is found in its slot, and in no other', async (store) => {
    await commit(store, write(A, 0, 1), [mark('set', 7, A, 'name')]);
    for (let slot = 0; slot < MARK_SLOTS; slot++) assert.deepEqual(await marksOf(store, slot), slot === 7 ? shown(7, A, 'name') : []);
  });

  suite.test('the first and the last slot hold marks', async (store) => {
    await commit(store, write(A, 0, 1), [mark('set', 0, A, 'first'), mark('set', MARK_SLOTS - 1, A, 'last')]);
    assert.deepEqual(await marksOf(store, 0), shown(0, A, 'first'));
    assert.deepEqual(await marksOf(store, MARK_SLOTS - 1), shown(MARK_SLOTS - 1, A, 'last'));
  });

  suite.test('a mark set again is there once', async (store) => {
    await commit(store, write(A, 0, 1), [mark('set', 7, A, 'name')]);
    await commit(store, write(A, 1, 2), [mark('set', 7, A, 'name')]);
    await commit(store, write(A, 2, 3), [mark('set', 7, A, 'name'), mark('set', 7, A, 'name')]);
    assert.deepEqual(await marksOf(store, 7), shown(7, A, 'name'));
  });

  suite.test('a mark stays over commits that do not name it', async (store) => {
    await commit(store, write(A, 0, 1), [mark('set', 7, A, 'name')]);
    await commit(store, write(A, 1, 2));
    await commit(store, write(B, 0, 1), [mark('set', 7, B, 'name')]);
    assert.deepEqual(await marksOf(store, 7), [...shown(7, A, 'name'), ...shown(7, B, 'name')]);
  });

  suite.test('a commit clears exactly the mark it names: slot, partition and name', async (store) => {
    const names = ['name', 'nam', 'name2', 'Name', '\u0000', 'name\u0000'];
    await commit(store, write(A, 0, 1), [...names.map((name) => mark('set', 7, A, name)), mark('set', 8, A, 'name')]);
    await commit(store, write(B, 0, 1), [mark('set', 7, B, 'name')]);
    await commit(store, write(A, 1, 2), [mark('clear', 7, A, 'name')]);
    assert.deepEqual(await marksOf(store, 7), [...shown(7, A, ...names.slice(1)), ...shown(7, B, 'name')].sort());
    assert.deepEqual(await marksOf(store, 8), shown(8, A, 'name'));
    await commit(store, write(A, 2, 3), [mark('clear', 8, A, 'name'), mark('clear', 7, A, '\u0000')]);
    assert.deepEqual(await marksOf(store, 7), [...shown(7, A, 'nam', 'name2', 'Name', 'name\u0000'), ...shown(7, B, 'name')].sort());
    assert.deepEqual(await marksOf(store, 8), []);
  });

  suite.test('names of 1 to 130 bytes, with any bytes, come back as they were given', async (store) => {
    const names = [Uint8Array.of(0), Uint8Array.of(0xff), Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff), new Uint8Array(130).fill(0x80), new Uint8Array(6)];
    const marks = names.map((name) => ({ type: 'set', slot: 9, partition: A, name }) as const);
    await commit(store, write(A, 0, 1), marks);
    assert.deepEqual(await marksOf(store, 9), marks.map(markText).sort());
    await commit(
      store,
      write(A, 1, 2),
      marks.map((each) => ({ ...each, type: 'clear' }) as const),
    );
    assert.deepEqual(await marksOf(store, 9), []);
  });

  suite.test('partition and name are not run together', async (store) => {
    const pairs = [
      { partition: partitionOf('a'), name: 'bc' },
      { partition: partitionOf('ab'), name: 'c' },
      { partition: partitionOf('abc'), name: 'a' },
    ];
    for (const { partition, name } of pairs) await commit(store, write(partition, 0, 1), [mark('set', 7, partition, name)]);
    await commit(store, write(partitionOf('ab'), 1, 2), [mark('clear', 7, partitionOf('ab'), 'c')]);
    assert.deepEqual(await marksOf(store, 7), [...shown(7, partitionOf('a'), 'bc'), ...shown(7, partitionOf('abc'), 'a')].sort());
  });

  suite.test('clearing a mark that was never set is nothing', async (store) => {
    await commit(store, write(A, 0, 1), [mark('clear', 7, A, 'never')]);
    assert.deepEqual(await marksOf(store, 7), []);
    assert.equal(await store.validate(A), 1);
  });

  suite.test('a refused commit clears no mark', async (store) => {
    await commit(store, write(A, 0, 1), [mark('set', 7, A, 'kept')]);
    await refuse(store, write(A, 0, 2), [mark('clear', 7, A, 'kept')]);
    assert.deepEqual(await marksOf(store, 7), shown(7, A, 'kept'));
    await commit(store, write(A, 1, 2), [mark('clear', 7, A, 'kept')]);
    assert.deepEqual(await marksOf(store, 7), []);
  });

  suite.test('a refused commit may leave the marks it set, and nothing else', async (store) => {
    await commit(store, write(A, 0, 1), [mark('set', 7, A, 'kept')]);
    await refuse(store, write(A, 0, 2), [mark('set', 7, A, 'tried')]);
    const found = await marksOf(store, 7);
    assert.deepEqual(
      found.filter((one) => !shown(7, A, 'tried').includes(one)),
      shown(7, A, 'kept'),
    );
    assert.equal(await store.validate(A), 1);
  });

  suite.test('one commit can set and clear', async (store) => {
    await commit(store, write(A, 0, 1), [mark('set', 7, A, 'old')]);
    await commit(store, write(A, 1, 2), [mark('clear', 7, A, 'old'), mark('set', 7, A, 'new')]);
    assert.deepEqual(await marksOf(store, 7), shown(7, A, 'new'));
    await commit(store, write(A, 2, 3), [mark('set', 7, A, 'next'), mark('clear', 7, A, 'new')]);
    assert.deepEqual(await marksOf(store, 7), shown(7, A, 'next'));
  });

  suite.test('hundreds of marks of one slot are all found', async (store) => {
    const names = Array.from({ length: 300 }, (_, i) => `mark ${i}`);
    await commit(
      store,
      write(A, 0, 1),
      names.map((name) => mark('set', 7, A, name)),
    );
    assert.deepEqual(await marksOf(store, 7), shown(7, A, ...names));
  });
}
