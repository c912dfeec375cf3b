import { createClientMessageId, Mailring } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { afterEach, describe, expect, test } from 'vitest';
import { countingStore } from './counting-store.js';

const opened: Mailring[] = [];

async function openCounted(limits: { cacheBytes?: number; waitingWrites?: number; waitingWritesPerMailbox?: number } = {}) {
  const memory = new MemoryStore();
  const { store, take } = countingStore(memory);
  const mailring = await Mailring.open({ store, limits });
  opened.push(mailring);
  take();
  const reopen = async () => {
    await mailring.close();
    const again = await Mailring.open({ store, limits });
    opened.push(again);
    take();
    return again;
  };
  return { mailring, take, reopen };
}

const request = (senderId: string, recipientId: string, clientMessageId = createClientMessageId()) => ({
  senderId,
  recipientId,
  messageContent: 'hello',
  clientMessageId,
});

afterEach(async () => {
  for (const mailring of opened.splice(0)) await mailring.close();
});

describe('what a send costs', () => {
  test('the first send of a conversation writes 7 rows in one apply, every later one 5', async () => {
    const { mailring, take } = await openCounted();
    await mailring.sendMessage(request('ann', 'bob'));
    expect(take()).toEqual({ loads: 2, reads: 0, keysRead: 0, scans: 0, rowsScanned: 0, applies: 1, rowsPut: 7, marks: 0 });
    await mailring.sendMessage(request('bob', 'ann'));
    expect(take()).toEqual({ loads: 0, reads: 0, keysRead: 0, scans: 0, rowsScanned: 0, applies: 1, rowsPut: 5, marks: 0 });
  });

  test('a message to oneself writes 3 rows, 4 when it is the first', async () => {
    const { mailring, take } = await openCounted();
    await mailring.sendMessage(request('ann', 'ann'));
    expect(take()).toMatchObject({ loads: 1, applies: 1, rowsPut: 4 });
    await mailring.sendMessage(request('ann', 'ann'));
    expect(take()).toMatchObject({ loads: 0, reads: 0, scans: 0, applies: 1, rowsPut: 3 });
  });

  test('a duplicate writes nothing', async () => {
    const { mailring, take } = await openCounted();
    const first = request('ann', 'bob');
    await mailring.sendMessage(first);
    take();
    expect(await mailring.sendMessage(first)).toMatchObject({ duplicate: true });
    expect(take()).toMatchObject({ applies: 0, rowsPut: 0, reads: 1 });
  });

  test('a cold send reads the newest log row and, in one scan, the conversation and its newest message, of each mailbox, and one id', async () => {
    const { mailring, take, reopen } = await openCounted();
    for (let i = 0; i < 10; i++) await mailring.sendMessage(request('ann', 'bob'));
    const again = await reopen();
    await again.sendMessage(request('ann', 'bob'));
    expect(take()).toMatchObject({ loads: 2, scans: 2, rowsScanned: 4, reads: 1, keysRead: 1, applies: 1, rowsPut: 5 });
    // The second look-up learns the greatest id; from then on ids in order need none.
    await again.sendMessage(request('ann', 'bob'));
    expect(take()).toMatchObject({ loads: 0, scans: 1, rowsScanned: 1, reads: 1, applies: 1 });
    await again.sendMessage(request('ann', 'bob'));
    expect(take()).toMatchObject({ loads: 0, scans: 0, reads: 0, applies: 1 });
  });

  test('512 sends started in one tick take at most 8 applies, and share log rows', async () => {
    const { mailring, take } = await openCounted();
    await Promise.all(Array.from({ length: 512 }, (_, i) => mailring.sendMessage(request(`user-${i % 40}`, `user-${(i + 1 + (i % 3)) % 40}`))));
    const { applies, rowsPut } = take();
    expect(applies).toBeGreaterThan(0);
    expect(applies).toBeLessThanOrEqual(8);
    expect(rowsPut).toBeLessThan(512 * 5);
  });

  test('a queue that is full refuses with nothing written and says when to come back', async () => {
    const { mailring, take } = await openCounted({ waitingWrites: 10, waitingWritesPerMailbox: 4 });
    const sends = Array.from({ length: 20 }, (_, i) => mailring.sendMessage(request(i < 8 ? 'ann' : `user-${i}`, `peer-${i}`)));
    const results = await Promise.allSettled(sends);
    const refused = results.filter((result) => result.status === 'rejected').map(({ reason }) => reason);
    expect(refused).toHaveLength(10);
    for (const error of refused)
      expect(error).toMatchObject({ code: 'MAILRING_OVERLOADED', outcome: 'not-accepted', retryable: true, retryAfterMs: expect.any(Number) });
    expect(refused.filter(({ details }) => details.userId === 'ann')).toHaveLength(4);
    expect(take().rowsPut).toBe(10 * 7 - 3);
    await mailring.sendMessage(request('ann', 'peer-7'));
    expect(mailring.stats().shards['shard-0']).toMatchObject({ waitingWrites: 0, mailboxesInUse: 0, activeReads: 0 });
  });
});

describe('what a fetch costs', () => {
  test('a warm page and a warm empty delta read nothing', async () => {
    const { mailring, take, reopen } = await openCounted();
    for (let i = 0; i < 60; i++) await mailring.sendMessage(request('ann', `peer-${i % 30}`));
    const again = await reopen();
    const conversationId = again.conversationIdOf('ann', 'peer-29');
    const pages = [
      () => again.fetchConversations({ userId: 'ann' }),
      () => again.fetchMessages({ userId: 'ann', pageSize: 20 }),
      () => again.fetchMessages({ userId: 'ann', conversationId }),
    ];
    for (const page of pages) await page();
    expect(take().loads).toBe(1);
    const cold = await Promise.all(pages.map((page) => page()));
    const cursor = cold[0]!.lastUpdatedTimestamp;
    expect(await again.fetchConversations({ userId: 'ann', lastUpdatedTimestamp: cursor })).toMatchObject({
      conversations: [],
      isDeltaUpdate: true,
      hasMore: false,
    });
    expect(await again.fetchMessages({ userId: 'ann', lastUpdatedTimestamp: cursor })).toMatchObject({ messages: [], floors: [], isDeltaUpdate: true });
    expect(take()).toMatchObject({ loads: 0, reads: 0, scans: 0 });
    // What a send brings is in memory too.
    await again.sendMessage(request('peer-29', 'ann'));
    take();
    expect((await again.fetchConversations({ userId: 'ann', lastUpdatedTimestamp: cursor })).conversations).toHaveLength(1);
    expect((await again.fetchMessages({ userId: 'ann', conversationId })).messages).toHaveLength(3);
    expect(take()).toMatchObject({ loads: 0, reads: 0, scans: 0 });
  });

  test('the cold first page of 100,000 conversations reads its part of the log and the rows of one page', { timeout: 120_000 }, async () => {
    const { mailring, take, reopen } = await openCounted({ waitingWrites: 1_000_000, waitingWritesPerMailbox: 1_000_000 });
    const peers = 100_000;
    for (let from = 0; from < peers; from += 5_000)
      await Promise.all(Array.from({ length: 5_000 }, (_, i) => mailring.sendMessage(request('ann', `peer-${from + i}`))));
    // The newest commits are of one conversation each, as in real traffic.
    for (let i = 0; i < 100; i++) await mailring.sendMessage(request('ann', `peer-${i}`));
    const again = await reopen();
    const page = await again.fetchConversations({ userId: 'ann', pageSize: 20 });
    expect(page.conversations.map(({ participants }) => participants[1])).toEqual(Array.from({ length: 20 }, (_, i) => `peer-${99 - i}`));
    expect(page).toMatchObject({ hasMore: true, totals: { conversations: peers, unread: 0 } });
    const counts = take();
    expect(counts).toMatchObject({ loads: 1, reads: 1, keysRead: 40, scans: 1, applies: 0 });
    expect(counts.rowsScanned).toBeLessThanOrEqual(64);
  });

  test('the first, the middle and the last page of a conversation of 100,000 messages cost the same reads', { timeout: 120_000 }, async () => {
    const { mailring, take, reopen } = await openCounted({ waitingWrites: 1_000_000, waitingWritesPerMailbox: 1_000_000 });
    const messages = 100_000;
    for (let from = 0; from < messages; from += 5_000) await Promise.all(Array.from({ length: 5_000 }, () => mailring.sendMessage(request('ann', 'bob'))));
    const costs = [];
    for (const pageNumber of [1, 1_000, 2_000]) {
      const again = await reopen();
      const page = await again.fetchMessages({ userId: 'bob', conversationId: again.conversationIdOf('ann', 'bob'), pageNumber, pageSize: 50 });
      expect(page.messages.map(({ seq }) => seq)).toEqual(Array.from({ length: 50 }, (_, i) => messages - (pageNumber - 1) * 50 - i));
      expect(page.hasMore).toBe(pageNumber < 2_000);
      costs.push(take());
      await again.close();
    }
    expect(costs[0]).toMatchObject({ loads: 1, scans: 2, rowsScanned: 52, reads: 0 });
    expect(costs[1]).toEqual(costs[0]);
    expect(costs[2]).toEqual(costs[0]);
  });

  test('a mailbox that nobody uses leaves nothing behind', async () => {
    const { mailring } = await openCounted({ cacheBytes: 1 });
    for (let i = 0; i < 50; i++) {
      await mailring.sendMessage(request('ann', `peer-${i}`));
      await mailring.fetchConversations({ userId: `peer-${i}` });
      await mailring.fetchMessages({ userId: `nobody-${i}` });
    }
    expect(mailring.stats().shards['shard-0']).toMatchObject({ cachedMailboxes: 0, cachedBytes: 0, mailboxesInUse: 0, waitingWrites: 0, activeReads: 0 });
  });

  test('a closed mailring keeps nothing in memory', async () => {
    const { mailring } = await openCounted();
    await mailring.sendMessage(request('ann', 'bob'));
    expect(mailring.stats().shards['shard-0']).toMatchObject({ status: 'open', cachedMailboxes: 2 });
    await mailring.close();
    expect(mailring.stats()).toMatchObject({ closed: true, shards: { 'shard-0': { status: 'closed', cachedMailboxes: 0, cachedBytes: 0 } } });
  });
});
