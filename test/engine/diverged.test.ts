import { MemoryStore } from 'mailring/memory';
import { expect, test } from 'vitest';
import { errorOf } from './mailrings.js';
import { message, openStores, pairsHomedIn } from './two-shards.js';

/** Another store with the same data. */
async function copyOf(store: MemoryStore): Promise<MemoryStore> {
  const copy = new MemoryStore();
  await store.open();
  await copy.open();
  for await (const partition of store.partitions()) {
    const { version, head, note } = await store.load(partition);
    const rows = await store.scan(partition, { gte: Uint8Array.of(0x21), lt: Uint8Array.of(0xff), limit: 1_000 });
    const ops = rows.map(({ key, value }) => ({ type: 'put' as const, key, value }));
    await copy.apply([{ partition, expectVersion: 0, version, note: note!, ...(head && { head }), ops }]);
  }
  await store.close();
  await copy.close();
  return copy;
}

/** A conversation whose home was put back to an older copy: the other mailbox has messages that the home does not know of. */
async function forked() {
  const [pair] = await pairsHomedIn('a', 1);
  const [home, other] = pair!;
  const b = new MemoryStore();
  // What the home was before.
  const older = new MemoryStore();
  const requests = Array.from({ length: 4 }, (_, i) => message(home, other, `${i}`));
  const [first, ...rest] = requests;
  const before = await openStores({ a: older, b });
  await before.mailring.sendMessage(first!);
  await before.mailring.close();
  const newer = await copyOf(older);
  const lost = await openStores({ a: newer, b });
  for (const request of rest) await lost.mailring.sendMessage(request);
  await lost.mailring.close();
  const now = await openStores({ a: older, b });
  return { ...now, home, other };
}

test('a conversation whose copies part takes no sends, though its home has room behind them', async () => {
  const { mailring, home, other } = await forked();
  const errors = [];
  for (let i = 0; i < 6; i++) errors.push(await errorOf(mailring.sendMessage(message(home, other, `new ${i}`))));
  expect(errors.map(({ code }) => code)).toEqual(Array.from({ length: 6 }, () => 'MAILRING_DIVERGED'));
  expect(errors.slice(1).map(({ outcome }) => outcome)).toEqual(Array.from({ length: 5 }, () => 'not-accepted'));
  const { messages } = await mailring.fetchMessages({ userId: home, conversationId: mailring.conversationIdOf(home, other) });
  // The first one was found out only after it was committed.
  expect(messages.map(({ messageContent }) => messageContent)).toEqual(['new 0', '0']);
  await mailring.close();
});

test('copies that part are seen also where the home is longer: nothing is put behind what it does not follow', async () => {
  const [[home, other]] = (await pairsHomedIn('a', 1)) as [[string, string]];
  const [a, b] = [new MemoryStore(), new MemoryStore()];
  const sendAll = async (stores: { readonly a: MemoryStore; readonly b: MemoryStore }, texts: readonly string[]) => {
    const { mailring } = await openStores(stores);
    for (const text of texts) await mailring.sendMessage(message(home, other, text));
    await mailring.close();
  };
  await sendAll({ a, b }, ['1']);
  const [otherA, otherB] = [await copyOf(a), await copyOf(b)];
  await sendAll({ a: otherA, b }, ['2', '3', '4']);
  await sendAll({ a, b: otherB }, ['2, but another', '3, but another', '4, but another', '5']);
  const { mailring } = await openStores({ a, b });
  expect(await errorOf(mailring.sendMessage(message(home, other, '6')))).toMatchObject({ code: 'MAILRING_DIVERGED' });
  const { messages } = await mailring.fetchMessages({ userId: other, conversationId: mailring.conversationIdOf(home, other) });
  expect(messages.map(({ messageContent }) => messageContent)).toEqual(['4', '3', '2', '1']);
  await mailring.close();
});
