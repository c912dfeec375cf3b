import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Measured, Run } from './measure.js';

const MEASURE = fileURLToPath(new URL('measure.ts', import.meta.url));
const MINUTE_MS = 60_000;
const deep = process.env.MAILRING_DEEP === '1';
const MAILBOXES = Number(process.env.MAILRING_MAILBOXES ?? (deep ? 1_000_000 : 10_000));

function measure(run: Run): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const child = fork(MEASURE, [JSON.stringify(run)], { execArgv: ['--expose-gc', '--max-old-space-size=8192', '--import', 'tsx'] });
    let measured: Measured | undefined;
    child.on('message', (message) => {
      measured = message as Measured;
    });
    child.on('exit', (code) => (measured === undefined ? reject(new Error(`a run measured nothing; exit code ${code}`)) : resolve(measured)));
  });
}

test(
  `${MAILBOXES} mailboxes take no more memory than the cache may hold, and a tenth`,
  async () => {
    const cacheBytes = 1_600 * MAILBOXES;
    const over = MAILBOXES > 100_000 ? 'level' : 'memory';
    const empty = await measure({ what: 'mailboxes', over, mailboxes: MAILBOXES, cacheBytes: 1 });
    const full = await measure({ what: 'mailboxes', over, mailboxes: MAILBOXES, cacheBytes });
    const taken = full.bytes - empty.bytes;
    console.log(`${MAILBOXES} mailboxes, cache of ${cacheBytes} bytes: ${full.cachedMailboxes} in it, ${full.cachedBytes} counted, ${taken} taken`);
    expect(empty).toMatchObject({ cachedBytes: 0, cachedMailboxes: 0 });
    // It is full: mailboxes had to leave, or to become lean.
    expect(full.cachedBytes).toBeGreaterThan(0.9 * cacheBytes);
    expect(full.cachedBytes).toBeLessThanOrEqual(cacheBytes);
    expect(taken).toBeLessThanOrEqual(1.1 * cacheBytes);
  },
  deep ? 120 * MINUTE_MS : 5 * MINUTE_MS,
);

test('10,000 watches that wait take 3 KiB each at most', { timeout: 5 * MINUTE_MS }, async () => {
  const [none, all] = [0, 10_000];
  const [empty, full] = [
    await measure({ what: 'watches', over: 'memory', mailboxes: none, cacheBytes: 1 }),
    await measure({ what: 'watches', over: 'memory', mailboxes: all, cacheBytes: 1 }),
  ];
  const each = (full.bytes - empty.bytes) / all;
  console.log(`${all} watches that wait: ${Math.round(each)} bytes each`);
  expect(full).toMatchObject({ cachedBytes: 0, cachedMailboxes: 0 });
  expect(each).toBeGreaterThan(100);
  expect(each).toBeLessThan(3_072);
});
