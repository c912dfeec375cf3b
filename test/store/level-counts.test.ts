import { LevelStore } from 'mailring/level';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/model/clock.js';
import type { Partition } from '../../src/store/store.js';
import { bytes, partitionNamed, put, write } from './level-rows.js';
import { WatchedDatabase } from './watched-database.js';

const A = partitionNamed('alice');
const B = partitionNamed('bob');
const MARK = { slot: 3, partition: A, name: bytes('name') };

let db: WatchedDatabase;
let store: LevelStore;

beforeEach(async () => {
  db = new WatchedDatabase();
  store = new LevelStore({ db });
  await store.open({ clock: systemClock });
  db.reset();
});

afterEach(async () => {
  await store.close();
  expect(db.openIterators).toBe(0);
});

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe('an apply', () => {
  test('is one synced batch and no read when the partitions were loaded', async () => {
    await store.load(A);
    await store.load(B);
    db.reset();
    await store.apply([write(A, 0, 1, put('k', 'v')), write(B, 0, 1, put('k', 'v'), { type: 'delete', key: bytes('x') })], [{ type: 'set', ...MARK }]);
    await store.apply([write(A, 1, 2, put('k', 'w')), write(B, 1, 2)], [{ type: 'clear', ...MARK }]);
    expect(db.calls).toEqual(['write', 'write']);
    expect(db.writes).toEqual([{ sync: true }, { sync: true }]);
  });

  test('seeks once for each partition whose version is not known, and never again', async () => {
    await store.apply([write(A, 0, 1), write(B, 0, 1)]);
    expect(db.calls).toEqual(['keys', 'all', 'keys', 'all', 'write']);
    db.reset();
    await store.apply([write(A, 1, 2), write(B, 1, 2)]);
    expect(db.calls).toEqual(['write']);
  });

  test('that is refused writes nothing', async () => {
    await store.apply([write(A, 0, 1)]);
    db.reset();
    expect(await store.apply([write(A, 0, 2, put('k', 'v'))], [{ type: 'set', ...MARK }])).toEqual({ applied: false, stale: [new Uint8Array(A)] });
    expect(db.calls).toEqual([]);
  });

  test('with deleteRange is still one batch', async () => {
    await store.apply([write(A, 0, 1, ...Array.from({ length: 300 }, (_, i) => put(`k${i}`, 'v')))]);
    db.reset();
    await store.apply([write(A, 1, 2, put('k-new', 'v'), { type: 'deleteRange', gte: bytes('k'), lt: bytes('l') }, put('k-newer', 'v'))]);
    expect(db.count('write')).toBe(1);
    expect((await store.scan(A, { gte: bytes('k'), lt: bytes('l'), limit: 400 })).map(({ key }) => Buffer.from(key).toString())).toEqual(['k-newer']);
  });

  test('of nothing is applied without a write', async () => {
    expect(await store.apply([], [])).toEqual({ applied: true });
    expect(db.calls).toEqual([]);
  });

  test('of marks alone is one synced batch', async () => {
    await store.apply([], [{ type: 'set', ...MARK }]);
    expect(db.writes).toEqual([{ sync: true }]);
    expect(await all(store.scanMarks(3))).toHaveLength(1);
  });
});

describe('reads', () => {
  beforeEach(async () => {
    const head = bytes('head');
    await store.apply([{ ...write(A, 0, 1, put('k', 'v'), put('\x11', 'between'), put('\x1f', 'between')), head }, write(B, 0, 1)]);
    await store.apply([write(A, 1, 2), write(B, 1, 2)]);
    db.reset();
  });

  test('load is one iterator and one step, with a head or without one', async () => {
    expect(await store.load(B)).toEqual({ version: 2, note: bytes('note 2') });
    expect(db.calls).toEqual(['iterator', 'nextv']);
  });

  test('load finds the log behind rows that stand between it and the head', async () => {
    expect(await store.load(A)).toEqual({ version: 2, head: bytes('head'), note: bytes('note 2') });
    expect(db.calls).toEqual(['iterator', 'nextv', 'seek', 'nextv']);
  });

  test('validate of a known partition asks nothing, of another one seeks once', async () => {
    expect(await store.validate(A)).toBe(2);
    expect(db.calls).toEqual([]);
    expect([await store.validate(partitionNamed('new')), await store.validate(partitionNamed('new'))]).toEqual([0, 0]);
    expect(db.calls).toEqual(['keys', 'all']);
  });

  test('read is one getMany, scan one iterator', async () => {
    await store.read(A, [bytes('k'), bytes('none'), bytes('k')]);
    expect(db.calls).toEqual(['getMany']);
    db.reset();
    await store.scan(A, { gte: bytes('a'), lt: bytes('z'), limit: 10 });
    expect(db.calls).toEqual(['iterator', 'all']);
  });

  test('a read of no keys, and a scan that can find nothing, are empty', async () => {
    expect(await store.read(A, [])).toEqual([]);
    expect(await store.scan(A, { gte: bytes('z'), lt: bytes('a'), limit: 10 })).toEqual([]);
    expect(await store.scan(A, { gte: bytes('a'), lt: bytes('z'), limit: 0 })).toEqual([]);
    expect(db.count('iterator')).toBe(0);
  });
});

describe('listings', () => {
  const NAMES = Array.from({ length: 1_000 }, (_, i) => partitionNamed(`user-${String(i).padStart(4, '0')}`));

  async function fill(partitions: readonly Partition[], rows: number): Promise<void> {
    const ops = Array.from({ length: rows }, (_, i) => put(`k${i}`, 'v'));
    await store.apply(partitions.map((partition) => write(partition, 0, 1, ...ops)));
    db.reset();
  }

  test('partitions() of 1,000 partitions with 50 rows takes about one seek each, not one read a row', async () => {
    await fill(NAMES, 49);
    expect(await all(store.partitions())).toEqual(NAMES);
    expect(db.count('seek')).toBeLessThanOrEqual(NAMES.length);
    expect(db.count('next')).toBeLessThanOrEqual(NAMES.length + 10);
    expect(db.count('iterator') + db.count('keys')).toBeLessThanOrEqual(10);
  });

  test('partitions() finds those at the ends of the order, and steps over 0xff', async () => {
    const odd = [
      partitionNamed('\x00', 0),
      partitionNamed('\xff', 0),
      partitionNamed('\xff\xff', 1),
      partitionNamed('\xff'.repeat(128), 1),
      partitionNamed('x', 0xff - 2),
    ];
    await fill(odd, 2);
    expect(await all(store.partitions())).toEqual(odd);
  });

  test('a caller that takes its time, or stops, holds no iterator open', async () => {
    await fill(NAMES, 1);
    for await (const partition of store.partitions()) {
      expect(db.openIterators).toBe(0);
      if (partition === undefined) break;
    }
    for await (const _ of store.partitions()) break;
    expect(db.openIterators).toBe(0);
  });

  test('scanMarks gives each of 1,000 marks of a slot once, and none of another slot', async () => {
    const marks = NAMES.map((partition) => ({ slot: 63, partition, name: bytes('\xff') }));
    await store.apply(
      [],
      marks.map((mark) => ({ type: 'set', ...mark })),
    );
    db.reset();
    expect(await all(store.scanMarks(63))).toEqual(marks);
    expect(await all(store.scanMarks(62))).toEqual([]);
    expect(db.count('keys')).toBeLessThanOrEqual(6);
  });
});
