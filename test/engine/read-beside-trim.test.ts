import type { Mailring } from 'mailring';
import { describe, expect, test } from 'vitest';
import { gate } from './hooked-store.js';
import { openBoth, type TwoSetups } from './trimmed-logs.js';

type Ask = (mailring: Mailring) => Promise<{ readonly lastUpdatedTimestamp: number }>;

/** Everything sent so far, so that half of the conversations are beyond the log. */
async function begin(): Promise<TwoSetups & { readonly cursors: readonly number[] }> {
  const both = await openBoth({ logChanges: 6 });
  const cursors: number[] = [];
  for (let i = 0; i < 25; i++) {
    await both.send('ann', `p${i % 12}`);
    cursors.push((await both.whole.mailring.fetchMessages({ userId: 'ann', pageSize: 1 })).lastUpdatedTimestamp);
  }
  return { ...both, cursors };
}

/** Every kind of answer that is made from log or old list; `cursor` is the oldest one that the log still answers. */
function questions(cursor: number): readonly Ask[] {
  const userId = 'ann';
  return [
    (mailring) => mailring.fetchConversations({ userId, pageSize: 200 }),
    (mailring) => mailring.fetchConversations({ userId, pageSize: 3, pageNumber: 3 }),
    (mailring) => mailring.fetchMessages({ userId, pageSize: 200 }),
    (mailring) => mailring.fetchMessages({ userId, pageSize: 4, pageNumber: 4 }),
    (mailring) => mailring.fetchMessages({ userId, pageSize: 4, before: cursor }),
    (mailring) => mailring.fetchConversations({ userId, pageSize: 4, before: cursor }),
    (mailring) => mailring.fetchMessages({ userId, lastUpdatedTimestamp: cursor, maxChanges: 100 }),
    (mailring) => mailring.fetchConversations({ userId, lastUpdatedTimestamp: cursor, maxChanges: 100 }),
  ];
}

/** Sends what trims the log and takes conversations out of the old list; gives what each answer is with the whole log, by version. */
async function disturb({ send, whole }: TwoSetups, ask: Ask): Promise<Map<number, unknown>> {
  const answers = new Map<number, unknown>();
  const note = async () => {
    const answer = await ask(whole.mailring);
    answers.set(answer.lastUpdatedTimestamp, answer);
  };
  await note();
  for (const peer of ['p3', 'p13', 'p4', 'p2', 'p1']) {
    await send('ann', peer);
    await note();
  }
  return answers;
}

/** An answer of the trimmed mailring is that of the whole one at its version, but that a delta may find its cursor expired. */
async function insist(answer: { readonly lastUpdatedTimestamp: number; readonly reason?: string }, answers: ReadonlyMap<number, unknown>): Promise<void> {
  if (answer.reason === 'expired') return;
  expect(answers.get(answer.lastUpdatedTimestamp)).toBeDefined();
  expect(answer).toEqual(answers.get(answer.lastUpdatedTimestamp));
}

describe('an answer that is made while the log is trimmed beside it', () => {
  const DELTA_CURSOR = 18;

  test.each(['held before it reads', 'held when it has read'])('is of one version, whichever of its scans is %s', { timeout: 60_000 }, async (held) => {
    let heldScans = 0;
    for (let which = 0; which < questions(0).length; which++) {
      for (let nth = 1; nth < 12; nth++) {
        const both = await begin();
        const ask = questions(both.cursors[DELTA_CURSOR]!)[which]!;
        await both.reopen();
        const { trimmed } = both;
        const { pass, open } = gate();
        const { pass: reached, open: reach } = gate();
        let scans = 0;
        trimmed.hooks.scan = async (run) => {
          if (++scans !== nth) return run();
          const rows = held === 'held before it reads' ? undefined : await run();
          reach();
          await pass();
          return rows ?? run();
        };
        const cold = both.current();
        const asked = ask(cold);
        await Promise.race([reached(), asked]);
        // Sends read too, and are not to be held.
        trimmed.hooks.scan = undefined;
        if (scans >= nth) heldScans++;
        const answers = await disturb(both, ask);
        open();
        await insist(await asked, answers);
        await insist(await ask(both.current()), answers);
        if (scans < nth) break;
      }
    }
    expect(heldScans).toBeGreaterThan(20);
  });

  test('counts a commit that is being written: its rows may be there before its version is', async () => {
    let disturbed = 0;
    for (let which = 0; which < questions(0).length; which++) {
      const both = await begin();
      const ask = questions(both.cursors[DELTA_CURSOR]!)[which]!;
      await both.reopen();
      const answers = new Map<number, unknown>();
      const note = async () => {
        const answer = await ask(both.whole.mailring);
        answers.set(answer.lastUpdatedTimestamp, answer);
      };
      await note();
      // The first commit only counts what came since the mailbox was loaded.
      await both.send('ann', 'p13');
      await note();
      const { pass, open } = gate();
      const { pass: reached, open: reach } = gate();
      both.trimmed.hooks.apply = async (run, writes) => {
        if (!writes.some(({ ops }) => ops.some(({ type }) => type === 'delete'))) return run();
        const result = await run();
        reach();
        await pass();
        return result;
      };
      const sending = (async () => {
        for (const peer of ['p3', 'p14', 'p2']) {
          await both.send('ann', peer);
          await note();
        }
      })();
      await reached();
      await note();
      disturbed++;
      const asked = ask(both.current());
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
      open();
      await sending;
      await insist(await asked, answers);
    }
    expect(disturbed).toBe(questions(0).length);
  });
});
