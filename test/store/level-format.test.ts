import { ClassicLevel } from 'classic-level';
import { LevelStore } from 'mailring/level';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/model/clock.js';
import { isMailringError } from '../../src/model/errors.js';
import { bytes, partitionNamed, put, write } from './level-rows.js';
import { temporaryFolders } from './temporary-folder.js';

const folder = temporaryFolders();

test('the stored bytes: partition, then key; the log under 0x20, newest first; marks under 0xfe', async () => {
  const location = await folder();
  const store = new LevelStore({ location });
  await store.open({ clock: systemClock });
  const A = partitionNamed('al');
  const B = partitionNamed('b', 2);
  await store.apply([{ ...write(A, 0, 1, put('0a', 'x')), head: bytes('head') }], [{ type: 'set', slot: 63, partition: A, name: bytes('ck') }]);
  await store.apply([write(A, 1, 0x0102_0304_0506), write(B, 0, 2 ** 48 - 1, put('\xff', ''))]);
  await store.close();

  const db = new ClassicLevel<Buffer, Buffer>(location, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
  const stored = (await db.iterator().all()).map(([key, value]) => `${key.toString('hex')} ${value.toString('latin1')}`);
  await db.close();
  expect(stored).toEqual([
    '0102616c10 head',
    '0102616c20fefdfcfbfaf9 note 1108152157446',
    '0102616c20fffffffffffe note 1',
    '0102616c3061 x',
    `02016220000000000000 note ${2 ** 48 - 1}`,
    '020162ff ',
    'fe3f0102616c636b ',
  ]);
});

test('a key that begins with no partition is damage, and nothing is guessed from it', async () => {
  const location = await folder();
  for (const key of ['01', '0100', '010561', 'fe3f0105616c']) {
    const db = new ClassicLevel<Buffer, Buffer>(location, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
    await db.put(Buffer.from(key, 'hex'), Buffer.alloc(0));
    await db.close();
    const store = new LevelStore({ location });
    await store.open({ clock: systemClock });
    const listing: AsyncGenerator<unknown> = key.startsWith('fe') ? store.scanMarks(63) : store.partitions();
    const error = await listing.next().catch((thrown: unknown) => thrown);
    expect(isMailringError(error, 'MAILRING_CORRUPT'), key).toBe(true);
    await store.close();
    const again = new ClassicLevel<Buffer, Buffer>(location, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
    await again.del(Buffer.from(key, 'hex'));
    await again.close();
  }
});

test('what is not a partition, a slot, a key or a version is refused before any effect', async () => {
  const store = new LevelStore({ location: await folder() });
  await store.open({ clock: systemClock });
  const A = partitionNamed('a');
  const good = write(A, 0, 1);
  for (const partition of ['', '01', '0100', '010161ff', '0102', 'fe0161', 'ff0161', `0181${'61'.repeat(129)}`].map((text) => Buffer.from(text, 'hex'))) {
    await expect(store.load(partition)).rejects.toThrow(RangeError);
    await expect(store.validate(partition)).rejects.toThrow(RangeError);
    await expect(store.read(partition, [])).rejects.toThrow(RangeError);
    await expect(store.apply([good, { ...good, partition }])).rejects.toThrow(RangeError);
    await expect(store.apply([good], [{ type: 'set', slot: 0, partition, name: bytes('x') }])).rejects.toThrow(RangeError);
  }
  const note1 = Buffer.from('20fffffffffffe', 'hex');
  const wrong = [
    [good, good],
    [{ ...good, version: 0 }],
    [{ ...good, version: 2 ** 48 }],
    [{ ...good, version: 1.5 }],
    [{ ...good, expectVersion: -1 }],
    [write(A, 0, 1, put('', 'x'))],
    [write(A, 0, 1, put('\x10', 'x'))],
    [write(A, 0, 1, put('\x20', 'x'))],
    [write(A, 0, 1, put('\x20older', 'x'))],
    [write(A, 0, 1, { type: 'delete', key: note1 })],
    [write(A, 0, 1, { type: 'delete', key: Buffer.of(0x10) })],
    [write(A, 0, 1, { type: 'deleteRange', gte: Buffer.of(0), lt: Buffer.of(0x11) })],
    [write(A, 0, 1, { type: 'deleteRange', gte: Buffer.of(0x20), lt: Buffer.of(0x21) })],
    [write(A, 0, 1, put('k', 'x'.repeat(4 * 1024 * 1024)))],
  ];
  for (const writes of wrong) await expect(store.apply(writes)).rejects.toThrow(RangeError);
  for (const slot of [-1, 64, 1.5]) {
    await expect(store.apply([good], [{ type: 'set', slot, partition: A, name: bytes('x') }])).rejects.toThrow(RangeError);
    await expect(store.scanMarks(slot).next()).rejects.toThrow(RangeError);
  }
  for (const limit of [-1, 1.5, Number.NaN]) await expect(store.scan(A, { gte: bytes('a'), lt: bytes('b'), limit })).rejects.toThrow(RangeError);
  expect(await store.load(A)).toEqual({ version: 0 });
  expect((await store.partitions().next()).done).toBe(true);
  // Its version is known now, which takes another way.
  await expect(store.apply([good, good])).rejects.toThrow(RangeError);
  expect(await store.apply([good])).toEqual({ applied: true });
  expect(await store.validate(A)).toBe(1);
  await store.close();
});
