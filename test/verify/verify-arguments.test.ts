import { isMailringError, Mailring, MailringError, type Partition, type Row, type ScanRange, type VerifyOptions, type VerifyRequest } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { describe, expect, test } from 'vitest';
import { partitionOf, type UserId } from '../../src/model/ids.js';
import { away, COPIES, cyd, fill, home, named, problem } from './mailboxes.js';

async function filled<S extends MemoryStore>(store: S): Promise<{ readonly store: S; readonly mailring: Mailring }> {
  await fill(store);
  return { store, mailring: await Mailring.open({ store }) };
}

describe('arguments', () => {
  const wrong: readonly (readonly [string, unknown, unknown, RegExp])[] = [
    ['a request that is no object', 'ada', undefined, /the request of verify must be an object/],
    ['null', null, undefined, /the request of verify must be an object. type=`null`/],
    ['an unknown key', { userID: 'ada' }, undefined, /unknown key in the request of verify. key=`userID` nearest=`userId`/],
    ['a user that is no string', { userId: 7 }, undefined, /userId must be a string/],
    ['options that are no object', {}, 7, /the options of verify must be an object/],
    ['an unknown option', {}, { timeoutMs: 7 }, /unknown key in the options of verify. key=`timeoutMs`/],
    ['a signal that is none', {}, { signal: {} }, /signal must be an AbortSignal/],
    ['progress that is no function', {}, { onProgress: 'yes' }, /onProgress must be a function. type=`string`/],
  ];
  test.each(wrong)('%s rejects with a TypeError', async (_, request, options, message) => {
    const { mailring } = await filled(new MemoryStore());
    const call = mailring.verify(request as VerifyRequest, options as VerifyOptions);
    await expect(call).rejects.toThrow(TypeError);
    await expect(call).rejects.toThrow(message);
    await mailring.close();
  });

  test('a user id that cannot exist rejects with MAILRING_INVALID_TEXT', async () => {
    const { mailring } = await filled(new MemoryStore());
    for (const userId of ['', '\ud800', 'x'.repeat(129)]) await expect(mailring.verify({ userId })).rejects.toMatchObject({ code: 'MAILRING_INVALID_TEXT' });
    await mailring.close();
  });

  test('undefined counts as absent', async () => {
    const { mailring } = await filled(new MemoryStore());
    const all = { ok: true, checked: { mailboxes: 4, messages: COPIES } };
    expect(await mailring.verify()).toMatchObject(all);
    expect(await mailring.verify({ userId: undefined }, { signal: undefined, onProgress: undefined })).toMatchObject(all);
    await mailring.close();
  });
});

describe('giving up', () => {
  test('a closed mailring rejects with MAILRING_CLOSED, also one that is closed meanwhile', async () => {
    const { mailring } = await filled(new MemoryStore());
    const running = mailring.verify();
    const closing = mailring.close();
    await expect(running).rejects.toMatchObject({ code: 'MAILRING_CLOSED' });
    await closing;
    await expect(mailring.verify()).rejects.toMatchObject({ code: 'MAILRING_CLOSED' });
  });

  test('an aborted signal rejects with MAILRING_ABORTED, before and in the middle', async () => {
    const { mailring } = await filled(new MemoryStore());
    const reason = new Error('enough');
    await expect(mailring.verify({}, { signal: AbortSignal.abort(reason) })).rejects.toMatchObject({
      code: 'MAILRING_ABORTED',
      name: 'AbortError',
      cause: reason,
    });
    const controller = new AbortController();
    const running = mailring.verify({}, { signal: controller.signal });
    setImmediate(() => controller.abort(reason));
    await expect(running).rejects.toMatchObject({ code: 'MAILRING_ABORTED', cause: reason });
    expect(await mailring.verify()).toMatchObject({ ok: true });
    await mailring.close();
  });

  test('a store that never answers is given up', async () => {
    const { store, mailring } = await filled(new FailingStore());
    store.fail = () => new Promise(() => undefined);
    const controller = new AbortController();
    const running = mailring.verify({}, { signal: controller.signal });
    setImmediate(() => controller.abort());
    await expect(running).rejects.toMatchObject({ code: 'MAILRING_ABORTED' });
    await mailring.close();
  });
});

describe('progress', () => {
  test('is told every 1,000 mailboxes and at the end', async () => {
    const mailring = await Mailring.open({ store: new MemoryStore() });
    const sends = Array.from({ length: 2_500 }, (_, i) => `user-${i}`).map((id) => ({
      senderId: id,
      recipientId: id,
      messageContent: '',
      clientMessageId: 'first',
    }));
    await Promise.all(sends.map((send) => mailring.sendMessage(send)));
    const told: unknown[] = [];
    await mailring.verify({}, { onProgress: (checked) => void told.push(checked) });
    expect(told).toEqual([1_000, 2_000, 2_500].map((n) => ({ mailboxes: n, messages: n })));
    await mailring.close();
  });

  test('that throws rejects the call with what it threw', async () => {
    const { mailring } = await filled(new MemoryStore());
    const thrown = new Error('no more');
    const onProgress = () => {
      throw thrown;
    };
    await expect(mailring.verify({}, { onProgress })).rejects.toBe(thrown);
    await mailring.close();
  });
});

/** Fails the scans of one mailbox, or all of them. */
class FailingStore extends MemoryStore {
  fail: (() => Promise<never>) | undefined;
  of: UserId | undefined;
  /** What loads say beyond the true version. */
  ahead = 0;

  override async scan(partition: Partition, range: ScanRange): Promise<Row[]> {
    if (this.fail !== undefined && (this.of === undefined || partitionOf(this.of).equals(partition))) return this.fail();
    return super.scan(partition, range);
  }

  override async load(partition: Partition) {
    const loaded = await super.load(partition);
    return this.of !== undefined && partitionOf(this.of).equals(partition) ? { ...loaded, version: loaded.version + this.ahead } : loaded;
  }
}

describe('a store', () => {
  test('that does not answer rejects the call with MAILRING_UNAVAILABLE', async () => {
    const { store, mailring } = await filled(new FailingStore());
    const cause = new Error('the disk is gone');
    store.fail = () => Promise.reject(cause);
    const error = await mailring.verify().catch((thrown) => thrown);
    expect(isMailringError(error, 'MAILRING_UNAVAILABLE')).toBe(true);
    expect(error).toMatchObject({ retryable: true, cause, details: { shard: 'shard-0' } });
    store.fail = undefined;
    expect(await mailring.verify()).toMatchObject({ ok: true });
    await mailring.close();
  });

  test('that says it is damaged is a problem of that mailbox, and of those that are compared with it; all others are checked', async () => {
    const { store, mailring } = await filled(new FailingStore());
    store.of = cyd;
    store.fail = () => Promise.reject(new MailringError('MAILRING_CORRUPT', 'block checksum mismatch'));
    const verification = await mailring.verify();
    expect(named(verification)).toEqual(expect.arrayContaining([problem('store', cyd)]));
    expect(verification.problems.every(({ kind }) => kind === 'store')).toBe(true);
    expect(verification.checked.mailboxes).toBe(4);
    expect(named(await mailring.verify({ userId: 'dee' }))).toEqual([]);
    await mailring.close();
  });

  test('whose newest log row is not its version is named', async () => {
    const { store, mailring } = await filled(new FailingStore());
    store.of = away;
    store.ahead = 5;
    expect(named(await mailring.verify())).toEqual([problem('log', away)]);
    await mailring.close();
  });

  test('is read by scans of bounded size, never by reading a mailbox at once', async () => {
    let most = 0;
    class CountingStore extends MemoryStore {
      override async scan(partition: Partition, range: ScanRange): Promise<Row[]> {
        const rows = await super.scan(partition, range);
        most = Math.max(most, rows.length);
        return rows;
      }
    }
    const mailring = await Mailring.open({ store: new CountingStore() });
    for (let i = 0; i < 1_000; i += 100) {
      const sends = Array.from({ length: 100 }, (_, j) => ({ senderId: home, recipientId: away, messageContent: 'x', clientMessageId: `${i + j}` }));
      await Promise.all(sends.map((send) => mailring.sendMessage(send)));
    }
    most = 0;
    expect(await mailring.verify()).toMatchObject({ ok: true, checked: { messages: 2_000 } });
    expect(most).toBe(128);
    await mailring.close();
  });
});
