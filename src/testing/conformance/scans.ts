import assert from 'node:assert/strict';
import { commit, partitionOf, put, read, type Suite, scan, write } from './fixture.js';

const P = partitionOf('scans');

/** In unsigned byte order; signed order, UTF-8 or text order, and "longer is later" each put some of them elsewhere. */
const KEYS = [
  '30',
  '3000',
  '300000',
  '300001',
  '3001',
  '307f',
  '307fff',
  '3080',
  '308000',
  '30c3bf',
  '30fe',
  '30ff',
  '30ff00',
  '30ffff',
  '31',
  '7f',
  '80',
  'ff',
  'ff00',
  'ffff',
];

const rows = (keys: readonly string[]) => keys.map((key) => `${key}=${key}`);

/** Bounds, order and limits of `scan`. */
export function testScans(suite: Suite): void {
  suite.test('rows come in unsigned byte order, a prefix before what it begins', async (store) => {
    await commit(store, write(P, 0, 1, { ops: [...KEYS].reverse().map((key) => put(key, key)) }));
    assert.deepEqual(await scan(store, P, '30', 'ffffff'), rows(KEYS));
    assert.deepEqual(await scan(store, P, '30', 'ffffff', { reverse: true }), rows(KEYS).reverse());
  });

  suite.test('gte is part of the range, lt is not, for every pair of keys and both directions', async (store) => {
    await commit(store, write(P, 0, 1, { ops: KEYS.map((key) => put(key, key)) }));
    for (const [from, gte] of KEYS.entries()) {
      for (const [to, lt] of KEYS.entries()) {
        const expected = rows(KEYS.slice(from, Math.max(from, to)));
        assert.deepEqual(await scan(store, P, gte, lt), expected, `[${gte}, ${lt})`);
        assert.deepEqual(await scan(store, P, gte, lt, { reverse: true }), [...expected].reverse(), `[${gte}, ${lt}) reversed`);
      }
    }
  });

  suite.test('bounds need not be keys', async (store) => {
    await commit(store, write(P, 0, 1, { ops: KEYS.map((key) => put(key, key)) }));
    assert.deepEqual(await scan(store, P, '300000ff', '307f00'), rows(['300001', '3001', '307f']));
    assert.deepEqual(await scan(store, P, '307f00', '30800000'), rows(['307fff', '3080', '308000']));
    assert.deepEqual(await scan(store, P, '30ff01', '7f00', { reverse: true }), rows(['7f', '31', '30ffff']));
    assert.deepEqual(await scan(store, P, '', '300000'), [...(await scan(store, P, '20', '21')), ...rows(['30', '3000'])]);
  });

  suite.test('a limit takes the first rows, or the last ones when reversed', async (store) => {
    await commit(store, write(P, 0, 1, { ops: KEYS.map((key) => put(key, key)) }));
    for (const limit of [1, 2, 3, KEYS.length - 1, KEYS.length, KEYS.length + 1, 1000]) {
      assert.deepEqual(await scan(store, P, '30', 'ffffff', { limit }), rows(KEYS.slice(0, limit)), `limit ${limit}`);
      assert.deepEqual(await scan(store, P, '30', 'ffffff', { limit, reverse: true }), rows([...KEYS].reverse().slice(0, limit)), `limit ${limit} reversed`);
    }
    assert.deepEqual(await scan(store, P, '3000', '30ff', { limit: 2, reverse: true }), rows(['30fe', '30c3bf']));
  });

  suite.test('a limit of 0 takes no row', async (store) => {
    await commit(store, write(P, 0, 1, { ops: [put('30', 'x')] }));
    assert.deepEqual(await scan(store, P, '30', '31', { limit: 0 }), []);
    assert.deepEqual(await scan(store, P, '30', '31', { limit: 0, reverse: true }), []);
  });

  suite.test('an empty range holds nothing, though rows stand on both sides', async (store) => {
    await commit(store, write(P, 0, 1, { ops: [put('30', 'x'), put('32', 'x')] }));
    for (const [gte, lt] of [
      ['30', '30'],
      ['3000', '32'],
      ['32', '30'],
      ['31', '31'],
      ['3201', '33'],
      ['', ''],
    ] as const) {
      assert.deepEqual(await scan(store, P, gte, lt), [], `[${gte}, ${lt})`);
      assert.deepEqual(await scan(store, P, gte, lt, { reverse: true }), [], `[${gte}, ${lt}) reversed`);
    }
  });

  suite.test('empty values and keys of 1 to 200 bytes are rows like others', async (store) => {
    const keys = [1, 2, 9, 100, 200].map((length) => '40'.repeat(length));
    await commit(store, write(P, 0, 1, { ops: keys.map((key) => put(key)) }));
    assert.deepEqual(
      await scan(store, P, '40', '41'),
      keys.map((key) => `${key}=`),
    );
    assert.deepEqual(
      await read(store, P, ...keys),
      keys.map(() => ''),
    );
  });

  suite.test('a scan longer than a store would read at once is complete and in order', async (store) => {
    const keys = Array.from({ length: 3_000 }, (_, i) => `33${i.toString(16).padStart(4, '0')}`);
    await commit(store, write(P, 0, 1, { ops: keys.map((key) => put(key, key)) }));
    assert.deepEqual(await scan(store, P, '33', '34'), rows(keys));
    assert.deepEqual(await scan(store, P, '33', '34', { reverse: true, limit: 2_500 }), rows([...keys].reverse().slice(0, 2_500)));
  });
}
