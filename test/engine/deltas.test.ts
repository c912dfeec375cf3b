import type { ConversationsAnswer, Mailring, MessagesAnswer } from 'mailring';
import { beforeEach, describe, expect, test } from 'vitest';
import { openMailring, type Setup, send } from './mailrings.js';
import { conversationsOf, makeTraffic, messagesOf, type Traffic, totalsOf } from './traffic.js';

const GROUPS = [3, 1, 5, 7, 2, 4, 1, 6];

let setup: Setup;
let traffic: Traffic;
/** Number of the mailbox's first message, and its version. */
let first: number;
let version: number;

beforeEach(async () => {
  setup = await openMailring();
  first = setup.clock.now();
  traffic = await makeTraffic(setup.mailring, 'ann', GROUPS, first);
  version = first + traffic.messages.length - 1;
});

type Answer = ConversationsAnswer | MessagesAnswer;
interface Item {
  readonly lastUpdatedTimestamp: number;
}
const itemsOf = (answer: Answer): readonly Item[] => ('conversations' in answer ? answer.conversations : answer.messages);
interface Since {
  readonly lastUpdatedTimestamp: number;
  readonly pageSize?: number;
  readonly maxChanges?: number;
}
type Fetch = (since: Since) => Promise<Answer>;

/** Every list of the mailbox: how its changes are fetched, and all of it, oldest change first. */
function listsOf(mailring: Mailring): { readonly fetch: Fetch; readonly expected: readonly Item[] }[] {
  const userId = traffic.user;
  const conversationId = mailring.conversationIdOf(userId, 'p1');
  return [
    { fetch: (since) => mailring.fetchConversations({ userId, ...since }), expected: conversationsOf(traffic).toReversed() },
    { fetch: (since) => mailring.fetchMessages({ userId, ...since }), expected: messagesOf(traffic).toReversed() },
    { fetch: (since) => mailring.fetchMessages({ userId, conversationId, ...since }), expected: messagesOf(traffic, conversationId).toReversed() },
  ];
}

describe('a delta', () => {
  for (const pageSize of [1, 2, 3, 5, 50]) {
    test(`in slices of ${pageSize} gives from any cursor what changed since, each item once, oldest change first, and ends at the version`, async () => {
      await setup.warmAndCold(async (mailring) => {
        for (const { fetch, expected } of listsOf(mailring)) {
          // Every number is a cursor, also those inside a commit, and the one before the first.
          for (let cursor = first - 1; cursor <= version; cursor++) {
            const changed = expected.filter(({ lastUpdatedTimestamp }) => lastUpdatedTimestamp > cursor);
            const found: Item[] = [];
            let at = cursor;
            for (let slices = 0; slices <= changed.length; slices++) {
              const slice = await fetch({ lastUpdatedTimestamp: at, pageSize, maxChanges: Number.POSITIVE_INFINITY });
              expect(slice).toMatchObject({ isDeltaUpdate: true, hasMore: found.length + itemsOf(slice).length < changed.length });
              // What is passed over behind the last item may be consumed too; the next item not.
              const next = changed[found.length + itemsOf(slice).length];
              if (next === undefined) expect(slice.lastUpdatedTimestamp).toBe(version);
              else {
                expect(slice.lastUpdatedTimestamp).toBeGreaterThanOrEqual(itemsOf(slice).at(-1)!.lastUpdatedTimestamp);
                expect(slice.lastUpdatedTimestamp).toBeLessThan(next.lastUpdatedTimestamp);
              }
              expect(itemsOf(slice).length).toBeLessThanOrEqual(pageSize);
              for (const key of ['next', 'truncated', 'reason']) expect(slice).not.toHaveProperty(key);
              found.push(...itemsOf(slice));
              at = slice.lastUpdatedTimestamp;
              if (!slice.hasMore) break;
            }
            expect(found).toEqual(changed);
          }
        }
      });
    });
  }

  test('of the version is empty, has the same cursor, and the totals', async () => {
    await setup.warmAndCold(async (mailring) => {
      const empty = { isDeltaUpdate: true, hasMore: false, lastUpdatedTimestamp: version };
      const request = { userId: 'ann', lastUpdatedTimestamp: version };
      expect(await mailring.fetchConversations(request)).toEqual({ conversations: [], totals: totalsOf(traffic), ...empty });
      expect(await mailring.fetchMessages(request)).toEqual({ messages: [], floors: [], ...empty });
      for (const peer of ['p1', 'p77']) {
        expect(await mailring.fetchMessages({ ...request, conversationId: mailring.conversationIdOf('ann', peer) })).toEqual({
          messages: [],
          floors: [],
          ...empty,
        });
      }
      expect(await mailring.fetchMessages({ ...request, conversationId: mailring.conversationIdOf('p0', 'p1') })).toEqual({
        messages: [],
        floors: [],
        ...empty,
      });
    });
  });

  test('of 0 is from the beginning', async () => {
    const request = { userId: 'ann', lastUpdatedTimestamp: 0, maxChanges: Number.POSITIVE_INFINITY, pageSize: 200 };
    expect((await setup.mailring.fetchMessages(request)).messages).toEqual(messagesOf(traffic).toReversed());
    expect(await setup.mailring.fetchMessages({ ...request, userId: 'nobody' })).toEqual({
      messages: [],
      floors: [],
      isDeltaUpdate: true,
      hasMore: false,
      lastUpdatedTimestamp: 0,
    });
  });

  test('of a number above the version is answered by the first page, with the reason', async () => {
    const request = { userId: 'ann', lastUpdatedTimestamp: version + 1, pageSize: 3 };
    await setup.warmAndCold(async (mailring) => {
      const expected = { isDeltaUpdate: false, reason: 'future', hasMore: true, lastUpdatedTimestamp: version };
      expect(await mailring.fetchConversations(request)).toMatchObject({ conversations: conversationsOf(traffic).slice(0, 3), ...expected });
      expect(await mailring.fetchMessages(request)).toMatchObject({ messages: messagesOf(traffic).slice(0, 3), ...expected });
    });
  });
});

describe('maxChanges', () => {
  test('that is exceeded by one change gives the first page instead, with the reason; one page by default', async () => {
    await setup.warmAndCold(async (mailring) => {
      for (const { fetch, expected } of listsOf(mailring)) {
        for (const count of [1, 2, 3, 4]) {
          // So that exactly `count` items changed since.
          const lastUpdatedTimestamp = expected.at(-count - 1)!.lastUpdatedTimestamp;
          for (const given of [{ maxChanges: count }, { pageSize: count }, { pageSize: 1, maxChanges: count }]) {
            const delta = await fetch({ lastUpdatedTimestamp, ...given });
            expect(delta).toMatchObject({ isDeltaUpdate: true, hasMore: given.pageSize === 1 && count > 1 });
            expect(itemsOf(delta)).toEqual(expected.slice(-count).slice(0, given.pageSize));
          }
          const one = expected.at(-count - 2)?.lastUpdatedTimestamp ?? 0;
          for (const given of [{ maxChanges: count }, { pageSize: count }, { pageSize: 1, maxChanges: count }]) {
            const page = await fetch({ lastUpdatedTimestamp: one, ...given });
            expect(page).toMatchObject({ isDeltaUpdate: false, reason: 'too-many-changes', lastUpdatedTimestamp: version });
            expect(itemsOf(page)).toEqual(expected.toReversed().slice(0, given.pageSize ?? (expected.length > 20 ? 50 : 20)));
          }
        }
      }
    });
  });
});

describe('a client that keeps a copy', () => {
  test('and takes slices while commits go on holds, at the version, what a fresh client is given', async () => {
    const { mailring } = setup;
    const userId = 'ann';
    const held = new Map<string, object>();
    const firstPage = await mailring.fetchConversations({ userId, pageSize: 200 });
    for (const item of firstPage.conversations) held.set(item.conversationId, item);
    let cursor = firstPage.lastUpdatedTimestamp;
    for (let round = 0; round < 60; round++) {
      if (round < 30) await Promise.all(Array.from({ length: 1 + (round % 4) }, (_, i) => send(mailring, `q${(round * 7 + i) % 9}`, userId, `round ${round}`)));
      const slice = await mailring.fetchConversations({ userId, lastUpdatedTimestamp: cursor, pageSize: 2, maxChanges: Number.POSITIVE_INFINITY });
      expect(slice.isDeltaUpdate).toBe(true);
      for (const item of slice.conversations) held.set(item.conversationId, item);
      cursor = slice.lastUpdatedTimestamp;
      if (round >= 30 && !slice.hasMore) break;
    }
    const fresh = await mailring.fetchConversations({ userId, pageSize: 200 });
    expect(cursor).toBe(fresh.lastUpdatedTimestamp);
    expect([...held.values()].sort((a, b) => (b as Item).lastUpdatedTimestamp - (a as Item).lastUpdatedTimestamp)).toEqual(fresh.conversations);
  });
});

describe('a slice', () => {
  test('looks at 1,000 changes, may then be empty, and makes progress', async () => {
    const { mailring, clock, warmAndCold } = await openMailring();
    const start = clock.now();
    const conversationId = mailring.conversationIdOf('ann', 'cid');
    for (let from = 0; from < 2_400; from += 600) {
      await Promise.all(
        Array.from({ length: 600 }, (_, i) => (from + i === 2_000 ? send(mailring, 'cid', 'ann', 'rare') : send(mailring, 'bob', 'ann', 'often'))),
      );
    }
    // The clock stands: the first commit's numbers end at the time, and all later ones follow one after the other.
    const firstNumber = (await mailring.fetchMessages({ userId: 'ann' })).lastUpdatedTimestamp - 2_399;
    expect(firstNumber).toBe(start - 599);
    await warmAndCold(async (from) => {
      const fetch = (lastUpdatedTimestamp: number, maxChanges: number) =>
        from.fetchMessages({ userId: 'ann', conversationId, lastUpdatedTimestamp, maxChanges });
      for (const maxChanges of [1, Number.POSITIVE_INFINITY]) {
        const slices = [];
        let cursor = 0;
        for (let i = 0; i < 5; i++) {
          const { messages, lastUpdatedTimestamp, hasMore } = await fetch(cursor, maxChanges);
          slices.push({ at: lastUpdatedTimestamp - firstNumber, items: messages.length, hasMore });
          cursor = lastUpdatedTimestamp;
          if (!hasMore) break;
        }
        expect(slices.map(({ at }) => at)).toEqual([999, 1_999, 2_399]);
        expect(slices.map(({ hasMore }) => hasMore)).toEqual([true, true, false]);
        expect(slices.reduce((sum, { items }) => sum + items, 0)).toBe(1);
      }
      // One change in a conversation among 1,000 that were looked at: the rest of them come later.
      const list = await from.fetchConversations({ userId: 'ann', lastUpdatedTimestamp: firstNumber - 1, maxChanges: 2 });
      expect(list).toMatchObject({ conversations: [], isDeltaUpdate: true, hasMore: true, lastUpdatedTimestamp: firstNumber + 999 });
    });
  });

  test('ends at 1 MiB, with the rest to follow, and holds at least one message', async () => {
    const { mailring, warmAndCold } = await openMailring();
    for (let i = 0; i < 40; i++) await send(mailring, 'ann', 'bob', 'x'.repeat(65_535));
    await warmAndCold(async (from) => {
      const counts = [];
      let cursor = 0;
      for (let i = 0; i < 5; i++) {
        const slice = await from.fetchMessages({ userId: 'bob', lastUpdatedTimestamp: cursor, pageSize: 200, maxChanges: 200 });
        expect(slice.isDeltaUpdate).toBe(true);
        counts.push(slice.messages.length);
        cursor = slice.lastUpdatedTimestamp;
        if (!slice.hasMore) break;
      }
      expect(counts).toEqual([16, 16, 8]);
    });
  });
});

test('numbers of a mailbox are its own, and rise with every change whatever the clock does', async () => {
  const { mailring, clock, reopen } = await openMailring();
  const numbers: number[] = [];
  let current = mailring;
  for (const [i, move] of [0, 0, -10_000, 5, 3_600_000, -3_600_000, 0, 0].entries()) {
    clock.set(clock.now() + move);
    if (i === 4) current = await reopen();
    await Promise.all([send(current, 'ann', 'bob', 'a'), send(current, 'bob', 'ann', 'b'), send(current, 'cid', 'ann', 'c')]);
    const { messages, lastUpdatedTimestamp } = await current.fetchMessages({ userId: 'ann', pageSize: 3 });
    expect(messages[0]!.lastUpdatedTimestamp).toBe(lastUpdatedTimestamp);
    numbers.push(...messages.map((message) => message.lastUpdatedTimestamp).toReversed());
  }
  for (let i = 1; i < numbers.length; i++) expect(numbers[i]!).toBeGreaterThan(numbers[i - 1]!);
});
