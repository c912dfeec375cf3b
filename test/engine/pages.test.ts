import type { ConversationsAnswer, Mailring, MessagesAnswer } from 'mailring';
import { beforeEach, describe, expect, test } from 'vitest';
import { openMailring, type Setup, send } from './mailrings.js';
import { conversationsOf, makeTraffic, messagesOf, type Traffic, totalsOf } from './traffic.js';

const GROUPS = [3, 1, 5, 7, 2, 4, 1, 1, 6, 3];
const SIZES = [1, 2, 3, 4, 5, 7, 16, 50, 200];

let setup: Setup;
let traffic: Traffic;

beforeEach(async () => {
  setup = await openMailring();
  traffic = await makeTraffic(setup.mailring, 'ann', GROUPS, setup.clock.now());
});

type Page = ConversationsAnswer | MessagesAnswer;
const itemsOf = (page: Page): readonly object[] => ('conversations' in page ? page.conversations : page.messages);
type Fetch = (place: { pageSize: number; pageNumber?: number; before?: number | undefined }) => Promise<Page>;

/** Every list of the mailbox: how it is fetched, and what it has to be. */
function listsOf(mailring: Mailring): { readonly fetch: Fetch; readonly expected: readonly object[] }[] {
  const userId = traffic.user;
  return [
    { fetch: (place) => mailring.fetchConversations({ userId, ...place }), expected: conversationsOf(traffic) },
    { fetch: (place) => mailring.fetchMessages({ userId, ...place }), expected: messagesOf(traffic) },
    ...traffic.peers.map((peer) => {
      const conversationId = mailring.conversationIdOf(userId, peer);
      return {
        fetch: (place: Parameters<Fetch>[0]) => mailring.fetchMessages({ userId, conversationId, ...place }),
        expected: messagesOf(traffic, conversationId),
      };
    }),
  ];
}

describe('a list', () => {
  for (const pageSize of SIZES) {
    test(`by page numbers, ${pageSize} a page, is the list, and says exactly where it ends`, async () => {
      await setup.warmAndCold(async (mailring) => {
        const version = setup.clock.now() + traffic.messages.length - 1;
        for (const { fetch, expected } of listsOf(mailring)) {
          const pages = Math.ceil(expected.length / pageSize);
          for (let pageNumber = 1; pageNumber <= pages + 1; pageNumber++) {
            const page = await fetch({ pageSize, pageNumber });
            expect(itemsOf(page)).toEqual(expected.slice((pageNumber - 1) * pageSize, pageNumber * pageSize));
            expect(page).toMatchObject({ hasMore: pageNumber < pages, isDeltaUpdate: false, lastUpdatedTimestamp: version });
            expect('next' in page).toBe(page.hasMore);
            if ('totals' in page) expect(page.totals).toEqual(totalsOf(traffic));
          }
        }
      });
    });

    test(`through next, ${pageSize} a page, is the list: nothing twice, nothing left out, also where a border falls inside a commit`, async () => {
      await setup.warmAndCold(async (mailring) => {
        for (const { fetch, expected } of listsOf(mailring)) {
          const found: object[] = [];
          let before: number | undefined;
          for (let pages = 0; pages <= expected.length; pages++) {
            const page = await fetch({ pageSize, before });
            found.push(...itemsOf(page));
            expect(page.hasMore).toBe(found.length < expected.length);
            before = page.next;
            if (before === undefined) break;
          }
          expect(found).toEqual(expected);
        }
      });
    });
  }

  test('through next does not move when something arrives, and a cold page begins at its border', async () => {
    const first = await setup.mailring.fetchMessages({ userId: 'ann', pageSize: 4 });
    const list = await setup.mailring.fetchConversations({ userId: 'ann', pageSize: 2 });
    const expected = [messagesOf(traffic), conversationsOf(traffic)];
    await Promise.all(['p9', 'p8', 'p7'].map((peer) => send(setup.mailring, peer, 'ann', 'new')));
    await setup.warmAndCold(async (mailring) => {
      expect((await mailring.fetchMessages({ userId: 'ann', pageSize: 4, before: first.next })).messages).toEqual(expected[0]!.slice(4, 8));
      expect((await mailring.fetchConversations({ userId: 'ann', pageSize: 2, before: list.next })).conversations).toEqual(expected[1]!.slice(2, 4));
    });
  });

  test('of somebody else, of nobody and of a stranger is empty', async () => {
    const nothing = { isDeltaUpdate: false, hasMore: false };
    await setup.warmAndCold(async (mailring) => {
      for (const userId of ['nobody', 'an', 'anna', 'Ann']) {
        expect(await mailring.fetchConversations({ userId })).toEqual({
          conversations: [],
          lastUpdatedTimestamp: 0,
          totals: { conversations: 0, unread: 0 },
          ...nothing,
        });
        expect(await mailring.fetchMessages({ userId })).toEqual({ messages: [], lastUpdatedTimestamp: 0, ...nothing });
      }
      // A conversation that ann has no part in, though it exists.
      const version = (await mailring.fetchMessages({ userId: 'ann' })).lastUpdatedTimestamp;
      const conversationId = mailring.conversationIdOf('p0', 'p1');
      expect((await mailring.fetchMessages({ userId: 'p0', conversationId })).messages).toHaveLength(GROUPS.length);
      expect(await mailring.fetchMessages({ userId: 'ann', conversationId })).toEqual({ messages: [], lastUpdatedTimestamp: version, ...nothing });
      expect(await mailring.fetchMessages({ userId: 'ann', conversationId: mailring.conversationIdOf('ann', 'p77') })).toMatchObject({
        messages: [],
        ...nothing,
      });
    });
  });
});

describe('a page of large messages', () => {
  const LARGE = 'x'.repeat(65_535); // 16 of them are 16 bytes short of 1 MiB

  async function largeConversation(contents: readonly string[]) {
    const { mailring, warmAndCold } = await openMailring();
    for (const content of contents) await send(mailring, 'ann', 'bob', content);
    return { conversationId: mailring.conversationIdOf('ann', 'bob'), warmAndCold };
  }

  test('ends at 1 MiB, says so, and goes on through next with what was cut; later pages by number do not shift', async () => {
    const { conversationId, warmAndCold } = await largeConversation(Array.from({ length: 45 }, () => LARGE));
    const seqs = ({ messages }: MessagesAnswer) => messages.map(({ seq }) => seq);
    const down = (from: number, count: number) => Array.from({ length: count }, (_, i) => from - i);
    await warmAndCold(async (mailring) => {
      for (const request of [{ userId: 'bob', conversationId }, { userId: 'bob' }]) {
        const first = await mailring.fetchMessages({ ...request, pageSize: 20 });
        expect(first).toMatchObject({ truncated: true, hasMore: true });
        expect(seqs(first)).toEqual(down(45, 16));
        const second = await mailring.fetchMessages({ ...request, pageSize: 10, before: first.next });
        expect(seqs(second)).toEqual(down(29, 10));
        expect(second).toMatchObject({ hasMore: true });
        expect(second).not.toHaveProperty('truncated');
        const byNumber = await mailring.fetchMessages({ ...request, pageSize: 20, pageNumber: 2 });
        expect(seqs(byNumber)).toEqual(down(25, 16));
        const last = await mailring.fetchMessages({ ...request, pageSize: 20, pageNumber: 3 });
        expect(seqs(last)).toEqual(down(5, 5));
        expect(last).toMatchObject({ hasMore: false });
      }
    });
  });

  test('may have exactly 1 MiB', async () => {
    const { conversationId, warmAndCold } = await largeConversation(['one more', 'y'.repeat(16), ...Array.from({ length: 16 }, () => LARGE)]);
    await warmAndCold(async (mailring) => {
      const page = await mailring.fetchMessages({ userId: 'ann', conversationId, pageSize: 200 });
      expect(page.messages).toHaveLength(17);
      expect(page).toMatchObject({ truncated: true, hasMore: true });
      expect((await mailring.fetchMessages({ userId: 'ann', conversationId, before: page.next })).messages).toMatchObject([
        { seq: 1, messageContent: 'one more' },
      ]);
    });
  });
});

test('a list goes on to its end where the log is longer than what is kept in memory', async () => {
  const { mailring, warmAndCold, clock } = await openMailring();
  const count = 2_600;
  for (let i = 0; i < count; i++) await send(mailring, `peer-${i % 1_300}`, 'ann', `text ${i}`);
  const start = clock.now();
  await warmAndCold(async (from) => {
    const numbers: number[] = [];
    const conversations: number[] = [];
    let before: number | undefined;
    for (let pages = 0; pages < 20; pages++) {
      const page = await from.fetchMessages({ userId: 'ann', pageSize: 200, before });
      numbers.push(...page.messages.map(({ lastUpdatedTimestamp }) => lastUpdatedTimestamp));
      before = page.next;
      if (before === undefined) break;
    }
    expect(numbers).toEqual(Array.from({ length: count }, (_, i) => start + count - 1 - i));
    for (let pageNumber = 1; pageNumber <= 7; pageNumber++) {
      const page = await from.fetchConversations({ userId: 'ann', pageSize: 200, pageNumber });
      conversations.push(...page.conversations.map(({ lastActivityTimestamp }) => lastActivityTimestamp));
      expect(page.hasMore).toBe(pageNumber < 7);
    }
    expect(conversations).toEqual(Array.from({ length: 1_300 }, (_, i) => start + count - 1 - i));
  });
});
