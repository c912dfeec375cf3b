import { expect, test } from 'vitest';
import { takeTurns } from '../../src/shard/take-turns.js';
import { gate } from './hooked-store.js';
import { openMailring, send } from './mailrings.js';
import { turns } from './manual-clock.js';

test('a conversation of which 900 large sends wait does not hold up others: theirs are in the next batch', async () => {
  const { mailring, hooks } = await openMailring();
  await Promise.all([send(mailring, 'ann', 'bob', 'first'), send(mailring, 'cid', 'dora', 'first')]);
  const held = gate();
  let applies = 0;
  hooks.apply = async (run) => {
    applies++;
    await held.pass();
    return run();
  };
  const busy = Array.from({ length: 900 }, (_, i) => send(mailring, 'ann', 'bob', `${i} ${'x'.repeat(60_000)}`));
  await turns();
  expect(applies).toBe(1);
  const others = ['cid', 'ann', 'bob'].map((sender) => send(mailring, sender, 'dora', 'me too'));
  held.open();
  await Promise.all(others);
  expect(applies).toBe(2);
  const results = await Promise.all(busy);
  expect(results.map(({ seq }) => seq)).toEqual(Array.from({ length: 900 }, (_, i) => i + 2));
  expect(applies).toBeGreaterThan(20);
});

test('what one batch takes is in the order it came; of more, conversations take turns, each in its own order', () => {
  const waiting = ['a1', 'a2', 'a3', 'b1', 'a4', 'c1', 'b2'].map((name) => ({ name, request: { order: name[0]!, bytes: 10 } }));
  const namesOf = (bytesMax: number) => takeTurns(waiting, bytesMax).map(({ name }) => name);
  expect(namesOf(70)).toEqual(['a1', 'a2', 'a3', 'b1', 'a4', 'c1', 'b2']);
  expect(namesOf(69)).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3', 'a4']);
});
