import { Mailring } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { contentOf } from './refusals.js';
import { SEND } from './wrong-arguments.js';

/** For a file of tests that make calls which are refused: one mailring with a few messages, of which nothing is another after each test. */
export function unchangedMailring(): () => Mailring {
  const store = new MemoryStore();
  let mailring: Mailring;
  let before: string[];
  beforeAll(async () => {
    mailring = await Mailring.open({ store });
    for (const [i, recipientId] of ['b', 'c', 'b', 'a'].entries()) await mailring.sendMessage({ ...SEND, recipientId, clientMessageId: `first ${i}` });
    before = await contentOf(store);
  });
  afterAll(() => mailring.close());
  afterEach(async () => expect(await contentOf(store), 'what is refused leaves nothing').toEqual(before));
  return () => mailring;
}
