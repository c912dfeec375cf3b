import assert from 'node:assert/strict';
import { noteKey } from '../../store/store.js';
import { commit, hexOf, partitionOf, put, read, refuse, type Suite, scan, see, write } from './fixture.js';

const P = partitionOf('notes');

const noteHex = (version: number): string => hexOf(noteKey(version));

/** The two rows that the store writes by itself. */
export function testNotes(suite: Suite): void {
  suite.test('the log row of every commit is read under its key', async (store) => {
    await commit(store, write(P, 0, 7));
    await commit(store, write(P, 7, 300));
    assert.deepEqual(await read(store, P, noteHex(7), noteHex(300), noteHex(8)), ['note 7', 'note 300', undefined]);
  });

  suite.test('a forward scan of the log gives the newest commit first', async (store) => {
    const versions = [1, 2, 255, 256, 257, 2 ** 32, 2 ** 32 + 1];
    for (const [i, version] of versions.entries()) await commit(store, write(P, versions[i - 1] ?? 0, version));
    const newestFirst = versions.map((version) => `${noteHex(version)}=note ${version}`).reverse();
    assert.deepEqual(await scan(store, P, '20', '21'), newestFirst);
    assert.deepEqual(await scan(store, P, '20', '21', { limit: 2 }), newestFirst.slice(0, 2));
    assert.deepEqual(await scan(store, P, '20', '21', { reverse: true, limit: 3 }), newestFirst.slice(-3).reverse());
    assert.deepEqual(await scan(store, P, noteHex(256), noteHex(1)), newestFirst.slice(3, 6));
  });

  suite.test('a log row stands beside the rows of its commit', async (store) => {
    await commit(store, write(P, 0, 1, { ops: [put('11', 'below'), put('30', 'above')] }));
    assert.deepEqual((await see(store, P)).rows, ['11=below', `${noteHex(1)}=note 1`, '30=above']);
  });

  suite.test('older log rows can be deleted one by one and by range; version, head and newest log row stay', async (store) => {
    for (let version = 1; version <= 8; version++) await commit(store, write(P, version - 1, version, version === 1 ? { head: 'head' } : {}));
    await commit(store, write(P, 8, 9, { ops: [{ type: 'delete', key: noteKey(3) }] }));
    assert.deepEqual(await read(store, P, noteHex(2), noteHex(3), noteHex(4)), ['note 2', undefined, 'note 4']);
    await commit(store, write(P, 9, 10, { ops: [{ type: 'deleteRange', gte: noteKey(9), lt: Uint8Array.of(0x21) }] }));
    assert.deepEqual(await see(store, P), { version: 10, head: 'head', note: 'note 10', rows: [`${noteHex(10)}=note 10`] });
    await refuse(store, write(P, 9, 11));
    await commit(store, write(P, 10, 11));
  });

  suite.test('a head stays until a commit brings another', async (store) => {
    await commit(store, write(P, 0, 1));
    assert.equal((await see(store, P)).head, undefined);
    await commit(store, write(P, 1, 2, { head: 'head' }));
    await commit(store, write(P, 2, 3, { ops: [put('30', 'row')] }));
    await commit(store, write(P, 3, 4));
    assert.equal((await see(store, P)).head, 'head');
    await commit(store, write(P, 4, 5, { head: 'other' }));
    assert.equal((await see(store, P)).head, 'other');
  });

  suite.test('an empty head and an empty log row are there, and empty', async (store) => {
    await commit(store, write(P, 0, 1, { head: '', note: '' }));
    const { version, head, note } = await see(store, P);
    assert.deepEqual({ version, head, note }, { version: 1, head: '', note: '' });
    assert.deepEqual(await read(store, P, noteHex(1)), ['']);
  });

  suite.test('the head is neither read nor scanned, and does not count towards a limit', async (store) => {
    await commit(store, write(P, 0, 1, { head: 'head', ops: [put('0f', 'before'), put('1000', 'just after'), put('11', 'after')] }));
    assert.deepEqual(await read(store, P, '10', '1000'), [undefined, 'just after']);
    assert.deepEqual(await scan(store, P, '', '20'), ['0f=before', '1000=just after', '11=after']);
    assert.deepEqual(await scan(store, P, '', '20', { limit: 2 }), ['0f=before', '1000=just after']);
    assert.deepEqual(await scan(store, P, '', '20', { reverse: true, limit: 3 }), ['11=after', '1000=just after', '0f=before']);
    assert.deepEqual(await scan(store, P, '10', '1000'), []);
    assert.deepEqual(await scan(store, P, '10', '11', { limit: 1 }), ['1000=just after']);
  });
}
