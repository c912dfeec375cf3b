import { getEventListeners, setMaxListeners } from 'node:events';
import { type Clock, createClientMessageId, Mailring } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/model/clock.js';
import { temporaryFolders } from '../store/temporary-folder.js';

const deep = process.env.MAILRING_DEEP === '1';
const SENDS = Number(process.env.MAILRING_SENDS ?? (deep ? 1_000_000 : 20_000));
const TOGETHER = 500;
const WATCHES = 10_000;

const folder = temporaryFolders();

/** A clock of the machine that counts the timers which are set. */
function countingClock(): { readonly clock: Clock; timers(): number } {
  let timers = 0;
  const after: Clock['after'] = (delayMs, task) => {
    timers++;
    let set = true;
    const end = () => {
      if (set) timers--;
      set = false;
    };
    const cancel = systemClock.after(delayMs, () => {
      end();
      task();
    });
    return () => {
      end();
      cancel();
    };
  };
  return { clock: { ...systemClock, after }, timers: () => timers };
}

/** Handles that keep the process alive. The test runner's own come and go. */
const handles = () => process.getActiveResourcesInfo().filter((kind) => kind !== 'Timeout' && kind !== 'Immediate').length;
const RUNNER_HANDLES_MAX = 5;
/** A sweep of each shard sets one timer after the other. */
const SWEEP_TIMERS_MAX = 2;

function signalOfMany(): AbortSignal {
  const { signal } = new AbortController();
  setMaxListeners(0, signal);
  return signal;
}

async function sends(mailring: Mailring, count: number, options: { signal: AbortSignal; timeoutMs: number }): Promise<void> {
  for (let from = 0; from < count; from += TOGETHER) {
    const send = (i: number) =>
      mailring.sendMessage(
        { senderId: `user-${i % 97}`, recipientId: `user-${i % 89}`, messageContent: `${i}`, clientMessageId: createClientMessageId() },
        options,
      );
    await Promise.all(Array.from({ length: TOGETHER }, (_, i) => send(from + i)));
  }
}

test(`${SENDS} sends leave no listener, timer or handle, and nothing in a queue`, { timeout: deep ? 3_600_000 : 120_000 }, async () => {
  const signal = signalOfMany();
  const { clock, timers } = countingClock();
  const mailring = await Mailring.open({ location: await folder(), shards: 2, clock });
  const options = { signal, timeoutMs: 3_600_000 };
  await sends(mailring, TOGETHER, options);
  const [timersBefore, handlesBefore] = [timers(), handles()];
  await sends(mailring, SENDS, options);
  await mailring.fetchMessages({ userId: 'user-1' }, options);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
  expect(timers()).toBeLessThanOrEqual(timersBefore + SWEEP_TIMERS_MAX);
  expect(handles()).toBeLessThanOrEqual(handlesBefore + RUNNER_HANDLES_MAX);
  const idle = { status: 'open', waitingWrites: 0, activeReads: 0, mailboxesInUse: 0, fences: 0, batches: expect.any(Number) };
  await expect.poll(() => mailring.stats().shards).toMatchObject({ 'shard-0': idle, 'shard-1': idle });
  await mailring.close();
});

test('10,000 watches that wait have no timer each, and end with the mailring', async () => {
  const signal = signalOfMany();
  const { clock, timers } = countingClock();
  const mailring = await Mailring.open({ store: new MemoryStore(), clock });
  const [timersBefore, handlesBefore] = [timers(), handles()];
  const watches = Array.from({ length: WATCHES }, (_, i) => mailring.watch({ userId: `user-${i}` }, { signal }));
  const waiting = watches.map((watch) => watch.next());
  await expect.poll(() => mailring.stats().shards['shard-0']!.activeReads).toBe(0);
  expect(timers()).toBeLessThanOrEqual(timersBefore + SWEEP_TIMERS_MAX);
  expect(handles()).toBeLessThanOrEqual(handlesBefore + RUNNER_HANDLES_MAX);
  await mailring.close();
  expect((await Promise.all(waiting)).every(({ done }) => done)).toBe(true);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});
