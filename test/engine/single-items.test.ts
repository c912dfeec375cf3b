import { describe, expect, test } from 'vitest';
import { openMailring, send } from './mailrings.js';

const SEQS = 23;

/** A conversation of 23 messages, content `1` … `23`. */
async function conversation() {
  const setup = await openMailring();
  const conversationId = setup.mailring.conversationIdOf('ann', 'bob');
  for (let seq = 1; seq <= SEQS; seq++) await send(setup.mailring, seq % 3 === 0 ? 'bob' : 'ann', seq % 3 === 0 ? 'ann' : 'bob', `${seq}`);
  return { ...setup, conversationId };
}

describe('a page of a conversation', () => {
  test('after a seq is the one just newer than it; next goes on to older ones', async () => {
    const { warmAndCold, conversationId } = await conversation();
    await warmAndCold(async (mailring) => {
      for (let after = 1; after <= SEQS + 2; after++) {
        const { messages, next, hasMore } = await mailring.fetchMessages({ userId: 'bob', conversationId, after, pageSize: 5 });
        const newest = Math.min(after + 5, SEQS);
        expect(messages.map(({ seq }) => seq)).toEqual(Array.from({ length: Math.max(0, newest - after) }, (_, i) => newest - i));
        expect({ next, hasMore }).toEqual(after < SEQS ? { next: after + 1, hasMore: true } : { next: undefined, hasMore: false });
      }
    });
  });

  test('around a seq has it in its middle, shifted at the ends', async () => {
    const { warmAndCold, conversationId } = await conversation();
    await warmAndCold(async (mailring) => {
      for (const pageSize of [1, 2, 5, 8, 23, 40]) {
        for (let around = 1; around <= SEQS; around++) {
          const { messages, next } = await mailring.fetchMessages({ userId: 'ann', conversationId, around, pageSize });
          const seqs = messages.map(({ seq }) => seq);
          expect(seqs).toContain(around);
          expect(seqs).toEqual(Array.from({ length: Math.min(pageSize, SEQS) }, (_, i) => seqs[0]! - i));
          const newer = Math.floor((pageSize - 1) / 2);
          if (around + newer <= SEQS && around + newer >= pageSize) expect(seqs.indexOf(around)).toBe(newer);
          expect(next).toBe(seqs.at(-1) === 1 ? undefined : seqs.at(-1));
        }
      }
    });
  });

  test('around a large message reaches down to it within 1 MiB', async () => {
    const { mailring } = await openMailring();
    for (let seq = 1; seq <= 40; seq++) await send(mailring, 'ann', 'bob', 'x'.repeat(60_000));
    const conversationId = mailring.conversationIdOf('ann', 'bob');
    const page = await mailring.fetchMessages({ userId: 'bob', conversationId, around: 10, pageSize: 60 });
    const seqs = page.messages.map(({ seq }) => seq);
    expect(seqs).toContain(10);
    expect(seqs).toHaveLength(17);
    expect(seqs.at(-1)).toBe(page.next);
  });

  test('takes one place only, and these places only of one conversation', async () => {
    const { mailring, conversationId } = await conversation();
    const wrong = [
      { after: 1, around: 1 },
      { after: 1, before: 2 },
      { around: 1, pageNumber: 2 },
      { after: 1, lastUpdatedTimestamp: 0 },
      { after: 0 },
      { around: 1.5 },
    ];
    for (const places of wrong) await expect(mailring.fetchMessages({ userId: 'bob', conversationId, ...places })).rejects.toThrow(RangeError);
    for (const places of [{ after: 1 }, { around: 1 }]) await expect(mailring.fetchMessages({ userId: 'bob', ...places })).rejects.toThrow(RangeError);
  });
});

describe('a single item', () => {
  test('is what the lists show, and undefined where there is none', async () => {
    const { warmAndCold, conversationId } = await conversation();
    await warmAndCold(async (mailring) => {
      const { conversations } = await mailring.fetchConversations({ userId: 'bob' });
      expect(await mailring.getConversation({ userId: 'bob', conversationId })).toEqual(conversations[0]);
      expect(await mailring.getConversation({ userId: 'cid', conversationId })).toBeUndefined();
      expect(await mailring.getConversation({ userId: 'bob', conversationId: mailring.conversationIdOf('bob', 'cid') })).toBeUndefined();
      const { messages } = await mailring.fetchMessages({ userId: 'bob', conversationId, pageSize: 200 });
      for (const message of messages) expect(await mailring.getMessage({ userId: 'bob', messageId: message.messageId })).toEqual(message);
      for (const messageId of [`${conversationId}.${SEQS + 1}`, `${mailring.conversationIdOf('bob', 'cid')}.1`])
        expect(await mailring.getMessage({ userId: 'bob', messageId })).toBeUndefined();
      expect(await mailring.getMessage({ userId: 'cid', messageId: `${conversationId}.1` })).toBeUndefined();
      for (const messageId of ['', conversationId, `${conversationId}.0`, `${conversationId}.01`])
        await expect(mailring.getMessage({ userId: 'bob', messageId })).rejects.toThrow(RangeError);
    });
  });
});

describe('an iterator', () => {
  test('gives every item once, newest first, whatever the number of pages', async () => {
    const { mailring, conversationId } = await conversation();
    for (let i = 0; i < 450; i++) await send(mailring, 'ann', `peer-${i}`, `${i}`);
    const seqs: number[] = [];
    for await (const { seq } of mailring.messages({ userId: 'ann', conversationId })) seqs.push(seq);
    expect(seqs).toEqual(Array.from({ length: SEQS }, (_, i) => SEQS - i));
    const peers: string[] = [];
    for await (const { participants } of mailring.conversations({ userId: 'ann' })) peers.push(participants[1]);
    expect(peers).toEqual([...Array.from({ length: 450 }, (_, i) => `peer-${449 - i}`), 'bob']);
    let count = 0;
    for await (const _ of mailring.messages({ userId: 'ann' })) count++;
    expect(count).toBe(SEQS + 450);
  });

  test('reads its arguments when it is called, and refuses wrong ones when the first item is asked for', async () => {
    const { mailring } = await conversation();
    const request = { userId: 'ann' };
    const items = mailring.messages(request);
    request.userId = 'nobody';
    expect((await items.next()).value).toMatchObject({ seq: SEQS });
    await items.return();
    await expect(mailring.messages({ userId: 'ann', pageSize: 1 } as never).next()).rejects.toThrow(TypeError);
    for (const wrong of [null, undefined, 'ann', ['ann'], { userId: 'ann', pageSize: 2 }, { userId: 'ann', conversationId: 3 }]) {
      await expect(mailring.conversations(wrong as never).next()).rejects.toThrow(TypeError);
      await expect(mailring.messages(wrong as never).next()).rejects.toThrow(TypeError);
    }
    for (const wrong of [null, 'soon', 5, { signal: 'soon' }, { pageSize: 2 }]) {
      await expect(mailring.conversations({ userId: 'ann' }, wrong as never).next()).rejects.toThrow(/signal|the options of conversations/);
      await expect(mailring.messages({ userId: 'ann' }, wrong as never).next()).rejects.toThrow(/signal|the options of messages/);
    }
    // Nobody is told of what is wrong with an iterator that is never asked.
    mailring.messages(null as never);
  });
});
