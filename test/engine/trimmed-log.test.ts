import { Mailring } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { describe, expect, test } from 'vitest';
import { countingStore } from './counting-store.js';
import { openMailring, send } from './mailrings.js';
import { allBorders, allPages, openBoth, storedLog, type TwoSetups } from './trimmed-logs.js';

/** Sends of and to ann, in conversations of very different lengths: some stay beyond the log, some come back. */
async function sendMany({ send }: TwoSetups, count: number, after?: (i: number) => Promise<void>): Promise<void> {
  for (let i = 0; i < count; i++) {
    const peer = i % 3 === 0 ? `p${(i * 7) % 11}` : `p${(i * i) % 13}`;
    await (i % 3 === 0 ? send(peer, 'ann') : send('ann', peer));
    await after?.(i);
  }
}

describe('a mailbox that keeps 5 changes', () => {
  test('has 5 or 6 in its log, each conversation either there or in the old list, and the floor of deltas where the log ends', async () => {
    const both = await openBoth();
    await sendMany(both, 61);
    const { head, log, oldList, changes } = await storedLog(both.trimmed.memory, 'ann');
    expect(changes).toBe(5);
    const { conversations } = await both.whole.mailring.fetchConversations({ userId: 'ann', pageSize: 200 });
    const numbers = (await both.whole.mailring.fetchMessages({ userId: 'ann', pageSize: 200 })).messages.map(
      ({ lastUpdatedTimestamp }) => lastUpdatedTimestamp,
    );
    expect(log.map(({ version }) => version)).toEqual(numbers.slice(0, 5));
    expect(head).toMatchObject({ deltaFloor: numbers[5], reset: 0, reason: 0, logged: { at: numbers[0], changes: 5, trimming: false } });
    const beyond = conversations.filter(({ lastActivityTimestamp }) => lastActivityTimestamp <= numbers[5]!);
    expect(beyond.length).toBeGreaterThan(5);
    expect(oldList).toEqual(
      beyond.map(({ participants, lastSeq, lastActivityTimestamp }) => ({ peer: participants[1], seq: lastSeq, activity: lastActivityTimestamp })),
    );
    expect((await both.trimmed.mailring.verify()).problems).toEqual([]);
  });

  test('has every page that the whole log has: through next, by number, below every border, warm and cold', async () => {
    const both = await openBoth();
    await sendMany(both, 70);
    const expected = both.whole.mailring;
    const { messages } = await expected.fetchMessages({ userId: 'ann', pageSize: 200 });
    const borders = messages.flatMap(({ lastUpdatedTimestamp: number }) => [number + 1, number]);
    await both.trimmed.warmAndCold(async (mailring) => {
      for (const pageSize of [1, 3, 7, 200]) expect(await allPages(mailring, 'ann', pageSize)).toEqual(await allPages(expected, 'ann', pageSize));
      expect(await allBorders(mailring, 'ann', borders)).toEqual(await allBorders(expected, 'ann', borders));
    });
    // Nothing of one border helps with another when each begins cold.
    for (const before of borders.filter((_, i) => i % 9 === 0)) {
      const mailring = await both.trimmed.reopen();
      expect(await allBorders(mailring, 'ann', [before])).toEqual(await allBorders(expected, 'ann', [before]));
    }
  });

  test('is the same when it is loaded again for every commit', async () => {
    const both = await openBoth();
    await sendMany(both, 40, async (i) => {
      await both.reopen();
      expect((await storedLog(both.trimmed.memory, 'ann')).changes).toBe(i < 6 ? i + 1 : 5 + (i % 2));
    });
    await both.reopen();
    expect(await allPages(both.current(), 'ann', 3)).toEqual(await allPages(both.whole.mailring, 'ann', 3));
    expect((await both.current().verify()).problems).toEqual([]);
  });

  test('answers a cursor from the log exactly, and one from below by a full page that says expired', async () => {
    const both = await openBoth();
    await sendMany(both, 31);
    const { messages } = await both.whole.mailring.fetchMessages({ userId: 'ann', pageSize: 200 });
    const { deltaFloor } = (await storedLog(both.trimmed.memory, 'ann')).head!;
    expect(deltaFloor).toBe(messages[5]!.lastUpdatedTimestamp);
    await both.trimmed.warmAndCold(async (mailring) => {
      for (const fetch of ['fetchConversations', 'fetchMessages'] as const) {
        for (const lastUpdatedTimestamp of messages.flatMap(({ lastUpdatedTimestamp: number }) => [number + 1, number, number - 1])) {
          const request = { userId: 'ann', pageSize: 3, lastUpdatedTimestamp, maxChanges: 100 };
          const answer = await mailring[fetch](request);
          if (lastUpdatedTimestamp >= deltaFloor) expect(answer).toEqual(await both.whole.mailring[fetch](request));
          else expect(answer).toEqual({ ...(await both.whole.mailring[fetch]({ userId: 'ann', pageSize: 3 })), reason: 'expired' });
        }
      }
    });
  });

  test('tells a watch whose cursor has left the log to begin anew, and goes on with it from there', async () => {
    const { mailring } = await openMailring({ limits: { logChanges: 5 } });
    for (let i = 0; i < 20; i++) await send(mailring, 'ann', 'bob', `${i}`);
    const watch = mailring.watch({ userId: 'bob', lastUpdatedTimestamp: 1 });
    const { lastUpdatedTimestamp } = await mailring.fetchMessages({ userId: 'bob' });
    expect(await watch.next()).toEqual({ done: false, value: { type: 'reset', reason: 'expired', lastUpdatedTimestamp } });
    await send(mailring, 'ann', 'bob', 'next');
    expect((await watch.next()).value).toMatchObject({ type: 'changes', messages: [{ messageContent: 'next' }], hasMore: false });
    await watch.return?.();
  });
});

describe('a walk through a whole mailbox', () => {
  test('reads of each page beyond the log what is on it, and not the log again', async () => {
    const { store, take } = countingStore(new MemoryStore());
    const limits = { logChanges: 300 };
    const first = await Mailring.open({ store, limits });
    for (let i = 0; i < 1_500; i++) await send(first, 'ann', `peer-${i % 30}`, `${i}`);
    await first.close();
    const mailring = await Mailring.open({ store, limits });
    const pageSize = 50;
    const seen: string[] = [];
    let before: number | undefined;
    do {
      take();
      const page = await mailring.fetchMessages({ userId: 'ann', pageSize, before });
      const { keysRead, rowsScanned } = take();
      seen.push(...page.messages.map(({ messageContent }) => messageContent));
      // The log has up to 330; from the second page beyond it on: each message once for its number, some ahead of it, and once for itself.
      if (seen.length > 400) expect(keysRead + rowsScanned).toBeLessThan(3 * pageSize);
      before = page.next;
    } while (before !== undefined);
    expect(seen).toEqual(Array.from({ length: 1_500 }, (_, i) => `${1_499 - i}`));
    await mailring.close();
  });

  test('is what the whole log gives, whatever is sent between its pages', async () => {
    for (const logChanges of [5, 12, 30]) {
      const both = await openBoth({ logChanges });
      await sendMany(both, 120);
      let before: number | undefined;
      for (let page = 0; page === 0 || before !== undefined; page++) {
        const request = { userId: 'ann', pageSize: 7, before };
        const expected = await both.whole.mailring.fetchMessages(request);
        expect(await both.current().fetchMessages(request)).toEqual(expected);
        before = expected.next;
        for (let i = 0; i < page % 4; i++) await both.send('ann', `p${(page * 5 + i) % 17}`);
      }
    }
  });

  test('goes on also further down than the page before has ended', async () => {
    const both = await openBoth();
    await sendMany(both, 90);
    const { messages } = await both.whole.mailring.fetchMessages({ userId: 'ann', pageSize: 200 });
    const borders = messages.filter((_, i) => i % 5 === 0).map(({ lastUpdatedTimestamp }) => lastUpdatedTimestamp);
    for (const before of borders) {
      const request = { userId: 'ann', pageSize: 3, before };
      expect(await both.current().fetchMessages(request)).toEqual(await both.whole.mailring.fetchMessages(request));
    }
  });

  test('finds what a conversation has below, also when it came back to the log before the walk came to it', async () => {
    const both = await openBoth();
    for (let i = 0; i < 60; i++) await both.send('ann', `p${i >> 1}`);
    const expected: unknown[] = [];
    const found: unknown[] = [];
    for (let [page, before] = [0, undefined as number | undefined]; page === 0 || before !== undefined; page++) {
      const request = { userId: 'ann', pageSize: 5, before };
      const whole = await both.whole.mailring.fetchMessages(request);
      expected.push(whole);
      found.push(await both.current().fetchMessages(request));
      before = whole.next;
      if (page === 2) await both.send('ann', 'p0');
    }
    expect(found).toEqual(expected);
  });
});

describe('5,000 conversations beyond the log', () => {
  const PEERS = 5_000;

  test('are listed by next and by number, each page for the reads of a page', { timeout: 60_000 }, async () => {
    const { store, take } = countingStore(new MemoryStore());
    const limits = { logChanges: 50, waitingWritesPerMailbox: PEERS };
    const first = await Mailring.open({ store, limits });
    await Promise.all(Array.from({ length: PEERS }, (_, i) => send(first, 'ann', `peer-${i}`, `${i}`)));
    // Bursts were commits of many changes; from now on every commit has one.
    for (let i = 0; i < 200; i++) await send(first, 'ann', `late-${i % 10}`, `late ${i}`);
    expect((await storedLog(store, 'ann')).changes).toBeLessThanOrEqual(55);
    expect((await storedLog(store, 'ann')).oldList).toHaveLength(PEERS);
    await first.close();

    const mailring = await Mailring.open({ store, limits });
    const peers: string[] = [];
    const numbers: number[] = [];
    let before: number | undefined;
    do {
      take();
      const page = await mailring.fetchConversations({ userId: 'ann', pageSize: 100, before });
      // The one behind the page before is known.
      const rows = Math.min(101, PEERS + 10 - peers.length);
      if (peers.length > 200) expect(take()).toEqual({ ...NOTHING, reads: 1, keysRead: 2 * (rows - 1), scans: 1, rowsScanned: rows });
      peers.push(...page.conversations.map(({ snippet }) => snippet));
      numbers.push(...page.conversations.map(({ lastActivityTimestamp }) => lastActivityTimestamp));
      before = page.next;
    } while (before !== undefined);
    expect(numbers).toEqual(numbers.toSorted((a, b) => b - a));
    expect(peers.slice(0, 10)).toEqual(Array.from({ length: 10 }, (_, i) => `late ${199 - i}`));
    // Sends that nobody waited for have no order but each conversation's.
    expect(
      peers
        .slice(10)
        .map(Number)
        .sort((a, b) => a - b),
    ).toEqual(Array.from({ length: PEERS }, (_, i) => i));
    await mailring.close();

    const again = await Mailring.open({ store, limits });
    const { conversations, hasMore } = await again.fetchConversations({ userId: 'ann', pageSize: 100, pageNumber: 31 });
    expect(conversations.map(({ snippet }) => snippet)).toEqual(peers.slice(3_000, 3_100));
    expect(hasMore).toBe(true);
    await again.close();
  });

  const NOTHING = { loads: 0, reads: 0, keysRead: 0, scans: 0, rowsScanned: 0, applies: 0, rowsPut: 0, marks: 0 };
});
