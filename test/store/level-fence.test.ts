import { LevelStore } from 'mailring/level';
import { beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../src/model/clock.js';
import { isMailringError, type MailringError } from '../../src/model/errors.js';
import { partitionNamed, put, write } from './level-rows.js';
import { WatchedDatabase } from './watched-database.js';

const A = partitionNamed('alice');
const B = partitionNamed('bob');

let db: WatchedDatabase;
let store: LevelStore;

beforeEach(async () => {
  db = new WatchedDatabase();
  store = new LevelStore({ db });
  await store.open({ clock: systemClock });
  await store.apply([write(A, 0, 1), write(B, 0, 1)]);
  db.reset();
});

const diskFull = (code = 'LEVEL_IO_ERROR') => Object.assign(new Error('IO error: 000003.log: No space left on device'), { code });

function failWrites(error: Error = diskFull()): void {
  db.beforeWrite = async () => {
    throw error;
  };
}

async function errorOf(call: Promise<unknown>): Promise<MailringError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isMailringError(error)) throw new Error(`not a MailringError: ${error}`);
  return error;
}

test('the write that fails is unconfirmed, and its error is the cause', async () => {
  const cause = diskFull();
  failWrites(cause);
  expect(await errorOf(store.apply([write(A, 1, 2)]))).toMatchObject({ code: 'MAILRING_UNAVAILABLE', outcome: 'unconfirmed', retryable: true, cause });
});

test('after a failed write every call is refused without reaching the database', async () => {
  failWrites();
  await errorOf(store.apply([write(A, 1, 2)]));
  db.reset();
  db.beforeWrite = async () => undefined;
  const first = (items: AsyncGenerator<unknown>) => items.next();
  const scan = { gte: A, lt: B, limit: 1 };
  for (const call of [store.load(A), store.validate(A), store.read(A, [A]), store.scan(A, scan), first(store.partitions()), first(store.scanMarks(1))]) {
    expect(await errorOf(call)).toMatchObject({ code: 'MAILRING_UNAVAILABLE', retryable: true });
  }
  for (const writes of [[write(A, 1, 2)], [write(B, 1, 2)], [write(partitionNamed('cold'), 0, 1)], [write(A, 7, 8)]]) {
    expect(await errorOf(store.apply(writes))).toMatchObject({ code: 'MAILRING_UNAVAILABLE', outcome: 'not-accepted' });
  }
  expect(db.calls).toEqual([]);
});

test('applies that wait behind the one that fails are not issued', async () => {
  failWrites();
  const [failed, ...waiting] = await Promise.all([
    errorOf(store.apply([write(A, 1, 2)])),
    errorOf(store.apply([write(B, 1, 2)])),
    errorOf(store.apply([write(A, 1, 3, { type: 'deleteRange', gte: A, lt: B })])),
    errorOf(store.apply([write(partitionNamed('cold'), 0, 1)])),
  ]);
  expect(failed?.outcome).toBe('unconfirmed');
  expect(waiting.map(({ outcome }) => outcome)).toEqual(['not-accepted', 'not-accepted', 'not-accepted']);
  expect(db.calls).toEqual(['write']);
});

test('close and open make it usable again, and versions are read anew', async () => {
  // The write that "failed" is there all the same: an error means unknown.
  db.beforeWrite = async () => undefined;
  const real = db.batch.bind(db);
  db.batch = () => {
    const batch = real();
    return {
      put: (key, value, options) => batch.put(key, value, options),
      del: (key, options) => batch.del(key, options),
      close: () => batch.close(),
      write: async (options) => {
        await batch.write(options);
        throw diskFull();
      },
    };
  };
  expect(await errorOf(store.apply([write(A, 1, 2, put('k', 'v'))]))).toMatchObject({ outcome: 'unconfirmed' });
  db.batch = real;
  await store.close();
  await store.open({ clock: systemClock });
  expect(await store.apply([write(A, 1, 3)])).toMatchObject({ applied: false });
  expect(await store.validate(A)).toBe(2);
  expect(await store.apply([write(A, 2, 3)])).toEqual({ applied: true });
});

test('a write that fails on damage says so, is unconfirmed, and fences too', async () => {
  failWrites(Object.assign(new Error('Corruption: bad block'), { code: 'LEVEL_CORRUPTION' }));
  expect(await errorOf(store.apply([write(A, 1, 2)]))).toMatchObject({ code: 'MAILRING_CORRUPT', outcome: 'unconfirmed' });
  expect(await errorOf(store.load(A))).toMatchObject({ code: 'MAILRING_UNAVAILABLE' });
});

test('a refused commit, a mistake of the caller and a read that fails do not fence', async () => {
  expect(await store.apply([write(A, 0, 2)])).toMatchObject({ applied: false });
  await expect(store.apply([write(A, 1, 1)])).rejects.toThrow(RangeError);
  db.afterRead = async () => {
    throw diskFull();
  };
  expect(await errorOf(store.load(A))).toMatchObject({ code: 'MAILRING_UNAVAILABLE' });
  expect(await errorOf(store.apply([write(partitionNamed('cold'), 0, 1)]))).toMatchObject({ code: 'MAILRING_UNAVAILABLE', outcome: 'not-accepted' });
  db.afterRead = async () => undefined;
  expect(await store.apply([write(A, 1, 2)])).toEqual({ applied: true });
});

test('when somebody else closed the database, nothing is accepted', async () => {
  await db.close();
  expect(await errorOf(store.apply([write(A, 1, 2)]))).toMatchObject({ code: 'MAILRING_UNAVAILABLE', outcome: 'not-accepted' });
  expect(await errorOf(store.load(A))).toMatchObject({ code: 'MAILRING_UNAVAILABLE' });
});

test('close waits for the commit in flight and for those behind it', async () => {
  let proceed = (): void => undefined;
  db.beforeWrite = () => new Promise((resolve) => (proceed = resolve));
  const answers: string[] = [];
  const first = store.apply([write(A, 1, 2)]).then(({ applied }) => answers.push(`first ${applied}`));
  const second = store.apply([write(A, 2, 3)]).then(({ applied }) => answers.push(`second ${applied}`));
  const closing = store.close().then(() => answers.push('closed'));
  await new Promise((resolve) => setImmediate(resolve));
  expect(answers).toEqual([]);
  expect(await errorOf(store.load(A))).toMatchObject({ code: 'MAILRING_CLOSED' });
  db.beforeWrite = async () => undefined;
  proceed();
  await Promise.all([first, second, closing]);
  expect(answers).toEqual(['first true', 'second true', 'closed']);
});

test('a call whose signal is aborted or whose deadline is over is not issued', async () => {
  const given = [{ signal: AbortSignal.abort() }, { deadline: 1 }];
  for (const options of given) {
    expect(await errorOf(store.load(A, options))).toMatchObject({ code: 'MAILRING_ABORTED', name: 'AbortError', retryable: true });
    expect(await errorOf(store.apply([write(A, 1, 2)], [], options))).toMatchObject({ code: 'MAILRING_ABORTED', retryable: true, outcome: 'not-accepted' });
  }
  expect(db.calls).toEqual([]);
});

test('an apply that is aborted while it waits is not issued', async () => {
  const controller = new AbortController();
  const first = store.apply([write(A, 1, 2)]);
  const waiting = errorOf(store.apply([write(B, 1, 2)], [], { signal: controller.signal }));
  controller.abort();
  expect(await waiting).toMatchObject({ code: 'MAILRING_ABORTED', outcome: 'not-accepted' });
  expect(await first).toEqual({ applied: true });
  expect(db.count('write')).toBe(1);
});
