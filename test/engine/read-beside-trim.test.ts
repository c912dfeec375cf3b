import type { Mailring, PartitionWrite } from 'mailring';
import { describe, expect, test } from 'vitest';
import { READS_DISTURBED_MAX } from '../../src/model/limits.js';
import { gate, type StoreHooks } from './hooked-store.js';
import { errorOf, openMailring, send } from './mailrings.js';
import { turns } from './manual-clock.js';
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
      const { answers, writing, written } = await writeTrim(both, ask);
      disturbed++;
      const asked = ask(both.current());
      await turns();
      writing.open();
      await written;
      await insist(await asked, answers);
    }
    expect(disturbed).toBe(questions(0).length);
  });

  test('leaves nothing behind in memory of what it has read beside such a commit', async () => {
    const both = await begin();
    const [list, , , , , , delta] = questions(both.cursors[DELTA_CURSOR]!) as [Ask, Ask, Ask, Ask, Ask, Ask, Ask];
    const { answers, writing, written } = await writeTrim(both, delta);
    const listed = list(both.current());
    await turns();
    const asked = delta(both.current());
    await turns();
    writing.open();
    await written;
    await listed;
    await insist(await asked, answers);
    await insist(await delta(both.current()), answers);
  });

  test('waits for commits of its own mailbox and holds them at the end, and those of no other; one that is given up holds nothing', async () => {
    const { mailring, hooks, reopen } = await openMailring({ limits: { logChanges: 10 } });
    for (let i = 0; i < 30; i++) await send(mailring, 'ann', `p${i % 9}`, `${i}`);
    const cold = await reopen();
    let scans = 0;
    const held = gate();
    const reached = gate();
    const hold: StoreHooks['scan'] = async (run) => {
      const rows = await run();
      hooks.scan = undefined;
      if (++scans > READS_DISTURBED_MAX) {
        // From now on nothing of ann is committed while the read goes on.
        reached.open();
        await held.pass();
      } else {
        for (let removed = false; !removed; ) {
          hooks.apply = (apply, writes) => {
            removed ||= removesRows(writes);
            return apply();
          };
          await send(cold, 'ann', `p${scans}`, 'beside');
        }
        hooks.scan = hold;
      }
      return rows;
    };
    hooks.scan = hold;
    const signal = new AbortController();
    const listed = cold.fetchMessages({ userId: 'ann', pageSize: 200 }, { signal: signal.signal });
    listed.catch(() => undefined);
    await reached.pass();
    let answered = false;
    const waiting = send(cold, 'ann', 'p1', 'waits').then(() => {
      answered = true;
    });
    await send(cold, 'bob', 'cid', 'goes on');
    await turns();
    expect(answered).toBe(false);
    signal.abort();
    await expect(listed).rejects.toMatchObject({ code: 'MAILRING_ABORTED' });
    let reads = 0;
    const counted = <T>(run: () => Promise<T>): Promise<T> => {
      reads++;
      return run();
    };
    Object.assign(hooks, { read: counted, scan: counted });
    held.open();
    await waiting;
    expect(reads).toBe(0);
    expect(cold.stats().shards['shard-0']).toMatchObject({ activeReads: 0, waitingWrites: 0, mailboxesInUse: 0 });
  });
});

function removesRows(writes: readonly PartitionWrite[]): boolean {
  return writes.some(({ ops }) => ops.some(({ type }) => type === 'delete'));
}

/**
 * Sends until a commit trims ann's log, and holds it when the store has it and before it says so. `answers`: what the whole log has answered `ask` at each version.
 */
async function writeTrim(both: TwoSetups, ask: Ask): Promise<{ answers: Map<number, unknown>; writing: ReturnType<typeof gate>; written: Promise<void> }> {
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
  const writing = gate();
  const { pass: reached, open: reach } = gate();
  both.trimmed.hooks.apply = async (run, writes) => {
    if (!removesRows(writes)) return run();
    const result = await run();
    reach();
    await writing.pass();
    return result;
  };
  const written = (async () => {
    for (const peer of ['p3', 'p14', 'p2']) {
      await both.send('ann', peer);
      await note();
    }
  })();
  await reached();
  await note();
  return { answers, writing, written };
}

test('an answer that waits for a commit that trims is refused when nobody knows what became of that commit', async () => {
  const setup = await openMailring({ limits: { logChanges: 5 } });
  for (let i = 0; i < 6; i++) await send(setup.mailring, 'bob', 'ann', `${i}`);
  const { hooks, clock } = setup;
  const cold = await setup.reopen();
  const [read, failed] = [gate(), gate()];
  const all = { userId: 'ann', lastUpdatedTimestamp: 0, maxChanges: 100 };
  let held = false;
  hooks.scan = async (run) => {
    if (!held) {
      held = true;
      await read.pass();
    }
    return run();
  };
  // It has its effect, and fails.
  hooks.apply = async (run) => {
    await run();
    await failed.pass();
    throw new Error('the disk does not answer');
  };
  const answer = errorOf(cold.fetchMessages(all));
  await turns();
  const sent = errorOf(send(cold, 'bob', 'ann', 'trims'));
  await turns();
  read.open();
  await turns();
  failed.open();
  hooks.apply = undefined;
  expect(await sent).toMatchObject({ code: 'MAILRING_UNAVAILABLE', outcome: 'unconfirmed' });
  expect(await answer).toMatchObject({ code: 'MAILRING_UNAVAILABLE' });
  await clock.pass(100);
  expect(await cold.fetchMessages(all)).toMatchObject({ reason: 'expired' });
});
