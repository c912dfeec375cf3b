import { appendFile, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Mailring, type Message, type OpenOptions } from 'mailring';
import { LevelStore } from 'mailring/level';
import { MemoryStore } from 'mailring/memory';
import { afterEach, describe, expect, test } from 'vitest';
import { errorOf, send } from '../engine/mailrings.js';
import { ManualClock } from '../engine/manual-clock.js';
import { temporaryFolders } from '../store/temporary-folder.js';

const DAY_MS = 86_400_000;
const folder = temporaryFolders();
const opened: Mailring[] = [];
afterEach(async () => {
  for (const mailring of opened.splice(0)) await mailring.close();
});

async function open(options: OpenOptions): Promise<Mailring> {
  const mailring = await Mailring.open(options);
  opened.push(mailring);
  return mailring;
}

/** A mailring with one message, its folder, and a backup of it. */
async function backedUp(options: Omit<OpenOptions, 'location'> = {}) {
  const base = await folder();
  const [location, to, restored] = [join(base, 'data'), join(base, 'backup'), join(base, 'restored')];
  const mailring = await open({ location, ...options });
  await send(mailring, 'ann', 'bob', 'kept');
  const backup = await mailring.backup({ to });
  return { base, location, to, restored, mailring, backup };
}

const USERS = Array.from({ length: 24 }, (_, i) => `user ${i}`);

/** All messages of everybody, by user and conversation, oldest first. */
async function conversationsOf(mailring: Mailring): Promise<Map<string, Map<string, Message[]>>> {
  const all = new Map<string, Map<string, Message[]>>();
  for (const userId of USERS) {
    const own = new Map<string, Message[]>();
    for await (const message of mailring.messages({ userId })) own.set(message.conversationId, [message, ...(own.get(message.conversationId) ?? [])]);
    all.set(userId, own);
  }
  return all;
}

/** Waits until what was undelivered when a mailring was opened is delivered: nothing says so, both copies have it then. */
async function untilDelivered(mailring: Mailring): Promise<Map<string, Map<string, Message[]>>> {
  for (const until = Date.now() + 20_000; ; ) {
    const all = await conversationsOf(mailring);
    const lengths = new Map<string, Set<number>>();
    for (const own of all.values()) for (const [id, messages] of own) lengths.set(id, (lengths.get(id) ?? new Set()).add(messages.length));
    if ([...lengths.values()].every(({ size }) => size === 1) || Date.now() > until) return all;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('a backup', () => {
  test.each([1, 4])(
    'of %d shards is of one instant, while sends go on: all that was acknowledged before, nothing that was sent after, and no message without the ones before it',
    async (shards) => {
      const base = await folder();
      const mailring = await open({ location: join(base, 'data'), shards });
      let count = 0;
      const round = () =>
        Promise.all(
          Array.from({ length: 40 }, () => {
            const i = count++;
            return send(mailring, USERS[(i * 7) % USERS.length]!, USERS[(i * 5 + (i % 11)) % USERS.length]!, `${i}`);
          }),
        );
      for (let i = 0; i < 20; i++) await round();
      const acknowledged = count;
      let sending = true;
      const sends = (async () => {
        while (sending) await round();
      })();
      const { rows } = await mailring.backup({ to: join(base, 'backup') });
      const begun = count;
      sending = false;
      await sends;
      for (let i = 0; i < 3; i++) await round();
      await mailring.close();

      const restored = await Mailring.restore({ from: join(base, 'backup'), location: join(base, 'restored') });
      expect(restored.shards).toHaveLength(shards);
      expect(rows).toBeGreaterThan(acknowledged * 2);
      const again = await open({ location: join(base, 'restored'), shards, limits: { sweepMs: 50 } });
      const all = await untilDelivered(again);
      const contents = new Set<number>();
      for (const [userId, own] of all) {
        for (const [id, messages] of own) {
          expect(messages.map(({ seq }) => seq)).toEqual(messages.map((_, i) => i + 1));
          const [a, b] = messages[0]!.participants;
          const shared = (list: readonly Message[]) => list.map(({ lastUpdatedTimestamp, ...message }) => message);
          expect(shared(all.get(a === userId ? b : a)!.get(id)!)).toEqual(shared(messages));
          for (const { messageContent } of messages) contents.add(Number(messageContent));
        }
      }
      for (let i = 0; i < acknowledged; i++) expect(contents.has(i)).toBe(true);
      expect(Math.max(...contents)).toBeLessThan(begun);
      expect((await again.verify()).problems).toEqual([]);
      expect((await send(again, USERS[0]!, USERS[1]!, 'goes on')).duplicate).toBe(false);
    },
  );

  test('copies all shards in one turn of the event loop', async () => {
    const base = await folder();
    const order: string[] = [];
    const stores = Object.fromEntries(
      ['a', 'b', 'c'].map((name) => {
        const store = new LevelStore({ location: join(base, name) });
        const { checkpoint } = store;
        store.checkpoint = (...given) => {
          if (order.push(name) === 1) queueMicrotask(() => order.push('next turn'));
          return checkpoint.apply(store, given);
        };
        return [name, store];
      }),
    );
    const mailring = await open({ stores });
    await mailring.backup({ to: join(base, 'to') });
    expect(order).toEqual(['a', 'b', 'c', 'next turn']);
  });

  test('says how far it is, what it copied, and when the instant was', async () => {
    const { base, mailring, backup } = await backedUp();
    const clock = new ManualClock();
    const progress: object[] = [];
    const of = await open({ store: new LevelStore({ location: join(base, 'other') }), clock });
    await send(of, 'ann', 'bob', 'x');
    const made = await of.backup({ to: join(base, 'made') }, { onProgress: (copied) => progress.push(copied) });
    expect(progress.at(-1)).toEqual({ rows: made.rows, bytes: made.bytes });
    expect(made.takenAt).toBe(clock.now());
    expect(Math.abs(backup.takenAt - Date.now())).toBeLessThan(60_000);
    // Two mailboxes with a conversation, a message and a log row, one with the id, and the identity with its log row.
    expect(made.rows).toBe(9);
    expect((await mailring.verify()).ok).toBe(true);
  });

  test('of a store that has no checkpoint is refused, and writes nothing', async () => {
    const base = await folder();
    const mailring = await open({ store: new MemoryStore() });
    await expect(mailring.backup({ to: join(base, 'to') })).rejects.toThrow(/^backup copies stores in LevelDB.*shard=`shard-0`$/);
    await expect(readdir(join(base, 'to'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('of shards whose names can be no folders is refused', async () => {
    const base = await folder();
    const mailring = await open({ stores: { '../up': new LevelStore({ location: join(base, 'x') }) } });
    await expect(mailring.backup({ to: join(base, 'to') })).rejects.toThrow(RangeError);
  });

  test('goes only to a folder that is empty or not there, and leaves any other as it is', async () => {
    const { base, mailring, to } = await backedUp();
    await expect(mailring.backup({ to })).rejects.toThrow(/^to must be a folder that is empty or not there yet/);
    expect(await readdir(to)).toEqual(['backup.json', 'shard-0']);
    await mkdir(join(base, 'empty'));
    await mailring.backup({ to: join(base, 'empty') });
    await writeFile(join(base, 'file'), 'mine');
    expect(await errorOf(mailring.backup({ to: join(base, 'file') }))).toMatchObject({ code: 'MAILRING_UNAVAILABLE', retryable: false });
    expect(await readFile(join(base, 'file'), 'utf8')).toBe('mine');
  });

  test('that is given up, or whose host throws, or whose mailring is closed, leaves nothing behind', async () => {
    const { base, mailring } = await backedUp();
    const to = join(base, 'given up');
    const abort = new AbortController();
    const givenUp = mailring.backup({ to }, { signal: abort.signal, onProgress: () => abort.abort(new Error('enough')) });
    expect(await errorOf(givenUp)).toMatchObject({ code: 'MAILRING_ABORTED', cause: { message: 'enough' } });
    expect(await readdir(to)).toEqual([]);
    expect(await errorOf(mailring.backup({ to }, { signal: AbortSignal.abort() }))).toMatchObject({ code: 'MAILRING_ABORTED' });
    const mine = Object.assign(new Error('mine'), { code: 'EIO' });
    const throwing = () => {
      throw mine;
    };
    await expect(mailring.backup({ to }, { onProgress: throwing })).rejects.toBe(mine);
    expect(await readdir(to)).toEqual([]);
    const closed = mailring.backup({ to }, { onProgress: () => void mailring.close() });
    // It may have come to its end before.
    const error = await closed.then(
      () => undefined,
      (thrown) => thrown,
    );
    if (error !== undefined) expect(error).toMatchObject({ code: 'MAILRING_CLOSED' });
    expect(await readdir(to)).toEqual(error === undefined ? ['backup.json', 'shard-0'] : []);
    expect(await errorOf(mailring.backup({ to: join(base, 'later') }))).toMatchObject({ code: 'MAILRING_CLOSED' });
  });

  test('of which one shard cannot be copied stops the others, and leaves nothing', async () => {
    const base = await folder();
    const stores = { good: new LevelStore({ location: join(base, 'good') }), bad: new LevelStore({ location: join(base, 'bad') }) };
    const mailring = await open({ stores });
    await Promise.all(Array.from({ length: 2_000 }, (_, i) => send(mailring, USERS[i % 24]!, USERS[(i * 7) % 24]!, 'x'.repeat(10_000))));
    let stopped: unknown;
    const { checkpoint } = stores.good;
    stores.good.checkpoint = (location, options) =>
      checkpoint.call(stores.good, location, options).catch((error) => {
        stopped = error;
        throw error;
      });
    const broken = new Error('the disk is gone');
    stores.bad.checkpoint = () => Promise.reject(broken);
    expect(await errorOf(mailring.backup({ to: join(base, 'to') }))).toMatchObject({ code: 'MAILRING_UNAVAILABLE', cause: broken });
    expect(stopped).toBe(broken);
    expect(await readdir(join(base, 'to'))).toEqual([]);
    // As while a store is being opened again after a failed write.
    const closed = new LevelStore({ location: join(base, 'closed') });
    stores.bad.checkpoint = (...given) => closed.checkpoint(...given);
    expect(await errorOf(mailring.backup({ to: join(base, 'to') }))).toMatchObject({ code: 'MAILRING_UNAVAILABLE', retryable: true });
    expect(await readdir(join(base, 'to'))).toEqual([]);
  });

  test('to a place where no folder can be says so', async () => {
    const { mailring, to } = await backedUp();
    expect(await errorOf(mailring.backup({ to: '/proc/no/such' }))).toMatchObject({ code: 'MAILRING_UNAVAILABLE' });
    expect(await errorOf(Mailring.restore({ from: to, location: '/proc/no/such' }))).toMatchObject({ code: 'MAILRING_UNAVAILABLE' });
  });

  test('is opened by nobody: not while it is being made, and not when it is complete', async () => {
    const { base, mailring, to } = await backedUp();
    const complete = await errorOf(Mailring.open({ location: to }));
    expect(complete).toMatchObject({ code: 'MAILRING_FORMAT', details: { location: to } });
    expect(complete.message).toContain('this folder is a backup');
    const begun = join(base, 'begun');
    const meanwhile: unknown[] = [];
    const look = () =>
      meanwhile.push(
        Mailring.open({ location: begun }).catch(({ code }) => code),
        Mailring.restore({ from: begun, location: join(base, 'r') }).catch(({ message }) => message),
      );
    await mailring.backup({ to: begun }, { onProgress: () => void (meanwhile.length === 0 && look()) });
    const [whenOpened, whenRestored] = await Promise.all(meanwhile);
    expect(whenOpened).toBe('MAILRING_FORMAT');
    expect(whenRestored).toContain('this backup was never finished');
  });
});

describe('a restore', () => {
  test('answers every cursor from before by a full page, and each list shows what it was', async () => {
    const clock = new ManualClock();
    const { to, restored, mailring } = await backedUp({ clock });
    const before = await mailring.fetchMessages({ userId: 'ann' });
    clock.set(clock.now() + 60_000);
    await send(mailring, 'ann', 'bob', 'lost');
    await send(mailring, 'ann', 'cleo', 'lost');
    const lost = await mailring.fetchMessages({ userId: 'ann' });
    const lostCleo = await mailring.fetchMessages({ userId: 'cleo' });
    await mailring.close();

    const { began, mailboxes, shards } = await Mailring.restore({ from: to, location: restored }, { clock });
    expect({ mailboxes, shards }).toEqual({ mailboxes: 2, shards: ['shard-0'] });
    expect(began).toBe(clock.now() + DAY_MS);
    const again = await open({ location: restored, clock });
    for (const lastUpdatedTimestamp of [0, before.lastUpdatedTimestamp, lost.lastUpdatedTimestamp]) {
      const answer = await again.fetchMessages({ userId: 'ann', lastUpdatedTimestamp, maxChanges: Number.POSITIVE_INFINITY });
      expect(answer).toEqual({ ...before, lastUpdatedTimestamp: began, reason: 'restored' });
      const list = await again.fetchConversations({ userId: 'ann', lastUpdatedTimestamp });
      expect(list).toMatchObject({ isDeltaUpdate: false, reason: 'restored', totals: { conversations: 1, unread: 0 } });
    }
    const watch = again.watch({ userId: 'ann', lastUpdatedTimestamp: lost.lastUpdatedTimestamp });
    expect((await watch.next()).value).toEqual({ type: 'reset', reason: 'restored', lastUpdatedTimestamp: began });
    await watch.return?.();
    // Somebody whose mailbox began in the time that was lost: empty, and a new one begins above what he may hold.
    expect(await again.fetchMessages({ userId: 'cleo', lastUpdatedTimestamp: lostCleo.lastUpdatedTimestamp })).toMatchObject({
      messages: [],
      reason: 'future',
    });
    const sent = await send(again, 'cleo', 'ann', 'new');
    expect(sent).toMatchObject({ seq: 1, lastUpdatedTimestamp: began + 1 });
    expect(await again.fetchMessages({ userId: 'cleo', lastUpdatedTimestamp: lostCleo.lastUpdatedTimestamp })).toMatchObject({ reason: 'restored' });
    // The id of a message that was lost is new again; that of one that is there is not.
    expect((await send(again, 'ann', 'bob', 'lost again')).seq).toBe(2);
    expect(again.health()).toEqual({ status: 'ok', reasons: [] });
    expect((await again.verify()).problems).toEqual([]);
    await again.close();
    const cold = await open({ location: restored, clock });
    expect(await cold.fetchMessages({ userId: 'cleo', lastUpdatedTimestamp: sent.lastUpdatedTimestamp })).toMatchObject({ messages: [], isDeltaUpdate: true });
    await send(cold, 'dan', 'eve', 'somebody new after the next start');
    expect((await cold.fetchMessages({ userId: 'dan' })).lastUpdatedTimestamp).toBeGreaterThan(began);
  });

  test('begins above every number of an earlier restore of the same backup, which is kept in the backup', async () => {
    const clock = new ManualClock();
    const { base, to, restored, mailring } = await backedUp({ clock });
    await mailring.close();
    const first = await Mailring.restore({ from: to, location: restored }, { clock });
    const second = await Mailring.restore({ from: to, location: join(base, 'second') }, { clock });
    expect(second.began).toBe(first.began + DAY_MS);
    await writeFile(join(to, 'restored.json'), '{"format":1,"began":"soon"}');
    expect(await errorOf(Mailring.restore({ from: to, location: join(base, 'damaged') }))).toMatchObject({ code: 'MAILRING_FORMAT' });
    await writeFile(join(to, 'restored.json'), JSON.stringify({ format: 1, began: second.began }));
    const third = await Mailring.restore({ from: to, location: join(base, 'third') }, { clock, notBelow: second.began + 5 });
    expect(third.began).toBe(second.began + 5 + DAY_MS);
    // A backup of what was restored knows by itself.
    const again = await open({ location: join(base, 'third'), clock });
    await again.backup({ to: join(base, 'next') });
    await again.close();
    expect((await Mailring.restore({ from: join(base, 'next'), location: join(base, 'fourth') }, { clock })).began).toBe(third.began + 1 + DAY_MS);
  });

  test('keeps health from complaining of the clock for as long as the margin, and no longer', async () => {
    const clock = new ManualClock();
    const { to, restored, mailring } = await backedUp({ clock });
    await mailring.close();
    const { began } = await Mailring.restore({ from: to, location: restored }, { clock });
    const again = await open({ location: restored, clock });
    await send(again, 'ann', 'bob', 'a day ahead');
    expect(again.health().status).toBe('ok');
    clock.set(began + 1);
    await send(again, 'ann', 'bob', 'in time');
    expect(again.health().status).toBe('ok');
    clock.set(began + 120_000);
    await send(again, 'ann', 'bob', 'later');
    clock.set(began + 1);
    await send(again, 'ann', 'bob', 'set back');
    expect(again.health().reasons.map(({ code }) => code)).toEqual(['clock-behind']);
  });

  test('needs a finished backup, and an empty folder', async () => {
    const { base, location, to, restored, mailring } = await backedUp();
    await mailring.close();
    const refusal = async (from: string, target = restored) => errorOf(Mailring.restore({ from, location: target }));
    expect((await refusal(location)).message).toContain('this folder holds no backup');
    expect(await refusal(join(base, 'nowhere'))).toMatchObject({ code: 'MAILRING_FORMAT' });
    await writeFile(join(base, 'file'), '');
    expect(await refusal(join(base, 'file'))).toMatchObject({ code: 'MAILRING_UNAVAILABLE', retryable: false });
    await expect(Mailring.restore({ from: to, location })).rejects.toThrow(/^location must be a folder that is empty or not there yet/);
    const manifest = JSON.parse(await readFile(join(to, 'backup.json'), 'utf8'));
    const damaged = async (text: string, name = 'damaged') => {
      await cp(to, join(base, name), { recursive: true });
      await writeFile(join(base, name, 'backup.json'), text);
      return refusal(join(base, name));
    };
    expect((await damaged('{"format')).message).toContain('backup.json cannot be read');
    expect((await damaged(JSON.stringify({ ...manifest, format: 2 }))).message).toContain('written by a newer mailring');
    expect((await damaged(JSON.stringify({ ...manifest, shards: [] }))).message).toContain('the manifest of this backup is damaged');
    expect((await damaged(JSON.stringify({ ...manifest, shards: [{ name: '../up', files: [] }] }))).message).toContain(
      'the manifest of this backup is damaged',
    );
    expect((await damaged(JSON.stringify({ ...manifest, shards: [{ name: 'shard-0', files: [{ name: '../../x' }] }] }))).message).toContain('is damaged');
    await expect(readdir(restored)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('finds out every file that is not what was backed up, and leaves nothing behind', async () => {
    const { base, to, restored, mailring } = await backedUp();
    await mailring.close();
    const files = (await readdir(join(to, 'shard-0'))).filter((name) => /^(?:CURRENT|MANIFEST.*|\d+\.(?:log|ldb))$/.test(name));
    expect(files.length).toBeGreaterThanOrEqual(3);
    for (const [i, file] of files.entries()) {
      const from = join(base, `damaged ${i}`);
      await cp(to, from, { recursive: true });
      await appendFile(join(from, 'shard-0', file), 'x');
      expect(await errorOf(Mailring.restore({ from, location: restored }))).toMatchObject({
        code: 'MAILRING_CORRUPT',
        details: { file: join(from, 'shard-0', file) },
      });
      expect(await readdir(restored)).toEqual([]);
      await rm(join(from, 'shard-0', file));
      expect((await errorOf(Mailring.restore({ from, location: restored }))).message).toContain('a file is missing');
      expect(await readdir(restored)).toEqual([]);
    }
    await Mailring.restore({ from: to, location: restored });
  });

  test('that is given up leaves nothing; one that did not finish is opened by nobody', async () => {
    const { to, restored, mailring } = await backedUp();
    await mailring.close();
    const abort = new AbortController();
    const opens: Promise<string>[] = [];
    const names: Promise<string[]>[] = [];
    const givenUp = Mailring.restore(
      { from: to, location: restored },
      {
        signal: abort.signal,
        onProgress: () => {
          names.push(readdir(restored));
          opens.push(Mailring.open({ location: restored }).catch(({ message }) => message));
          abort.abort();
        },
      },
    );
    expect(await errorOf(givenUp)).toMatchObject({ code: 'MAILRING_ABORTED' });
    expect((await Promise.all(opens))[0]).toContain('a restore into this folder did not finish');
    // Whoever opens a store by the path of its shard finds nothing.
    expect((await Promise.all(names))[0]!.sort()).toEqual(['.restoring', 'restore.json']);
    expect(await readdir(restored)).toEqual([]);
    const progress: object[] = [];
    const { bytes, mailboxes } = await Mailring.restore({ from: to, location: restored }, { onProgress: (done) => progress.push(done) });
    expect(progress.at(-1)).toEqual({ bytes, mailboxes });
    expect((await readdir(restored)).sort()).toEqual(['shard-0']);
  });

  test('of a trimmed mailbox shows all of it, and trims on', async () => {
    const limits = { logChanges: 5 };
    const base = await folder();
    const mailring = await open({ location: join(base, 'data'), limits });
    for (let i = 0; i < 40; i++) await send(mailring, 'ann', `peer ${i % 20}`, `${i}`);
    const seen = async (of: Mailring) => {
      const [conversations, messages]: [string[], string[]] = [[], []];
      for await (const { conversationId } of of.conversations({ userId: 'ann' })) conversations.push(conversationId);
      for await (const { messageId } of of.messages({ userId: 'ann' })) messages.push(messageId);
      return { conversations, messages };
    };
    const before = await seen(mailring);
    expect(before.messages).toHaveLength(40);
    await mailring.backup({ to: join(base, 'backup') });
    await Mailring.restore({ from: join(base, 'backup'), location: join(base, 'restored') });
    const again = await open({ location: join(base, 'restored'), limits });
    expect(await seen(again)).toEqual(before);
    expect((await again.verify()).problems).toEqual([]);
    for (let i = 40; i < 100; i++) {
      const { messageId } = await send(again, 'ann', `peer ${i % 20}`, `${i}`);
      before.messages.unshift(messageId);
      const { conversations, messages } = await seen(again);
      expect(messages).toEqual(before.messages);
      expect(new Set(conversations).size).toBe(20);
    }
    expect((await again.verify()).problems).toEqual([]);
  });
});
