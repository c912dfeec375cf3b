import assert from 'node:assert/strict';
import type { Op } from '../../store/store.js';
import { commit, del, delRange, partitionOf, put, rowsOf, type Suite, write } from './fixture.js';

const P = partitionOf('operations');

/** Rows that stand before each case, so that each operation meets something old as well. */
const BEFORE = [put('2f', 'old'), put('30', 'old'), put('3005', 'old'), put('31', 'old'), put('32', 'old')];

interface Case {
  readonly name: string;
  readonly ops: readonly Op[];
  /** Rows afterwards, of those in [0x30, 0x32). */
  readonly rows: readonly string[];
}

/** A store that sends a batch without order (Cassandra: one timestamp) fails the second, third and fifth unless it sorts them out before. */
const CASES: readonly Case[] = [
  { name: 'put, delete: gone', ops: [put('3006', 'x'), del('3006')], rows: ['30=old', '3005=old', '31=old'] },
  { name: 'delete, put: there', ops: [del('3005'), put('3005', 'new')], rows: ['30=old', '3005=new', '31=old'] },
  { name: 'two puts: the last one, though its value is smaller', ops: [put('30', 'bbb'), put('30', 'aaa')], rows: ['30=aaa', '3005=old', '31=old'] },
  { name: 'range delete, put in it: there', ops: [delRange('30', '31'), put('3003', 'new')], rows: ['3003=new', '31=old'] },
  { name: 'put, range delete over it: gone', ops: [put('3003', 'new'), delRange('30', '31')], rows: ['31=old'] },
  { name: 'put, delete, put: the last', ops: [put('30', 'zz'), del('30'), put('30', 'a')], rows: ['30=a', '3005=old', '31=old'] },
  { name: 'delete, put, delete: gone', ops: [del('3005'), put('3005', 'x'), del('3005')], rows: ['30=old', '31=old'] },
  { name: 'put, range delete, put: the last', ops: [put('3005', 'zz'), delRange('30', '31'), put('3005', 'a')], rows: ['3005=a', '31=old'] },
  { name: 'range delete, put, range delete: gone', ops: [delRange('30', '31'), put('3005', 'x'), delRange('3004', '3006')], rows: ['31=old'] },
  { name: 'range delete, put, delete: gone', ops: [delRange('30', '31'), put('3005', 'x'), del('3005')], rows: ['31=old'] },
  { name: 'a range delete takes its first key and leaves its last', ops: [delRange('3005', '31')], rows: ['30=old', '31=old'] },
  { name: 'a range delete that ends at a longer key takes the prefix', ops: [delRange('30', '3005')], rows: ['3005=old', '31=old'] },
  {
    name: 'a range delete takes puts before it and leaves puts after it',
    ops: [put('3001', 'x'), delRange('30', '31'), put('3002', 'y')],
    rows: ['3002=y', '31=old'],
  },
  {
    name: 'overlapping range deletes with puts between them',
    ops: [put('3001', 'a'), delRange('3000', '3006'), put('3002', 'b'), put('3008', 'c'), delRange('3002', '3009'), put('3004', 'd')],
    rows: ['30=old', '3004=d', '31=old'],
  },
  {
    name: 'a range delete from a key to itself deletes nothing',
    ops: [put('3003', 'x'), delRange('3003', '3003')],
    rows: ['30=old', '3003=x', '3005=old', '31=old'],
  },
  {
    name: 'a range delete from a key to a lower one deletes nothing',
    ops: [put('3003', 'x'), delRange('31', '30')],
    rows: ['30=old', '3003=x', '3005=old', '31=old'],
  },
  { name: 'deleting what is not there is nothing', ops: [del('3009'), delRange('3010', '3020')], rows: ['30=old', '3005=old', '31=old'] },
  { name: 'a delete takes one key, not those that begin with it', ops: [del('30')], rows: ['3005=old', '31=old'] },
  { name: 'an empty value is a row', ops: [put('30', ''), put('3003', '')], rows: ['30=', '3003=', '3005=old', '31=old'] },
];

/**
 * Operations of one write take effect in their order.
 *
 * Source: the first five cases were run on a Cassandra batch, which gets three of them wrong as it is.
 */
export function testOperations(suite: Suite): void {
  for (const { name, ops, rows } of CASES) {
    suite.test(name, async (store) => {
      await commit(store, write(P, 0, 1, { ops: BEFORE }));
      await commit(store, write(P, 1, 2, { ops }));
      assert.deepEqual(await rowsOf(store, P), ['2f=old', ...rows, '32=old']);
    });
  }

  suite.test('the same operations on a partition that held nothing', async (store) => {
    let i = 0;
    for (const { name, ops, rows } of CASES) {
      const partition = partitionOf(`fresh ${i++}`);
      await commit(store, write(partition, 0, 1, { ops: [...BEFORE, ...ops] }));
      assert.deepEqual(await rowsOf(store, partition), ['2f=old', ...rows, '32=old'], name);
    }
  });

  suite.test('a put replaces the row of an earlier commit, a delete removes it, and it can come back', async (store) => {
    await commit(store, write(P, 0, 1, { ops: [put('30', 'zzz')] }));
    await commit(store, write(P, 1, 2, { ops: [put('30', 'a')] }));
    assert.deepEqual(await rowsOf(store, P), ['30=a']);
    await commit(store, write(P, 2, 3, { ops: [del('30')] }));
    assert.deepEqual(await rowsOf(store, P), []);
    await commit(store, write(P, 3, 4, { ops: [put('30', 'again')] }));
    assert.deepEqual(await rowsOf(store, P), ['30=again']);
  });

  suite.test('a range delete below the head and one from just above the log leave head and log alone', async (store) => {
    await commit(store, write(P, 0, 1, { head: 'head', ops: [put('05', 'x'), put('30', 'x')] }));
    await commit(store, write(P, 1, 2, { ops: [delRange('', '10'), delRange('21', 'ff')] }));
    assert.deepEqual(await rowsOf(store, P), []);
    const { head, note } = await store.load(P);
    assert.ok(head !== undefined && note !== undefined);
    assert.equal((await store.scan(P, { gte: Uint8Array.of(0x20), lt: Uint8Array.of(0x21), limit: 9 })).length, 2);
  });
}
