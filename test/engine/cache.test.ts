import type { Mailring } from 'mailring';
import { describe, expect, test } from 'vitest';
import { gate } from './hooked-store.js';
import { conversationSeenBy, errorOf, openMailring, send } from './mailrings.js';
import { turns } from './manual-clock.js';

const statsOf = (mailring: Mailring) => mailring.stats().shards['shard-0']!;

describe('a cache too small for anything', () => {
  test('changes no answer while sends and fetches of the same mailboxes overlap', async () => {
    const { mailring, reopen } = await openMailring({ limits: { cacheBytes: 1 } });
    const users = ['ann', 'bob', 'cid'];
    const sent = new Map<string, string[]>();
    for (let round = 0; round < 40; round++) {
      const calls: Promise<unknown>[] = [];
      for (let i = 0; i < 5; i++) {
        const [sender, recipient] = [users[(round + i) % 3]!, users[(round * i + 1) % 3]!];
        const conversationId = mailring.conversationIdOf(sender, recipient);
        const text = `text ${round}-${i}`;
        sent.set(conversationId, [...(sent.get(conversationId) ?? []), text]);
        calls.push(send(mailring, sender, recipient, text), mailring.fetchMessages({ userId: users[i % 3]! }));
      }
      // Some rounds begin while the one before is still under way.
      if (round % 3 === 0) await Promise.all(calls);
      else await Promise.race(calls);
    }
    await turns();
    const cold = await reopen();
    for (const from of [cold, cold]) {
      for (const userId of users) {
        for (const { conversationId, participants } of (await from.fetchConversations({ userId })).conversations) {
          const { messages } = await from.fetchMessages({ userId, conversationId, pageSize: 200 });
          expect(messages.map(({ messageContent }) => messageContent)).toEqual(sent.get(conversationId)!.toReversed());
          expect(participants).toContain(userId);
        }
      }
    }
    expect(statsOf(cold)).toMatchObject({ fences: 0, cachedMailboxes: 0, cachedBytes: 0 });
    expect(statsOf(mailring).fences).toBe(0);
  });

  test('keeps a mailbox for as long as somebody uses it', async () => {
    const { mailring, hooks, reopen } = await openMailring({ limits: { cacheBytes: 1 } });
    for (const id of ['m-1', 'm-2']) await send(mailring, 'ann', 'bob', 'before', id);
    const again = await reopen();
    const held = gate();
    let loads = 0;
    hooks.load = (run) => {
      loads++;
      return run();
    };
    hooks.read = async (run) => {
      await held.pass();
      return run();
    };
    // Needs a look-up, which does not come to its end; meanwhile others use the same mailboxes and leave.
    const sending = send(again, 'ann', 'bob', 'slow', 'a-1');
    await turns();
    expect(statsOf(again)).toMatchObject({ mailboxesInUse: 2 });
    for (const userId of ['ann', 'bob', 'ann']) await again.fetchConversations({ userId, lastUpdatedTimestamp: 2 ** 47 }).catch(() => undefined);
    expect(statsOf(again)).toMatchObject({ mailboxesInUse: 2, cachedMailboxes: 2 });
    await send(again, 'ann', 'cid', 'meanwhile');
    held.open();
    await sending;
    // ann, bob, cid, and ann once more: after the commit she alone was more than the cache may hold.
    expect(loads).toBe(4);
    expect(statsOf(again)).toMatchObject({ mailboxesInUse: 0, cachedMailboxes: 0, cachedBytes: 0, fences: 0 });
    expect(await conversationSeenBy(again, 'bob', 'ann')).toMatchObject([{ seq: 3, messageContent: 'slow' }, { seq: 2 }, { seq: 1 }]);
  });

  test('of which calls that fail leave nothing behind either', async () => {
    const { mailring } = await openMailring({ limits: { cacheBytes: 1 } });
    await send(mailring, 'ann', 'bob', 'hello', 'id-1');
    await errorOf(send(mailring, 'ann', 'bob', 'other', 'id-1'));
    await expect(mailring.fetchMessages({ userId: 'ann', pageSize: 0 })).rejects.toThrow(RangeError);
    expect(statsOf(mailring)).toMatchObject({ mailboxesInUse: 0, cachedMailboxes: 0, cachedBytes: 0, activeReads: 0, waitingWrites: 0 });
  });
});

test('a cache leaves out the mailboxes that were not used for longest', async () => {
  const { mailring, hooks } = await openMailring({ limits: { cacheBytes: 80_000 } });
  const loaded: string[] = [];
  hooks.load = (run, partition) => {
    loaded.push(Buffer.from(partition.subarray(2)).toString());
    return run();
  };
  let reads = 0;
  const counted = <T>(run: () => Promise<T>): Promise<T> => {
    reads++;
    return run();
  };
  Object.assign(hooks, { read: counted, scan: counted });
  const conversationId = mailring.conversationIdOf('ann', 'ann');
  for (let i = 0; i < 40; i++) {
    await send(mailring, 'ann', 'ann', 'often used');
    for (const other of ['a', 'b', 'c']) await mailring.fetchConversations({ userId: `user-${i}-${other}` });
    expect((await mailring.fetchMessages({ userId: 'ann', conversationId })).messages).toHaveLength(i + 1);
    expect(statsOf(mailring).cachedBytes).toBeLessThanOrEqual(80_000);
  }
  expect(loaded.filter((user) => user === 'ann')).toHaveLength(1);
  expect(reads).toBe(0);
  expect(statsOf(mailring).cachedMailboxes).toBeGreaterThan(1);
  expect(statsOf(mailring).cachedMailboxes).toBeLessThan(121);
});

test('a full cache lets go of what only pages need before it lets go of a mailbox: sends read nothing, and pages are what they were', async () => {
  const cacheBytes = 400_000;
  const { mailring, hooks } = await openMailring({ limits: { cacheBytes } });
  const pairs = Array.from({ length: 20 }, (_, i) => [`user-${i}`, `peer-${i}`] as const);
  const texts = Array.from({ length: 25 }, (_, i) => `${i} ${'x'.repeat(1_000)}`);
  const sendToAll = async (text: string) => {
    for (const [user, peer] of pairs) await send(mailring, user, peer, text);
  };
  let calls = 0;
  const counted = <T>(run: () => Promise<T>): Promise<T> => {
    calls++;
    return run();
  };
  Object.assign(hooks, { load: counted, read: counted, scan: counted });
  for (const text of texts) await sendToAll(text);
  // Each mailbox was looked for once; their 1,000 messages, each in two mailboxes, are four times what the cache may hold.
  expect(calls).toBe(2 * pairs.length);
  expect(statsOf(mailring)).toMatchObject({ cachedMailboxes: 2 * pairs.length });
  expect(statsOf(mailring).cachedBytes).toBeLessThanOrEqual(cacheBytes);
  for (const [user, peer] of pairs) {
    const seen = await conversationSeenBy(mailring, user, peer);
    expect(seen.map((message) => (message as { messageContent: string }).messageContent)).toEqual(texts.toReversed());
    const { messages } = await mailring.fetchMessages({ userId: peer, lastUpdatedTimestamp: 0, maxChanges: 200, pageSize: 200 });
    expect(messages.map(({ messageContent }) => messageContent)).toEqual(texts);
    expect(statsOf(mailring).cachedBytes).toBeLessThanOrEqual(cacheBytes);
  }
});

describe('a stored row with one bit changed', () => {
  for (const kind of ['log', 'conversation', 'message', 'dedupe'] as const) {
    test(`(${kind}) is damage, whatever bit it is, and nothing is guessed from it`, async () => {
      const { mailring, hooks, reopen } = await openMailring();
      for (const id of ['id-1', 'id-2', 'id-3']) await send(mailring, 'ann', 'bob', 'hello', id);
      const from = await reopen();
      const damaged = (value: Uint8Array, bit: number) => {
        const bytes = new Uint8Array(value);
        const at = bit % bytes.length;
        bytes[at]! ^= 1 << (bit % 8);
        return bytes;
      };
      const isKind = (key: Uint8Array) => {
        const tag = key[3 + (key[2] ?? 0)];
        return key[0] === 0x30 && tag === { log: -1, conversation: 0x00, message: 0x10, dedupe: 0x20 }[kind];
      };
      for (const bit of [0, 5, 11, 23, 40, 61]) {
        if (kind === 'log') {
          hooks.load = async (run) => {
            const loaded = await run();
            return loaded.note === undefined ? loaded : { ...loaded, note: damaged(loaded.note, bit) };
          };
        } else if (kind === 'dedupe') hooks.read = async (run) => (await run()).map((value) => value && damaged(value, bit));
        else hooks.scan = async (run) => (await run()).map(({ key, value }) => ({ key, value: isKind(key) ? damaged(value, bit) : value }));
        expect(await errorOf(send(from, 'ann', 'bob', 'hello', 'id-1'))).toMatchObject({ code: 'MAILRING_CORRUPT', retryable: false, outcome: 'not-accepted' });
        if (kind === 'dedupe') continue;
        const conversationId = from.conversationIdOf('ann', 'bob');
        expect(await errorOf(from.fetchMessages({ userId: 'ann', conversationId }))).toMatchObject({ code: 'MAILRING_CORRUPT' });
      }
      for (const call of ['load', 'read', 'scan'] as const) hooks[call] = undefined;
      expect(await send(from, 'ann', 'bob', 'hello', 'id-1')).toMatchObject({ seq: 1, duplicate: true });
    });
  }
});

test('a lost newest message is damage, not an empty conversation whose seqs can be given away again', async () => {
  const { mailring, hooks, reopen } = await openMailring();
  for (const text of ['one', 'two', 'three']) await send(mailring, 'ann', 'ann', text);
  const from = await reopen();
  hooks.read = async (run) => (await run()).map((value, i) => (i % 2 === 1 ? undefined : value));
  expect(await errorOf(from.fetchConversations({ userId: 'ann' }))).toMatchObject({ code: 'MAILRING_CORRUPT' });
  hooks.read = undefined;
  hooks.scan = async (run) => (await run()).filter(({ key }) => key[3 + (key[2] ?? 0)] !== 0x10);
  expect(await errorOf(send(from, 'ann', 'ann', 'four'))).toMatchObject({ code: 'MAILRING_CORRUPT', outcome: 'not-accepted' });
  hooks.scan = undefined;
  expect(await send(from, 'ann', 'ann', 'four')).toMatchObject({ seq: 4 });
});

test('a stored row of another mailbox is damage, though its key and version are right', async () => {
  const { mailring, memory, hooks, reopen } = await openMailring();
  await send(mailring, 'ann', 'bob', 'hello', 'id-1');
  const from = await reopen();
  const partition = (user: string) => Buffer.concat([Uint8Array.of(1, user.length), Buffer.from(user)]);
  const [forAnn, forBob] = [await memory.load(partition('ann')), await memory.load(partition('bob'))];
  expect(forBob.version).toBe(forAnn.version);
  hooks.load = async () => forBob;
  expect(await errorOf(from.fetchConversations({ userId: 'ann' }))).toMatchObject({ code: 'MAILRING_CORRUPT' });
  hooks.load = undefined;
  expect((await from.fetchConversations({ userId: 'ann' })).conversations).toHaveLength(1);
});
