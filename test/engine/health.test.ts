import { Mailring } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { Ring } from 'mailring/ring';
import { describe, expect, test } from 'vitest';
import { gate, hookedStore } from './hooked-store.js';
import { errorOf, openMailring, send } from './mailrings.js';
import { ManualClock, turns } from './manual-clock.js';

const codes = (mailring: Mailring) => mailring.health().reasons.map(({ code }) => code);
const broken = () => Promise.reject(new Error('the disk is gone'));

describe('a mailring', () => {
  test('is well while it works, and closed after close', async () => {
    const { mailring } = await openMailring();
    await send(mailring, 'ann', 'bob', 'hello');
    await mailring.fetchMessages({ userId: 'bob' });
    expect(mailring.health()).toEqual({ status: 'ok', reasons: [] });
    await mailring.close();
    expect(mailring.health()).toEqual({ status: 'closed', reasons: [] });
  });

  test('says that a write failed, why, and in which shard, until the store was opened again', async () => {
    const { mailring, hooks, clock } = await openMailring();
    hooks.apply = broken;
    await errorOf(send(mailring, 'ann', 'bob', 'hello'));
    hooks.apply = undefined;
    const { status, reasons } = mailring.health();
    expect(status).toBe('degraded');
    expect(reasons).toEqual([{ code: 'store-fenced', shard: 'shard-0', text: expect.stringContaining('cause=`the disk is gone`') }]);
    await clock.pass(100);
    expect(mailring.health().status).toBe('ok');
  });

  test('says that a store stays closed when it was tried often enough', async () => {
    const { mailring, hooks, clock } = await openMailring({ limits: { reopenTries: 1 } });
    hooks.apply = broken;
    hooks.open = broken;
    await errorOf(send(mailring, 'ann', 'bob', 'hello'));
    await clock.pass(100);
    expect(codes(mailring)).toEqual(['store-failed']);
    hooks.open = undefined;
  });

  test('says that a call of the store is not answered, after 5 seconds', async () => {
    const { mailring, hooks, clock } = await openMailring();
    const { pass, open } = gate();
    hooks.load = (run) => pass().then(run);
    const page = mailring.fetchMessages({ userId: 'ann' });
    await turns();
    await clock.pass(4_999);
    expect(mailring.health().status).toBe('ok');
    await clock.pass(1);
    expect(mailring.health().reasons).toEqual([{ code: 'store-slow', shard: 'shard-0', text: expect.stringContaining('waiting=`5000 ms`') }]);
    open();
    await page;
    expect(mailring.health().status).toBe('ok');
  });

  test('says that a store that several write fails, until a call of it succeeds', async () => {
    const { store, hooks } = hookedStore(new MemoryStore({ exclusive: false }), { exclusive: false });
    const mailring = await Mailring.open({ store, clock: new ManualClock() });
    hooks.load = broken;
    expect(await errorOf(mailring.fetchMessages({ userId: 'ann' }))).toMatchObject({ code: 'MAILRING_UNAVAILABLE' });
    expect(codes(mailring)).toEqual(['store-failing']);
    hooks.load = undefined;
    await mailring.fetchMessages({ userId: 'ann' });
    expect(mailring.health().status).toBe('ok');
    await mailring.close();
  });

  test('says that its clock was set back by more than a minute, for a minute', async () => {
    const { mailring, clock } = await openMailring();
    await send(mailring, 'ann', 'bob', 'one');
    clock.set(clock.now() - 60_000);
    await send(mailring, 'ann', 'bob', 'two');
    expect(codes(mailring)).toEqual(['clock-behind']);
    expect(mailring.health().reasons[0]!.text).toContain('behind=`60001 ms`');
    await clock.pass(60_000);
    expect(mailring.health().status).toBe('ok');
  });

  test('says that messages could not be delivered to another shard, in the home shard, until a sweep has delivered them', async () => {
    const ring = await Ring.create({ shards: ['a', 'b'] });
    const user = (shard: string) => Array.from({ length: 100 }, (_, i) => `user-${i}`).find((id) => ring.shardOf(id) === shard)!;
    const clock = new ManualClock();
    const [a, b] = [hookedStore(new MemoryStore()), hookedStore(new MemoryStore())];
    const mailring = await Mailring.open({ stores: { a: a.store, b: b.store }, clock, limits: { sweepMs: 1_000, reopenDelayMs: 5_000 } });
    await turns();
    let home = '';
    const inOrder =
      (name: string) =>
      <T>(run: () => Promise<T>): Promise<T> => {
        home ||= name;
        return name === home ? run() : broken();
      };
    a.hooks.apply = inOrder('a');
    b.hooks.apply = inOrder('b');
    expect(await errorOf(send(mailring, user('a'), user('b'), 'hello'))).toMatchObject({ code: 'MAILRING_UNAVAILABLE', outcome: 'unconfirmed' });
    a.hooks.apply = undefined;
    b.hooks.apply = undefined;
    await clock.pass(1_000);
    const other = home === 'a' ? 'b' : 'a';
    expect(
      mailring
        .health()
        .reasons.map(({ code, shard }) => [shard, code])
        .toSorted(),
    ).toEqual(
      [
        [home, 'delivery-failing'],
        [other, 'store-fenced'],
      ].toSorted(),
    );
    await clock.pass(4_000);
    await clock.pass(1_000);
    expect(mailring.health()).toEqual({ status: 'ok', reasons: [] });
    await mailring.close();
  });
});
