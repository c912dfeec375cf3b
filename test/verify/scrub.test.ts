import { Mailring, type Partition, type Row, type ScanRange, type VerifyProgress } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { describe, expect, test } from 'vitest';
import { conversationPrefix, messageKey } from '../../src/mailbox/keys.js';
import { errorOf, send } from '../engine/mailrings.js';
import { ManualClock, turns } from '../engine/manual-clock.js';
import { away, COPIES, fill, home, named, problem } from './mailboxes.js';
import { StoredRows } from './stored-rows.js';

/** Counts the bytes that scans give. */
class CountingStore extends MemoryStore {
  bytes = 0;

  override async scan(partition: Partition, range: ScanRange): Promise<Row[]> {
    const rows = await super.scan(partition, range);
    for (const { key, value } of rows) this.bytes += key.length + value.length;
    return rows;
  }
}

/** Lets a clock go on, step by step, until a call has answered; gives the answer and how long that took by the clock. */
async function whileTimePasses<T>(clock: ManualClock, call: Promise<T>): Promise<{ readonly answer: T; readonly ms: number }> {
  const began = clock.now();
  let answered = false;
  const settled = call.finally(() => {
    answered = true;
  });
  settled.catch(() => undefined);
  for (await turns(); !answered; await turns()) await clock.pass(1);
  return { answer: await settled, ms: clock.now() - began };
}

const pauses = (clock: ManualClock) => clock.delays.reduce((sum, ms) => sum + ms, 0);

async function filled() {
  const store = new CountingStore();
  await fill(store);
  const clock = new ManualClock(1_800_000_000_000);
  const mailring = await Mailring.open({ store, clock });
  store.bytes = 0;
  clock.delays.length = 0;
  return { store, clock, mailring };
}

describe('scrub', () => {
  test('looks at what verify looks at, and takes as long as the bytes it reads may take', async () => {
    const { store, clock, mailring } = await filled();
    const whole = await mailring.verify();
    expect(clock.delays).toEqual([]);
    const { bytes } = store;
    store.bytes = 0;
    const { answer, ms } = await whileTimePasses(clock, mailring.scrub({ bytesPerSecond: 10_000 }));
    expect(answer).toEqual(whole);
    expect(answer).toMatchObject({ ok: true, checked: { mailboxes: 4, messages: COPIES } });
    expect(store.bytes).toBe(bytes);
    // What was read last is not waited for.
    const dueMs = (bytes / 10_000) * 1_000;
    expect(ms).toBeGreaterThan(dueMs * 0.5);
    expect(pauses(clock)).toBeGreaterThan(dueMs * 0.5);
    expect(pauses(clock)).toBeLessThanOrEqual(dueMs);
    await mailring.close();
  });

  test('finds what verify finds, and lets nothing wait for its pauses', async () => {
    const rows = new StoredRows();
    await fill(rows.store());
    await rows.put(away, messageKey(conversationPrefix(home), 3), undefined);
    const clock = new ManualClock(1_800_000_000_000);
    const mailring = await Mailring.open({ store: rows.store(), clock });
    const expected = named(await mailring.verify());
    expect(expected).toContainEqual(problem('seq', away, home, 3));
    const scrub = mailring.scrub({ bytesPerSecond: 100 });
    let paused = 0;
    let done = false;
    const settled = scrub.finally(() => {
      done = true;
    });
    while (!done) {
      await turns();
      // At every pause: a send is answered without that the clock goes on.
      paused++;
      await send(mailring, home, away, `${paused}`);
      await clock.pass(1_000);
    }
    const found = await settled;
    expect(paused).toBeGreaterThan(20);
    expect(named(found)).toEqual(expected);
    await mailring.close();
  });

  test('that is given up, or whose mailring is closed, ends at once', async () => {
    const { clock, mailring } = await filled();
    const abort = new AbortController();
    const given = mailring.scrub({ bytesPerSecond: 1 }, { signal: abort.signal });
    await turns();
    abort.abort();
    expect(await errorOf(given)).toMatchObject({ code: 'MAILRING_ABORTED' });
    const closed = errorOf(mailring.scrub({ bytesPerSecond: 1 }));
    await turns();
    await mailring.close();
    await clock.pass(1_000);
    expect(await closed).toMatchObject({ code: 'MAILRING_CLOSED' });
    expect(await errorOf(mailring.scrub({ bytesPerSecond: 1 }))).toMatchObject({ code: 'MAILRING_CLOSED' });
  });

  test('says how far it is, and takes only a number of bytes', async () => {
    const { clock, mailring } = await filled();
    const progress: VerifyProgress[] = [];
    await whileTimePasses(clock, mailring.scrub({ bytesPerSecond: Number.MAX_SAFE_INTEGER }, { onProgress: (checked) => progress.push(checked) }));
    expect(progress.at(-1)).toEqual({ mailboxes: 4, messages: COPIES });
    for (const bytesPerSecond of [undefined, null, '5', {}]) await expect(mailring.scrub({ bytesPerSecond } as never)).rejects.toThrow(TypeError);
    for (const bytesPerSecond of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])
      await expect(mailring.scrub({ bytesPerSecond })).rejects.toThrow(RangeError);
    await expect(mailring.scrub({ bytesPerSecond: 1, userId: 'ann' } as never)).rejects.toThrow(/unknown key in the request of scrub/);
    await expect(mailring.scrub({ bytesPerSecond: 1 }, { timeoutMs: 5 } as never)).rejects.toThrow(/unknown key in the options of scrub/);
    await mailring.close();
  });
});
