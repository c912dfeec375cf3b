import type { Mailring } from 'mailring';
import { describe, expect, test } from 'vitest';
import { openMailring, type Setup, send } from './mailrings.js';

const ids = { next: 0 };

/** Two mailrings that take the same sends at the same times: one keeps all of its logs, the other 5 changes of each. */
async function openBoth(
  limits: { logChanges?: number; cacheBytes?: number } = {},
): Promise<{ whole: Setup; trimmed: Setup; send(from: string, to: string): Promise<void> }> {
  const whole = await openMailring();
  const trimmed = await openMailring({ limits: { logChanges: 5, ...limits } });
  const last = [whole.mailring, trimmed.mailring];
  return {
    whole,
    trimmed,
    send: async (from, to) => {
      const id = `id-${String(ids.next++).padStart(8, '0')}`;
      for (const mailring of last) await send(mailring, from, to, `${from} to ${to}`, id);
      for (const { clock } of [whole, trimmed]) clock.set(clock.now() + 3);
    },
  };
}

async function allPages(mailring: Mailring, userId: string, pageSize: number): Promise<unknown> {
  const all: unknown[] = [];
  for (const fetch of ['fetchConversations', 'fetchMessages'] as const) {
    for (let before: number | undefined; ; ) {
      const page = await mailring[fetch]({ userId, pageSize, before });
      all.push(page);
      before = page.next;
      if (before === undefined) break;
    }
    for (let pageNumber = 1; ; pageNumber++) {
      const page = await mailring[fetch]({ userId, pageSize, pageNumber });
      all.push(page);
      if (!page.hasMore) break;
    }
  }
  return all;
}

describe('a log of 5 changes', () => {
  test('every page is what it is with the whole log, warm and cold', async () => {
    const { whole, trimmed, send } = await openBoth();
    for (let i = 0; i < 60; i++) await send(i % 3 === 0 ? `p${(i * 7) % 11}` : 'ann', i % 3 === 0 ? 'ann' : `p${(i * i) % 13}`);
    expect((await trimmed.mailring.verify()).problems).toEqual([]);
    await trimmed.warmAndCold(async (mailring) => {
      for (const pageSize of [1, 3, 7, 200]) expect(await allPages(mailring, 'ann', pageSize)).toEqual(await allPages(whole.mailring, 'ann', pageSize));
    });
  });
});
