import { Mailring, type Partition, type Row, type ScanRange, type Verification } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { describe, expect, test } from 'vitest';
import { partitionOf, type UserId } from '../../src/model/ids.js';
import { away, COPIES, cyd, dee, fill, home, SteppingClock, verifyStore } from './mailboxes.js';
import { StoredRows } from './stored-rows.js';

const stores = [
  { name: 'MemoryStore', make: () => new MemoryStore() },
  { name: 'LevelStore', make: () => new StoredRows().store() },
];

describe.each(stores)('beside 1,000 concurrent sends over a $name', ({ make }) => {
  test('verify reports nothing, again and again, and sends go on meanwhile', async () => {
    const store = make();
    await fill(store);
    const mailring = await Mailring.open({ store });
    const users = [home, away, cyd, dee, 'eve'];
    let sends = 0;
    let acknowledged = 0;
    let done = false;
    const client = async () => {
      while (!done || sends < 1_000) {
        const i = sends++;
        const send = { senderId: users[i % 5]!, recipientId: users[(i * 7 + (i >> 3)) % 5]!, messageContent: `text ${i}`, clientMessageId: `live-${i}` };
        await mailring.sendMessage(send);
        acknowledged++;
        if (i % 10 === 0) expect(await mailring.sendMessage(send)).toMatchObject({ duplicate: true });
      }
    };
    // Each sends one after the other.
    const clients = Promise.all(Array.from({ length: 40 }, client));
    const found: Verification[] = [];
    for (let beside = 0; beside < 5; ) {
      const before = acknowledged;
      found.push(await mailring.verify());
      if (before > 0 && acknowledged > before) beside++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    done = true;
    await clients;
    const last = await mailring.verify();
    await mailring.close();
    expect([...found, last].flatMap(({ problems }) => problems)).toEqual([]);
    expect(acknowledged).toBeGreaterThanOrEqual(1_000);
    expect(last.checked.mailboxes).toBe(5);
    expect(last.checked.messages).toBeGreaterThan(COPIES + 1_000);
  });
});

/** Runs a task once, before a scan of that mailbox; counts how often mailboxes are loaded. */
class InterruptedStore extends MemoryStore {
  loads = 0;
  interrupt: { readonly user: UserId; scans: number; readonly task: () => Promise<unknown> } | undefined;

  override async load(partition: Partition) {
    this.loads++;
    return super.load(partition);
  }

  override async scan(partition: Partition, range: ScanRange): Promise<Row[]> {
    const { interrupt } = this;
    if (interrupt !== undefined && partitionOf(interrupt.user).equals(partition) && interrupt.scans-- === 0) {
      this.interrupt = undefined;
      await interrupt.task();
    }
    return super.scan(partition, range);
  }
}

describe('sends that come between the scans of a mailbox', () => {
  const send = (mailring: Mailring, senderId: string, recipientId: string, clientMessageId: string) =>
    mailring.sendMessage({ senderId, recipientId, messageContent: 'beside', clientMessageId });

  test('are explained by the log above, without checking the mailbox again between commits', async () => {
    for (const userId of [home, away]) {
      const store = new InterruptedStore();
      await fill(store);
      const mailring = await Mailring.open({ store, clock: new SteppingClock() });
      store.interrupt = {
        user: userId,
        scans: 0,
        task: async () => {
          await send(mailring, home, away, 'x1');
          await send(mailring, away, home, 'x2');
          await send(mailring, userId, 'a new one', 'x3');
        },
      };
      store.loads = 0;
      const { ok, problems } = await mailring.verify({ userId });
      // Three mailboxes loaded by the sends, then one load at the beginning of the check and one for the log above it.
      expect({ ok, problems, interrupt: store.interrupt, loads: store.loads }).toEqual({ ok: true, problems: [], interrupt: undefined, loads: 3 + 2 });
      await mailring.close();
    }
  });

  test('between its messages and its ids, in a conversation of many, are no problem either', async () => {
    const store = new InterruptedStore();
    const mailring = await Mailring.open({ store, clock: new SteppingClock() });
    await Promise.all(Array.from({ length: 300 }, (_, i) => send(mailring, home, away, `many-${i}`)));
    for (let scans = 0; scans < 12; scans++) {
      store.interrupt = { user: home, scans, task: () => Promise.all([send(mailring, home, away, `z-${scans}`), send(mailring, away, home, `0-${scans}`)]) };
      expect(await mailring.verify({ userId: home })).toMatchObject({ ok: true, problems: [] });
    }
    expect(store.interrupt?.scans ?? 0).toBeGreaterThanOrEqual(0);
    await mailring.close();
  });

  test('that make the copies look different are looked at again between commits', async () => {
    const store = new InterruptedStore();
    await fill(store);
    const mailring = await Mailring.open({ store, clock: new SteppingClock() });
    store.interrupt = { user: away, scans: 0, task: () => send(mailring, home, away, 'x1') };
    store.loads = 0;
    expect(await mailring.verify({ userId: home })).toMatchObject({ ok: true, problems: [] });
    // Two mailboxes loaded by the send; the check, and the check again.
    expect(store.loads).toBe(2 + 2);
    await mailring.close();
  });
});

test('damage is named beside sends as it is without them', async () => {
  const rows = new StoredRows();
  await fill(rows.store());
  await rows.removeMessage(away, home, 3);
  const quiet = await verifyStore(rows.store(), { userId: away });
  const mailring = await Mailring.open({ store: rows.store() });
  const sends = Promise.all(
    Array.from({ length: 100 }, (_, i) => mailring.sendMessage({ senderId: home, recipientId: away, messageContent: 'x', clientMessageId: `x${i}` })),
  );
  const beside = await mailring.verify({ userId: away });
  await sends;
  await mailring.close();
  expect(quiet.ok).toBe(false);
  expect(beside.problems).toEqual(quiet.problems);
});
