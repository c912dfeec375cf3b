import assert from 'node:assert/strict';
import type { StoreCallOptions } from '../../store/store.js';
import { commit, hex, mark, partitionOf, put, read, type Suite, scan, textOf, view, write } from './fixture.js';

const P = partitionOf('reads');

/** Room that notes and keys take beside one large value. */
const ROOM_BYTES = 1024;

/** What `read` answers, values of every size, and calls that are given up. */
export function testReads(suite: Suite): void {
  suite.test('read answers in the order of the keys, undefined where there is no row', async (store) => {
    await commit(store, write(P, 0, 1, { ops: [put('31', 'a'), put('32', 'b'), put('33', '')] }));
    assert.deepEqual(await read(store, P, '33', '30', '31', '34', '32'), ['', undefined, 'a', undefined, 'b']);
  });

  suite.test('read answers each key as often as it is asked', async (store) => {
    await commit(store, write(P, 0, 1, { ops: [put('31', 'a'), put('32', 'b')] }));
    assert.deepEqual(await read(store, P, '32', '31', '32', '30', '30', '31'), ['b', 'a', 'b', undefined, undefined, 'a']);
  });

  suite.test('read of no keys is an empty answer', async (store) => {
    assert.deepEqual(await read(store, P), []);
    await commit(store, write(P, 0, 1));
    assert.deepEqual(await read(store, P), []);
  });

  suite.test('a key that is the beginning of another is another key', async (store) => {
    await commit(store, write(P, 0, 1, { ops: [put('30', 'a'), put('300000', 'c')] }));
    assert.deepEqual(await read(store, P, '30', '3000', '300000', '30000000'), ['a', undefined, 'c', undefined]);
  });

  suite.test('read and scan begun after a commit was acknowledged see it', async (store) => {
    for (let version = 1; version <= 20; version++) {
      await commit(store, write(P, version - 1, version, { ops: [put('30', `${version}`)] }));
      const [values, rows, loaded, validated] = await Promise.all([read(store, P, '30'), scan(store, P, '30', '31'), store.load(P), store.validate(P)]);
      assert.deepEqual([values, rows, loaded.version, validated], [[`${version}`], [`30=${version}`], version, version]);
    }
  });

  suite.test('a call that is given up rejects or answers in full, never in part; a listing also when it is given up on the way', async (store) => {
    const count = 300;
    for (let i = 0; i < count; i++) {
      const partition = partitionOf(`user ${i}`);
      await commit(store, write(partition, 0, 1, { ops: [put('30', 'a'), put('31', 'b')] }), [mark('set', 7, partition, 'name')]);
    }
    const partition = partitionOf('user 7');
    const aborted = { signal: AbortSignal.abort() };
    const answers = [
      store.read(partition, [hex('31'), hex('30')], aborted).then((values) => values.map((value) => value && textOf(value)).join() === 'b,a'),
      store.scan(partition, { gte: hex('30'), lt: hex('32'), limit: 9 }, aborted).then((rows) => rows.length === 2),
      store.load(partition, aborted).then(({ version, note }) => version === 1 && note !== undefined),
      store.validate(partition, aborted).then((version) => version === 1),
    ];
    for (const answer of await Promise.allSettled(answers)) assert.ok(answer.status === 'rejected' || answer.value);
    for (const after of [0, 1, 270]) {
      for (const list of [(options: StoreCallOptions) => store.scanMarks(7, options), (options: StoreCallOptions) => store.partitions(options)]) {
        const found = await countUntilAborted(list, after);
        assert.ok(found === 'rejected' || found === count, `given up after ${after}: ${found}`);
      }
    }
  });

  suite.test('a value of nearly applyBytesMax is stored whole', async (store) => {
    const value = new Uint8Array(store.capabilities.applyBytesMax - ROOM_BYTES);
    for (let i = 0; i < value.length; i++) value[i] = (i * 31 + (i >>> 8)) & 0xff;
    await commit(store, { ...write(P, 0, 1), ops: [{ type: 'put', key: hex('30'), value: view(value) }] });
    const [found] = await store.read(P, [hex('30')]);
    assert.ok(found !== undefined && Buffer.compare(found, value) === 0);
    const rows = await store.scan(P, { gte: hex('30'), lt: hex('31'), limit: 1 });
    assert.ok(rows[0] !== undefined && Buffer.compare(rows[0].value, value) === 0);
  });

  suite.test('thousands of rows of nearly applyBytesMax in one commit are all stored', async (store) => {
    const count = 2_000;
    const size = Math.floor((store.capabilities.applyBytesMax - ROOM_BYTES) / count) - 3;
    const keyOf = (i: number) => Uint8Array.of(0x30, i >>> 8, i & 0xff);
    const ops = Array.from({ length: count }, (_, i) => ({ type: 'put', key: keyOf(i), value: new Uint8Array(size).fill(i & 0xff) }) as const);
    await commit(store, { ...write(P, 0, 1), ops });
    const rows = await store.scan(P, { gte: hex('30'), lt: hex('31'), limit: count + 1 });
    assert.equal(rows.length, count);
    assert.ok(rows.every(({ key, value }, i) => Buffer.compare(key, keyOf(i)) === 0 && value.length === size && value.every((byte) => byte === (i & 0xff))));
  });
}

/** Takes a listing and gives it up when it has brought `after` items. */
async function countUntilAborted(list: (options: StoreCallOptions) => AsyncIterable<unknown>, after: number): Promise<number | 'rejected'> {
  const controller = new AbortController();
  let found = 0;
  try {
    if (after === 0) controller.abort();
    for await (const _ of list({ signal: controller.signal })) if (++found === after) controller.abort();
    return found;
  } catch {
    return 'rejected';
  }
}
