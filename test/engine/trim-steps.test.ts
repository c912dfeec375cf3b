import { Mailring, type PartitionWrite } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { describe, expect, test } from 'vitest';
import { LogTrim } from '../../src/mailbox/log-trim.js';
import { baseName } from '../../src/mailbox/mailbox-draft.js';
import { CHANGE, FRESH_HEAD, type LogRow } from '../../src/mailbox/rows.js';
import { parseUserId, partitionOf } from '../../src/model/ids.js';
import { LOG_COUNT_ROWS } from '../../src/model/limits.js';
import { noteKey } from '../../src/store/store.js';
import { StoredRows } from '../verify/stored-rows.js';
import { countingStore } from './counting-store.js';
import { gate, hookedStore } from './hooked-store.js';
import { openMailring, send } from './mailrings.js';
import { ManualClock, turns } from './manual-clock.js';
import { storedLog } from './trimmed-logs.js';

const ann = partitionOf(parseUserId('ann'));

/** Log rows of a mailbox that a commit deletes. */
function rowsTrimmed(writes: readonly PartitionWrite[], partition: Uint8Array): number {
  const ops = writes.filter((write) => Buffer.compare(write.partition, partition) === 0).flatMap(({ ops }) => ops);
  return ops.filter((op) => op.type === 'delete' && op.key[0] === 0x20).length;
}

describe('trimming', () => {
  test('begins at a tenth more than is kept, takes at most 64 changes a commit, and ends at what is kept', async () => {
    const { mailring, memory, hooks } = await openMailring({ limits: { logChanges: 1_000 } });
    const trimmed: number[] = [];
    hooks.apply = (run, writes) => {
      trimmed.push(rowsTrimmed(writes, ann));
      return run();
    };
    for (let i = 0; i < 1_100; i++) await send(mailring, 'ann', `peer-${i % 7}`, `${i}`);
    expect(trimmed).toEqual(Array(1_100).fill(0));
    expect(await storedLog(memory, 'ann')).toMatchObject({ changes: 1_100, head: undefined });
    trimmed.length = 0;
    for (let i = 0; i < 4; i++) await send(mailring, 'ann', 'peer-0', `${i}`);
    // One change more and 64 less with each; 1,101 − 1,000 are too many for one.
    expect(trimmed).toEqual([64, 38, 0, 0]);
    expect(await storedLog(memory, 'ann')).toMatchObject({ changes: 1_002, head: { logged: { changes: 1_000, trimming: false } } });
  });

  test('goes on with the next commit also where the mailbox is loaded anew', async () => {
    const { mailring, memory, reopen } = await openMailring({ limits: { logChanges: 1_000 } });
    for (let i = 0; i < 1_101; i++) await send(mailring, 'ann', `peer-${i % 7}`, `${i}`);
    expect(await storedLog(memory, 'ann')).toMatchObject({ changes: 1_037, head: { logged: { changes: 1_037, trimming: true } } });
    await send(await reopen(), 'ann', 'peer-0', 'next');
    expect(await storedLog(memory, 'ann')).toMatchObject({ changes: 1_000, head: { logged: { changes: 1_000, trimming: false } } });
  });

  test('goes on also where commits that could not trim came between', async () => {
    const rows = new StoredRows();
    const store = rows.store();
    const owner = parseUserId('ann');
    const open = () => Mailring.open({ store, limits: { logChanges: 1_000 }, clock: new ManualClock() });
    const first = await open();
    for (let i = 0; i < 1_101; i++) await send(first, 'ann', `peer-${i % 7}`, `${i}`);
    await first.close();
    const oldest = (await rows.log(owner)).at(-1)!;
    await rows.put(owner, noteKey(oldest.version), Uint8Array.of(1, 2, 3));
    const second = await open();
    for (let i = 0; i < 3; i++) await send(second, 'ann', 'peer-0', `${i}`);
    await second.close();
    await rows.putLog(owner, oldest);
    const third = await open();
    expect(await storedLog(store, 'ann')).toMatchObject({ changes: 1_040, head: { logged: { changes: 1_037, trimming: true } } });
    await send(third, 'ann', 'peer-0', 'next');
    await turns();
    expect(await storedLog(store, 'ann')).toMatchObject({ changes: 1_000, head: { logged: { changes: 1_000, trimming: false } } });
    await third.close();
  });

  test('never cuts a row: one with more changes than a step goes alone, once what is left is enough', async () => {
    const { mailring, memory, hooks } = await openMailring({ limits: { logChanges: 100 } });
    await send(mailring, 'ann', 'peer-0', 'first');
    await Promise.all(Array.from({ length: 200 }, (_, i) => send(mailring, 'ann', `peer-${i}`, 'burst')));
    const { log } = await storedLog(memory, 'ann');
    const largest = Math.max(...log.map(({ changes }) => changes.length));
    expect(largest).toBeGreaterThan(64);
    const kept: number[] = [];
    hooks.apply = async (run) => {
      const result = await run();
      kept.push((await storedLog(memory, 'ann')).changes);
      return result;
    };
    for (let i = 0; i < 120; i++) await send(mailring, 'ann', 'peer-0', `${i}`);
    expect(Math.min(...kept)).toBeGreaterThanOrEqual(100);
    expect(kept.at(-1)).toBeLessThanOrEqual(110);
    expect((await storedLog(memory, 'ann')).oldList).toHaveLength(199);
    expect((await mailring.verify()).problems).toEqual([]);
  });

  test('a mailbox that is in memory for two commits at a time is trimmed too, and no commit counts its log for nothing', async () => {
    const { store, take } = countingStore(new MemoryStore());
    const limits = { logChanges: 500, cacheBytes: 1 };
    const clock = new ManualClock();
    let rows = 0;
    let longest = 0;
    const commits = 3_000;
    for (let i = 0; i < commits; i += 100) {
      const mailring = await Mailring.open({ store, limits, clock });
      for (let j = 0; j < 100; j += 2) {
        await Promise.all([send(mailring, 'ann', `peer-${j % 5}`, `${j}`), send(mailring, `peer-${(j + 1) % 5}`, 'ann', `${j}`)]);
        clock.set(clock.now() + 1_000);
      }
      rows += take().rowsScanned;
      const { changes, head } = await storedLog(store, 'ann');
      if (head !== undefined) expect(changes).toBeGreaterThanOrEqual(500);
      longest = Math.max(longest, changes);
      if (i % 1_000 === 0) expect((await mailring.verify()).problems).toEqual([]);
      await mailring.close();
      take();
    }
    expect(longest).toBeGreaterThan(550);
    expect(longest).toBeLessThan(1_100);
    // A send that trims nothing reads 4: in each mailbox the conversation and its newest message.
    expect(rows / commits).toBeLessThan(12);
  });

  test('counts a log beside the sends, none of which waits for it, and begins without another', async () => {
    const { mailring, memory } = await openMailring({ limits: { logChanges: 1_000 } });
    for (let i = 0; i < 40; i++) await send(mailring, 'ann', `peer-${i % 7}`, `${i}`);
    await mailring.close();
    const { store, hooks } = hookedStore(memory);
    const counting = gate();
    hooks.scan = async (run, { limit }) => {
      if (limit === LOG_COUNT_ROWS) await counting.pass();
      return run();
    };
    const again = await Mailring.open({ store, limits: { logChanges: 10 } });
    for (let i = 0; i < 3; i++) await send(again, 'ann', 'peer-0', `${i}`);
    expect(await storedLog(memory, 'ann')).toMatchObject({ changes: 43, head: undefined });
    counting.open();
    await turns();
    expect(await storedLog(memory, 'ann')).toMatchObject({ changes: 10, head: { logged: { changes: 10, trimming: false } } });
    expect(again.stats().shards['shard-0']).toMatchObject({ activeReads: 0, waitingWrites: 0, mailboxesInUse: 0 });
    await again.close();
  });

  test('a refused send counts a log, and trims nothing', async () => {
    const { mailring, memory } = await openMailring();
    for (let i = 0; i < 40; i++) await send(mailring, 'ann', 'bob', `${i}`, `id-${i}`);
    await mailring.close();
    const { store, hooks } = hookedStore(memory);
    const counting = gate();
    hooks.scan = async (run, { limit }) => {
      if (limit === LOG_COUNT_ROWS) await counting.pass();
      return run();
    };
    const again = await Mailring.open({ store, limits: { logChanges: 10 } });
    await expect(send(again, 'ann', 'bob', 'other', 'id-39')).rejects.toMatchObject({ code: 'MAILRING_ID_CONFLICT' });
    expect(again.stats().shards['shard-0']).toMatchObject({ activeReads: 2, waitingWrites: 0 });
    counting.open();
    await turns();
    expect(again.stats().shards['shard-0']).toMatchObject({ activeReads: 0, waitingWrites: 0 });
    expect(await storedLog(memory, 'ann')).toMatchObject({ changes: 40, head: undefined });
    await send(again, 'ann', 'bob', 'next', 'id-40');
    expect(await storedLog(memory, 'ann')).toMatchObject({ changes: 10 });
    await again.close();
  });

  test('costs nothing where nothing is trimmed, and a head and at most a row for each change where something is', async () => {
    const { store, take } = countingStore(new MemoryStore());
    const mailring = await Mailring.open({ store, limits: { logChanges: 10 } });
    for (let i = 0; i < 11; i++) await send(mailring, 'ann', `peer-${i}`, `${i}`);
    take();
    // 11 are too many: this commit trims two, whose conversations are nowhere else.
    await send(mailring, 'ann', 'peer-10', 'more');
    expect(take()).toEqual({ loads: 0, reads: 0, keysRead: 0, scans: 1, rowsScanned: 11, applies: 1, rowsPut: 5 + 1 + 2, marks: 0 });
    await send(mailring, 'ann', 'peer-10', 'more');
    expect(take()).toEqual({ loads: 0, reads: 0, keysRead: 0, scans: 0, rowsScanned: 0, applies: 1, rowsPut: 5, marks: 0 });
    await mailring.close();
  });

  test('a damaged row at the old end stops the trimming of that mailbox and no send', async () => {
    const rows = new StoredRows();
    const store = rows.store();
    const limits = { logChanges: 10 };
    const mailring = await Mailring.open({ store, limits });
    for (let i = 0; i < 10; i++) await send(mailring, 'ann', 'bob', `${i}`);
    await mailring.close();
    const oldest = (await rows.log(parseUserId('ann'))).at(-1)!;
    await rows.put(parseUserId('ann'), noteKey(oldest.version), Uint8Array.of(1, 2, 3));

    const again = await Mailring.open({ store, limits });
    for (let i = 0; i < 20; i++) await send(again, 'ann', 'bob', `${i}`);
    expect((await storedLog(store, 'bob')).changes).toBeLessThanOrEqual(11);
    expect((await again.verify()).problems).toMatchObject([{ kind: 'checksum', userId: 'ann' }]);
    await again.close();
    await rows.putLog(parseUserId('ann'), oldest);
    const mended = await Mailring.open({ store, limits });
    await send(mended, 'ann', 'bob', 'next');
    expect((await storedLog(store, 'ann')).changes).toBe(10);
    expect((await mended.verify()).problems).toEqual([]);
    await mended.close();
  });
});

describe('a step of trimming', () => {
  const peer = parseUserId('bob');
  const row = (version: number, changes: number): LogRow => ({
    version,
    conversations: 1,
    unread: 0,
    changes: Array.from({ length: changes }, (_, i) => ({ kind: CHANGE.message, peer, seq: version - i })),
  });
  const rows = [row(10, 1), row(20, 1), row(30, 1), row(40, 1)];
  const trim = (changes: number, oldest = rows) => {
    const log = new LogTrim(2, changes);
    log.oldest = { rows: oldest, newest: new Set() };
    return log;
  };
  const versions = (log: LogTrim, head = FRESH_HEAD, room = 1_000_000) => log.step(head, 0, room)?.rows.map(({ version }) => version);

  test('stops at the base of a live mark, above which a sweep reads the log', () => {
    expect(versions(trim(10))).toEqual([10, 20, 30, 40]);
    expect(versions(trim(10), { ...FRESH_HEAD, markName: baseName(20) })).toEqual([10, 20]);
    expect(versions(trim(10), { ...FRESH_HEAD, markName: baseName(9) })).toBeUndefined();
    expect(trim(10).step({ ...FRESH_HEAD, markName: baseName(20) }, 0, 1_000_000)).toMatchObject({ changes: 2, more: false });
  });

  test('takes no more than there is room for in the batch', () => {
    const one = trim(10).step(FRESH_HEAD, 0, 1_000_000)!.bytes / 4;
    expect(versions(trim(10), FRESH_HEAD, 3 * one)).toEqual([10, 20]);
    expect(versions(trim(10), FRESH_HEAD, 10)).toBeUndefined();
  });

  test('leaves what is to be kept', () => {
    expect(versions(trim(4))).toEqual([10, 20]);
    expect(versions(trim(4, [row(10, 3), row(20, 1)]))).toBeUndefined();
    expect(versions(trim(4, [row(10, 1), row(20, 0), row(30, 1), row(40, 0), row(50, 1)]))).toEqual([10, 20, 30]);
    expect(versions(trim(200, [row(10, 60), row(80, 5)]))).toEqual([10]);
    expect(versions(trim(200, [row(100, 90), row(110, 5)]))).toEqual([100]);
  });
});
