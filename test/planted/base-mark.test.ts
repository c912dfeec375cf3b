import { MemoryStore } from 'mailring/memory';
import { expect, test } from 'vitest';
import { gate, hookedStore } from '../engine/hooked-store.js';
import { turns } from '../engine/manual-clock.js';
import { message, openStores, pairsHomedIn } from '../engine/two-shards.js';

test('the mark of a mailbox stays where a message came while a sweep looked at it: another engine delivers it', async () => {
  const options = { atomicAcrossPartitions: false, exclusive: false };
  const [a, b] = [new MemoryStore(options), new MemoryStore(options)];
  const { store, hooks } = hookedStore(b, { exclusive: false });
  const [[home, other]] = (await pairsHomedIn('a', 1)) as [[string, string]];
  // Nothing stays in memory, so that the sweep has to wait for the other mailbox.
  const { mailring, clock } = await openStores({ a, b: store }, { cacheBytes: 1 });
  const { conversationId } = await mailring.sendMessage(message(home, other));
  await clock.pass(1_000);
  const held = gate();
  hooks.load = (run) => held.pass().then(run);
  await clock.pass(1_000);
  const lost = gate();
  hooks.apply = (run) => lost.pass().then(run);
  const sent = mailring.sendMessage(message(home, other));
  await turns();
  held.open();
  await turns();
  const seqsOf = async (userId: string, by: typeof mailring) => (await by.fetchMessages({ userId, conversationId })).messages.map(({ seq }) => seq);
  expect(await seqsOf(home, mailring)).toEqual([2, 1]);

  const { mailring: again } = await openStores({ a: a.handle(), b: b.handle() });
  expect(await seqsOf(other, again)).toEqual([2, 1]);
  lost.open();
  expect((await sent).seq).toBe(2);
  await again.close();
  await mailring.close();
});
