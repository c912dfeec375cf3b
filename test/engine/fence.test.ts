import { MailringError } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { describe, expect, test } from 'vitest';
import { userOf } from '../../src/model/ids.js';
import { gate, type StoreHooks } from './hooked-store.js';
import { conversationSeenBy, errorOf, openMailring, send } from './mailrings.js';
import { turns } from './manual-clock.js';

const diskFull = () => new Error('no space left on device');

/** Writes down what a store is asked for. */
function watch(hooks: StoreHooks): string[] {
  const calls: string[] = [];
  const noted =
    (name: string) =>
    <T>(run: () => Promise<T>): Promise<T> => {
      calls.push(name);
      return run();
    };
  hooks.open = noted('open');
  hooks.close = noted('close');
  hooks.load = noted('load');
  hooks.read = noted('read');
  hooks.scan = noted('scan');
  hooks.apply = noted('apply');
  return calls;
}

/** The next write fails, before or after it took effect. */
function failNextWrite(hooks: StoreHooks, { took }: { took: boolean }): void {
  const { apply } = hooks;
  hooks.apply = async (run) => {
    hooks.apply = apply;
    if (took) await run();
    throw diskFull();
  };
}

describe('after a write that failed', () => {
  test('those in the batch are unconfirmed, those that waited are not accepted', async () => {
    const { mailring, hooks, clock } = await openMailring();
    await send(mailring, 'ann', 'bob', 'before');
    const held = gate();
    hooks.apply = async () => {
      await held.pass();
      throw diskFull();
    };
    const batch = ['one', 'two'].map((text) => errorOf(send(mailring, 'ann', 'bob', text, `id-${text}`)));
    await turns();
    const waiting = ['three', 'four'].map((text, i) => errorOf(send(mailring, 'ann', `peer-${i}`, text)));
    await turns();
    held.open();
    hooks.apply = undefined;
    const unavailable = { code: 'MAILRING_UNAVAILABLE', retryable: true, retryAfterMs: 100, details: { shard: 'shard-0' } };
    for (const error of await Promise.all(batch))
      expect(error).toMatchObject({ ...unavailable, outcome: 'unconfirmed', cause: { message: 'no space left on device' } });
    for (const error of await Promise.all(waiting)) expect(error).toMatchObject({ ...unavailable, outcome: 'not-accepted' });
    expect(mailring.stats().shards['shard-0']).toMatchObject({ status: 'fenced', fences: 1, waitingWrites: 0, mailboxesInUse: 0 });
    await clock.pass(100);
    expect(mailring.stats().shards['shard-0']).toMatchObject({ status: 'open', fences: 1 });
  });

  test('nothing is issued until the store was closed and opened again; calls are told to come back', async () => {
    const { mailring, hooks, clock } = await openMailring();
    await send(mailring, 'ann', 'bob', 'before');
    const calls = watch(hooks);
    failNextWrite(hooks, { took: false });
    expect(await errorOf(send(mailring, 'ann', 'bob', 'lost', 'id-1'))).toMatchObject({ outcome: 'unconfirmed' });
    calls.length = 0;
    await clock.pass(99);
    const refused = { code: 'MAILRING_UNAVAILABLE', retryable: true, outcome: 'not-accepted', details: { shard: 'shard-0' } };
    expect(await errorOf(send(mailring, 'ann', 'bob', 'refused', 'id-2'))).toMatchObject(refused);
    expect(await errorOf(send(mailring, 'cid', 'dan', 'refused', 'id-3'))).toMatchObject(refused);
    expect(await errorOf(mailring.fetchMessages({ userId: 'bob' }))).toMatchObject({ code: 'MAILRING_UNAVAILABLE', retryable: true });
    expect(calls).toEqual([]);
    await clock.pass(1);
    expect(calls).toEqual(['close', 'open']);
    expect(await send(mailring, 'ann', 'bob', 'after', 'id-4')).toMatchObject({ seq: 2, duplicate: false });
    // Nothing is trusted that was in memory before.
    expect(calls.slice(2, 4)).toEqual(['load', 'load']);
  });

  for (const took of [false, true]) {
    test(`that ${took ? 'took effect' : 'left nothing'}, fetches are right and a repeat of the same id is safe`, async () => {
      const { mailring, hooks, clock, reopen } = await openMailring();
      await send(mailring, 'ann', 'bob', 'before', 'id-1');
      for (const userId of ['ann', 'bob']) await mailring.fetchConversations({ userId });
      failNextWrite(hooks, { took });
      await Promise.all([errorOf(send(mailring, 'ann', 'bob', 'unknown', 'id-2')), errorOf(send(mailring, 'bob', 'ann', 'reply', 'id-3'))]);
      await clock.pass(100);
      const texts = took ? ['reply', 'unknown', 'before'] : ['before'];
      for (const userId of ['ann', 'bob']) {
        const { messages } = await mailring.fetchMessages({ userId });
        expect(messages.map(({ messageContent }) => messageContent)).toEqual(texts);
        const { conversations, totals } = await mailring.fetchConversations({ userId });
        expect(conversations).toMatchObject([{ snippet: texts[0], lastSeq: texts.length }]);
        expect(totals.conversations).toBe(1);
      }
      expect(await send(mailring, 'ann', 'bob', 'unknown', 'id-2')).toMatchObject({ seq: 2, duplicate: took });
      expect(await send(mailring, 'bob', 'ann', 'reply', 'id-3')).toMatchObject({ seq: 3, duplicate: took });
      expect(await send(mailring, 'ann', 'bob', 'next', 'id-4')).toMatchObject({ seq: 4, duplicate: false });
      const cold = await reopen();
      const forAnn = await conversationSeenBy(cold, 'ann', 'bob');
      expect(forAnn).toEqual(await conversationSeenBy(cold, 'bob', 'ann'));
      expect(forAnn).toMatchObject(['next', 'reply', 'unknown', 'before'].map((messageContent) => ({ messageContent })));
    });
  }

  test('what was being read before does not come back as the newest state', async () => {
    const { mailring, hooks, clock, reopen } = await openMailring();
    await send(mailring, 'ann', 'bob', 'before', 'id-1');
    const again = await reopen();
    const held = gate();
    hooks.load = async (run) => {
      const loaded = await run();
      await held.pass();
      return loaded;
    };
    // Loads bob's mailbox; the answer comes late.
    const late = again.fetchMessages({ userId: 'bob' });
    await turns();
    hooks.load = undefined;
    failNextWrite(hooks, { took: true });
    await errorOf(send(again, 'cid', 'dan', 'elsewhere', 'id-2'));
    await clock.pass(100);
    await send(again, 'ann', 'bob', 'after', 'id-3');
    held.open();
    await late;
    expect((await again.fetchMessages({ userId: 'bob' })).messages.map(({ messageContent }) => messageContent)).toEqual(['after', 'before']);
    expect(await send(again, 'ann', 'bob', 'last', 'id-4')).toMatchObject({ seq: 3, duplicate: false });
    expect(again.stats().shards['shard-0']).toMatchObject({ fences: 1, mailboxesInUse: 0 });
  });
});

describe('opening again', () => {
  test('waits longer after each try that fails, up to the limit, and goes on when one succeeds', async () => {
    const { mailring, hooks, clock } = await openMailring({ limits: { reopenDelayMs: 100, reopenDelayMaxMs: 800 } });
    await send(mailring, 'ann', 'bob', 'before');
    failNextWrite(hooks, { took: false });
    hooks.open = async () => {
      throw diskFull();
    };
    await errorOf(send(mailring, 'ann', 'bob', 'lost', 'id-1'));
    for (const delayMs of [100, 200, 400, 800, 800]) {
      expect(clock.delays.at(-1)).toBe(delayMs);
      expect(await errorOf(send(mailring, 'ann', 'bob', 'lost', 'id-1'))).toMatchObject({ outcome: 'not-accepted', retryAfterMs: delayMs });
      await clock.pass(delayMs);
    }
    expect(clock.delays).toEqual([100, 200, 400, 800, 800, 800]);
    hooks.open = undefined;
    await clock.pass(800);
    expect(await send(mailring, 'ann', 'bob', 'found', 'id-1')).toMatchObject({ seq: 2, duplicate: false });
    // The next failure begins with the shortest wait again.
    failNextWrite(hooks, { took: false });
    await errorOf(send(mailring, 'ann', 'bob', 'lost', 'id-2'));
    expect(clock.delays.slice(6)).toEqual([100]);
  });

  test('is given up after the limit of tries', async () => {
    const { mailring, hooks, clock } = await openMailring({ limits: { reopenTries: 3 } });
    failNextWrite(hooks, { took: false });
    let opens = 0;
    hooks.open = async () => {
      opens++;
      throw diskFull();
    };
    await errorOf(send(mailring, 'ann', 'bob', 'lost', 'id-1'));
    for (let i = 0; i < 6; i++) await clock.pass(10_000);
    expect(opens).toBe(3);
    expect(clock.delays).toEqual([100, 200, 400]);
    expect(await errorOf(send(mailring, 'ann', 'bob', 'lost', 'id-1'))).toMatchObject({ code: 'MAILRING_UNAVAILABLE', outcome: 'not-accepted' });
  });

  test('ends with close', async () => {
    const { mailring, hooks, clock, reopen } = await openMailring();
    failNextWrite(hooks, { took: false });
    await errorOf(send(mailring, 'ann', 'bob', 'lost', 'id-1'));
    await mailring.close();
    let opens = 0;
    hooks.open = (run) => {
      opens++;
      return run();
    };
    await clock.pass(60_000);
    expect(opens).toBe(0);
    expect(await send(await reopen(), 'ann', 'bob', 'found', 'id-1')).toMatchObject({ seq: 1, duplicate: false });
  });
});

test('a fence, each try to open again and its end are reported to the logger', async () => {
  const said: string[] = [];
  const logger = {
    info: (text: string) => said.push(`info ${text}`),
    warn: (text: string) => said.push(`warn ${text}`),
    error: (text: string) => said.push(`error ${text}`),
  };
  const { mailring, hooks, clock } = await openMailring({ logger });
  failNextWrite(hooks, { took: false });
  hooks.open = async () => {
    throw diskFull();
  };
  await errorOf(send(mailring, 'ann', 'bob', 'lost'));
  await clock.pass(100);
  hooks.open = undefined;
  await clock.pass(200);
  expect(said).toEqual([
    'error a write failed: the shard takes nothing until its store has been opened again',
    'warn the store of a shard could not be opened again yet',
    'info the store of a shard was opened again',
  ]);
});

test('on damage that a write met, sends that come later are not accepted either', async () => {
  const { mailring, hooks } = await openMailring();
  hooks.apply = async () => {
    throw new MailringError('MAILRING_CORRUPT', 'a block is damaged', { outcome: 'unconfirmed' });
  };
  expect(await errorOf(send(mailring, 'ann', 'bob', 'one'))).toMatchObject({ code: 'MAILRING_CORRUPT', outcome: 'unconfirmed' });
  expect(await errorOf(send(mailring, 'ann', 'bob', 'two'))).toMatchObject({
    code: 'MAILRING_UNAVAILABLE',
    outcome: 'not-accepted',
    cause: { code: 'MAILRING_CORRUPT' },
  });
  hooks.apply = undefined;
});

describe('a read that fails', () => {
  for (const call of ['load', 'read', 'scan'] as const) {
    test(`(${call}) fails its own request, which was not accepted, and nothing else`, async () => {
      const { mailring, hooks, reopen } = await openMailring();
      for (const id of ['id-1', 'id-2']) await send(mailring, 'ann', 'bob', 'before', id);
      const again = await reopen();
      hooks[call] = async () => {
        throw diskFull();
      };
      expect(await errorOf(send(again, 'ann', 'bob', 'lost', 'id-3'))).toMatchObject({
        code: 'MAILRING_UNAVAILABLE',
        retryable: true,
        outcome: 'not-accepted',
      });
      hooks[call] = undefined;
      expect(await send(again, 'ann', 'bob', 'found', 'id-3')).toMatchObject({ seq: 3, duplicate: false });
      expect(again.stats().shards['shard-0']).toMatchObject({ status: 'open', fences: 0, waitingWrites: 0, mailboxesInUse: 0 });
    });
  }
});

test('where many lanes write by one handle, one write is under way at a time, and after a failed one none is issued', async () => {
  const { mailring, hooks } = await openMailring({ memory: new MemoryStore({ atomicAcrossPartitions: false }) });
  const held = gate();
  const written: string[] = [];
  hooks.apply = async (_, writes) => {
    for (const { partition } of writes) written.push(userOf(partition) ?? '');
    await held.pass();
    throw diskFull();
  };
  const sends = ['ann', 'bob', 'cid'].map((user) => errorOf(send(mailring, user, user, 'hello')));
  await turns();
  expect(written).toHaveLength(1);
  held.open();
  const outcomes = (await Promise.all(sends)).map(({ code, outcome }) => ({ code, outcome }));
  hooks.apply = undefined;
  expect(written).toHaveLength(1);
  expect(outcomes.filter(({ outcome }) => outcome === 'unconfirmed')).toEqual([{ code: 'MAILRING_UNAVAILABLE', outcome: 'unconfirmed' }]);
  expect(outcomes.filter(({ outcome }) => outcome === 'not-accepted')).toHaveLength(2);
});
