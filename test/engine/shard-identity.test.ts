import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Mailring } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { describe, expect, test } from 'vitest';
import { temporaryFolders } from '../store/temporary-folder.js';
import { errorOf, send } from './mailrings.js';

const temporaryFolder = temporaryFolders();

/** A folder that was made with these shards, and holds messages in each of them. */
async function madeWith(shards: number | readonly string[]): Promise<string> {
  const location = await temporaryFolder();
  const mailring = await Mailring.open({ location, shards });
  for (let i = 0; i < 20; i++) await send(mailring, `user-${i}`, `user-${i + 1}`, 'hello');
  await mailring.close();
  return location;
}

test('other shards than the data was made with are refused, and named', async () => {
  const stores = { a: new MemoryStore(), b: new MemoryStore() };
  await (await Mailring.open({ stores })).close();
  const error = await errorOf(Mailring.open({ stores: { a: stores.a, c: new MemoryStore() } }));
  expect(error).toMatchObject({ code: 'MAILRING_FORMAT', details: { missing: ['b'], unknown: ['c'] } });
  expect(await errorOf(Mailring.open({ store: stores.a }))).toMatchObject({ code: 'MAILRING_FORMAT' });
  await (await Mailring.open({ stores: { b: stores.b, a: stores.a } })).close();
});

describe('a folder is refused', () => {
  test.each([
    { made: 2, opened: ['x', 'y'], unknown: ['x', 'y'] },
    { made: 2, opened: ['z'], unknown: ['z'] },
    { made: ['a', 'b'], opened: 1, unknown: ['shard-0'] },
    { made: 1, opened: 4, unknown: ['shard-1', 'shard-2', 'shard-3'] },
    { made: 4, opened: 1, unknown: [] },
  ])('that was made with $made shards, opened with $opened, and nothing is made in it', async ({ made, opened, unknown }) => {
    const location = await madeWith(made);
    expect(await errorOf(Mailring.open({ location, shards: opened }))).toMatchObject({ code: 'MAILRING_FORMAT', details: { unknown } });
    const again = await Mailring.open({ location, shards: made });
    expect(again.health().status).toBe('ok');
    expect((await again.verify()).checked.messages).toBe(40);
    await again.close();
  });

  test('whose shard was lost, so that nobody begins again with seq 1', async () => {
    const location = await madeWith(4);
    await rm(join(location, 'shard-2'), { recursive: true });
    const error = await errorOf(Mailring.open({ location, shards: 4 }));
    expect(error).toMatchObject({ code: 'MAILRING_FORMAT', details: { given: { shard: 'shard-2' } } });
    expect(error.message).toContain('put back what is missing');
  });
});

test('a refused open leaves a new store as it was', async () => {
  const [a, b, c] = [new MemoryStore(), new MemoryStore(), new MemoryStore()];
  await (await Mailring.open({ stores: { a, b } })).close();
  expect(await errorOf(Mailring.open({ stores: { c, a } }))).toMatchObject({ code: 'MAILRING_FORMAT' });
  await (await Mailring.open({ store: c })).close();
});

test('a first open that was interrupted before every store had its identity is gone on with', async () => {
  const [a, b] = [new MemoryStore(), new MemoryStore()];
  const failing = b.handle();
  Object.defineProperty(failing, 'apply', { value: () => Promise.reject(new Error('the disk is gone')) });
  expect(await errorOf(Mailring.open({ stores: { a, b: failing } }))).toMatchObject({ code: 'MAILRING_UNAVAILABLE' });
  const mailring = await Mailring.open({ stores: { a, b } });
  expect(mailring.health().status).toBe('ok');
  await mailring.close();
});

test('a store with no room for a send is refused', async () => {
  const store = new MemoryStore();
  Object.defineProperty(store, 'capabilities', { value: { ...store.capabilities, applyBytesMax: 100_000 } });
  await expect(Mailring.open({ store })).rejects.toThrow(/no room for a send/);
});
