import { Mailring, type Store } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { expect, test } from 'vitest';
import { gate, hookedStore } from './hooked-store.js';
import { errorOf, send } from './mailrings.js';
import { turns } from './manual-clock.js';

test.each([
  { what: 'a validation', call: 'validate' },
  { what: 'a load', call: 'load' },
] as const)('a read sees what another owner was told before it began, also beside $what that began earlier', async ({ call }) => {
  const data = new MemoryStore({ exclusive: false, atomicAcrossPartitions: false });
  const { store } = hookedStore(data, { exclusive: false });
  let hold: (() => Promise<void>) | undefined;
  const held = { ...store, capabilities: store.capabilities } as Store;
  // The store has its answer, and it takes long to come.
  held[call] = async (...given: Parameters<Store['validate']>) => {
    const answer = await store[call](...given);
    await hold?.();
    return answer as never;
  };
  const reader = await Mailring.open({ store: held, limits: { cacheBytes: call === 'load' ? 1 : 2 ** 20 } });
  const writer = await Mailring.open({ store: data.handle() });
  await send(writer, 'ann', 'bob', 'one');
  const { lastUpdatedTimestamp } = await reader.fetchMessages({ userId: 'bob' });
  // What changed since the version that was loaded: nothing has to be read for that, and nothing but the version can tell that it is not the newest.
  const ask = () => reader.fetchMessages({ userId: 'bob', lastUpdatedTimestamp });
  await turns();
  const { pass, open } = gate();
  hold = pass;
  const early = ask();
  await turns();
  await send(writer, 'ann', 'bob', 'two');
  const late = ask();
  await turns();
  open();
  await early;
  expect((await late).messages.map(({ messageContent }) => messageContent)).toEqual(['two']);
  await reader.close();
  await writer.close();
});

test('a list of a mailbox that others write without a pause is given up as unavailable, not as damaged', async () => {
  const data = new MemoryStore({ exclusive: false });
  const { store } = hookedStore(data, { exclusive: false });
  const writer = await Mailring.open({ store: data.handle() });
  for (let i = 0; i < 300; i++) await send(writer, 'ann', `peer ${i}`, 'x');
  await writer.close();
  let commits = 0;
  const busy = { ...store, capabilities: store.capabilities } as Store;
  // At every look there was another commit.
  busy.validate = async (partition) => (await store.validate(partition)) + ++commits;
  const reader = await Mailring.open({ store: busy });
  const refused = await errorOf(reader.fetchConversations({ userId: 'ann' }));
  expect(refused).toMatchObject({ code: 'MAILRING_UNAVAILABLE', retryable: true, details: { userId: 'ann' } });
  expect(commits).toBeGreaterThan(100);
  busy.validate = store.validate;
  expect((await reader.fetchConversations({ userId: 'ann' })).totals.conversations).toBe(300);
  await reader.close();
});
