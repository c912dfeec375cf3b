import { MemoryStore } from 'mailring/memory';
import { describe, expect, test } from 'vitest';
import { away, COPIES, fill, home, MESSAGES, sides, user, verifyStore } from './mailboxes.js';
import { StoredRows } from './stored-rows.js';

const stores = [
  { name: 'MemoryStore', make: () => new MemoryStore() },
  { name: 'LevelStore', make: () => new StoredRows().store() },
];

test('the mailboxes of these tests have homes on both sides', () => {
  expect(sides).toEqual(new Set([0, 1]));
});

describe.each(stores)('over a $name', ({ make }) => {
  test('what was sent verifies without a problem, and every copy is counted', async () => {
    const store = make();
    await fill(store);
    expect(await verifyStore(store)).toEqual({ ok: true, problems: [], checked: { mailboxes: 4, messages: COPIES } });
  });

  test('one mailbox verifies by itself', async () => {
    const store = make();
    await fill(store);
    for (const userId of [home, away]) {
      const { ok, problems, checked } = await verifyStore(store, { userId });
      expect({ ok, problems, mailboxes: checked.mailboxes }).toEqual({ ok: true, problems: [], mailboxes: 1 });
      expect(checked.messages).toBeGreaterThan(MESSAGES);
    }
  });

  test('nothing stored is no problem and no mailbox', async () => {
    const store = make();
    const nothing = { ok: true, problems: [], checked: { mailboxes: 0, messages: 0 } };
    expect(await verifyStore(store)).toEqual(nothing);
    expect(await verifyStore(store, { userId: user('nobody') })).toEqual(nothing);
  });
});
