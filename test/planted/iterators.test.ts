import { expect, test } from 'vitest';
import { openMailring, send } from '../engine/mailrings.js';

/** More than a page of an iterator. */
const PEERS = 210;

/** All items of an iterator; something arrives when the first one was taken. */
async function collect<T>(items: AsyncIterable<T>, arrive: () => Promise<unknown>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) if (found.push(item) === 1) await arrive();
  return found;
}

test('an iterator gives each item that was there when it began once, though messages arrive between its pages', async () => {
  const { mailring } = await openMailring();
  for (let i = 1; i <= PEERS; i++) await send(mailring, `peer-${i}`, 'ann', `${i}`);
  const down = Array.from({ length: PEERS }, (_, i) => `${PEERS - i}`);
  const arrive = async (): Promise<void> => {
    for (let i = 1; i <= 3; i++) await send(mailring, `new-${i}`, 'bob', 'to somebody else');
    for (let i = 1; i <= 3; i++) await send(mailring, `new-${i}`, 'ann', 'new');
  };
  const conversations = await collect(mailring.conversations({ userId: 'ann' }), arrive);
  expect(conversations.map(({ snippet }) => snippet)).toEqual(down);
  const messages = await collect(mailring.messages({ userId: 'ann' }), arrive);
  expect(messages.map(({ messageContent }) => messageContent)).toEqual(['new', 'new', 'new', ...down]);

  for (let i = 1; i <= PEERS; i++) await send(mailring, 'cid', 'dan', `${i}`);
  const conversationId = mailring.conversationIdOf('cid', 'dan');
  const ofOne = await collect(mailring.messages({ userId: 'cid', conversationId }), () => send(mailring, 'dan', 'cid', 'new'));
  expect(ofOne.map(({ messageContent }) => messageContent)).toEqual(down);
});
