import { expect, test } from 'vitest';
import { CHANGE } from '../../src/mailbox/rows.js';
import { LogCheck } from '../../src/mailbox/verify-log.js';
import { VERIFY_PROBLEMS_MAX } from '../../src/model/limits.js';
import { away, fill, home, named, verifyStore } from './mailboxes.js';
import { StoredRows } from './stored-rows.js';

test('problems beyond the limit are counted, over all mailboxes, and said in one last problem', async () => {
  const rows = new StoredRows();
  await fill(rows.store());
  const key = (i: number) => Uint8Array.of(0x40, i >> 8, i & 0xff);
  for (let i = 0; i < VERIFY_PROBLEMS_MAX + 20; i++) await rows.put(away, key(i), Uint8Array.of(1));
  for (let i = 0; i < 30; i++) await rows.put(home, key(i), Uint8Array.of(1));
  const verification = await verifyStore(rows.store());
  expect(verification.problems).toHaveLength(VERIFY_PROBLEMS_MAX + 1);
  expect(new Set(named(verification).map(({ kind }) => kind))).toEqual(new Set(['key', 'store']));
  expect(verification.problems.at(-1)).toEqual({ kind: 'store', userId: '', text: 'more problems were found than are named. left-out=`50`' });
  expect(verification.ok).toBe(false);
});

test('exactly as many problems as the limit are all named', async () => {
  const rows = new StoredRows();
  await fill(rows.store());
  for (let i = 0; i < VERIFY_PROBLEMS_MAX; i++) await rows.put(away, Uint8Array.of(0x40, i >> 8, i & 0xff), Uint8Array.of(1));
  expect(named(await verifyStore(rows.store())).map(({ kind }) => kind)).toEqual(Array.from({ length: VERIFY_PROBLEMS_MAX }, () => 'key'));
});

test('a number is unreadable exactly between a row that cannot be read and the row below it', () => {
  const log = new LogCheck(0, () => undefined);
  const readable = [100, 80, 50, 20];
  const row = (version: number) => ({ version, conversations: 1, unread: 0, changes: [{ kind: CHANGE.marker, peer: home, seq: 1 }] });
  // 90, 70 and 60, 10 and 5 cannot be read.
  for (const version of [100, 90, 80, 70, 60, 50, 20, 10, 5]) log.add(version, readable.includes(version) ? row(version) : undefined);
  const expected = Array.from({ length: 110 }, (_, n) => n).filter((n) => (n > 80 && n <= 90) || (n > 50 && n <= 70) || (n > 0 && n <= 10));
  expect(Array.from({ length: 110 }, (_, n) => n).filter((n) => log.isUnreadable(n))).toEqual(expected);
});
