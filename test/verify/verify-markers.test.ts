import { beforeAll, describe, expect, test } from 'vitest';
import { conversationKey, conversationPrefix, oldListKey } from '../../src/mailbox/keys.js';
import { CHANGE, type Change, type ConversationRow, FRESH_HEAD, type Head, type LogRow } from '../../src/mailbox/rows.js';
import { noteKey } from '../../src/store/store.js';
import { away, fill, home, homeSide, MESSAGES, named, problem, verifyStore } from './mailboxes.js';
import { StoredRows } from './stored-rows.js';

/** States that the format has a place for and that only markers, floors, edits and trimming bring about: written as those will write them. */
const sound = new StoredRows();
beforeAll(() => fill(sound.store()));

const LAST = MESSAGES;
const atAway = (kind: Parameters<typeof problem>[0], seq?: number) => problem(kind, away, home, seq);
const FLOOR = 4;
const READ = 6;

/** Adds a commit with one change to the mailbox of `away`; gives its number. */
async function commit(rows: StoredRows, kind: Change['kind'], seq: number, unread?: number): Promise<number> {
  const [newest] = (await rows.log(away)) as [LogRow];
  const version = newest.version + 7;
  await rows.putLog(away, { ...newest, version, unread: unread ?? newest.unread, changes: [{ kind, peer: home, seq }] });
  return version;
}

/** A commit without changes, which takes a number too. */
async function emptyCommit(rows: StoredRows): Promise<void> {
  const [newest] = (await rows.log(away)) as [LogRow];
  await rows.putLog(away, { ...newest, version: newest.version + 7, changes: [] });
}

/** Moves the read marker as a reader will; gives its number. */
async function mark(rows: StoredRows, readSeq: number, change: (row: ConversationRow) => ConversationRow = (row) => row): Promise<number> {
  const { inNo } = await rows.getMessage(away, home, readSeq);
  const [newest] = (await rows.log(away)) as [LogRow];
  const number = await commit(rows, CHANGE.marker, readSeq, newest.unread - inNo);
  await rows.conversation(away, home, (row) => change({ ...row, number, readSeq, readIn: inNo }));
  return number;
}

/** Deletes the messages up to `FLOOR` for `away`, of which one row stays for now. */
async function floor(rows: StoredRows, change: (row: ConversationRow) => ConversationRow = (row) => row): Promise<void> {
  const { inNo, sentTimestamp } = await rows.getMessage(away, home, FLOOR);
  const [newest] = (await rows.log(away)) as [LogRow];
  const number = await commit(rows, CHANGE.floor, FLOOR, newest.unread - inNo);
  const moved = { homeSide, number, floorSeq: FLOOR, floorIn: inNo, floorTimestamp: sentTimestamp, readSeq: FLOOR, readIn: inNo };
  await rows.conversation(away, home, () => change(moved));
  for (let seq = 1; seq < FLOOR; seq++) await rows.removeMessage(away, home, seq);
}

/** Cuts the log of `away` below its newest commits, as trimming will: the conversation goes into the old list. */
async function trim(rows: StoredRows): Promise<{ readonly deltaFloor: number; readonly activity: number }> {
  const log = await rows.log(away);
  const gone = log.slice(1);
  const deltaFloor = gone[0]!.version;
  for (const { version } of gone) await rows.put(away, noteKey(version), undefined);
  await rows.putHead(away, { ...FRESH_HEAD, deltaFloor });
  const { number: activity } = await rows.getMessage(away, home, LAST);
  expect(activity).toBeLessThan(deltaFloor);
  await rows.putOldList(away, activity, { peer: home, seq: LAST });
  return { deltaFloor, activity };
}

async function found(broken: (rows: StoredRows) => Promise<unknown>) {
  const rows = await sound.copy();
  await broken(rows);
  return named(await verifyStore(rows.store()));
}

describe('a read marker', () => {
  test('that moved is no problem', async () => {
    expect(await found((rows) => mark(rows, READ))).toEqual([]);
  });
  test('whose commit cannot be read is not doubted', async () => {
    const broken = async (rows: StoredRows) => {
      await mark(rows, READ - 2);
      await rows.put(away, noteKey(await mark(rows, READ)), Uint8Array.of(1));
    };
    expect(await found(broken)).toEqual([problem('checksum', away)]);
  });
  test('in a row that cannot be read leaves the totals undoubted', async () => {
    const broken = async (rows: StoredRows) => {
      await mark(rows, READ);
      await rows.put(away, conversationKey(conversationPrefix(home)), Uint8Array.of(1));
    };
    expect(await found(broken)).toEqual([atAway('checksum')]);
  });
  test('above the newest message is named', async () => {
    expect(await found((rows) => mark(rows, READ, (row) => ({ ...row, readSeq: LAST + 1 })))).toEqual([atAway('marker'), atAway('marker')]);
  });
  test('that no change has moved is named, and that the totals do not know of it', async () => {
    const broken = (rows: StoredRows) => rows.conversation(away, home, (row) => ({ ...row, readSeq: 1, readIn: 1 }));
    expect(await found(broken)).toEqual([atAway('marker'), problem('totals', away)]);
  });
  test('elsewhere than its change moved it is named', async () => {
    const { readIn } = await sound.getMessage(away, home, READ - 1).then(({ inNo }) => ({ readIn: inNo }));
    expect(await found((rows) => mark(rows, READ, (row) => ({ ...row, readSeq: READ - 1, readIn })))).toEqual([atAway('marker')]);
  });
  test('with a count that is not the one there is named', async () => {
    expect(await found((rows) => mark(rows, READ, (row) => ({ ...row, readIn: row.readIn + 1 })))).toEqual([atAway('count', READ)]);
  });
  test('with another number than its change is named', async () => {
    expect(await found((rows) => mark(rows, READ, (row) => ({ ...row, number: row.number - 1 })))).toEqual([atAway('number')]);
  });
});

describe('a floor', () => {
  test('that moved is no problem, nor is a row left below it, nor ids in the home', async () => {
    expect(await found(floor)).toEqual([]);
  });
  test('with another count than the next message goes on from is named', async () => {
    expect(await found((rows) => floor(rows, (row) => ({ ...row, floorIn: row.floorIn + 1, readIn: row.readIn + 1 })))).toEqual([atAway('count', FLOOR + 1)]);
  });
  test('with a time that is not below the next message is named', async () => {
    expect(await found((rows) => floor(rows, (row) => ({ ...row, floorTimestamp: 2 ** 47 })))).toEqual([atAway('sent-timestamp', FLOOR + 1)]);
  });
  test('elsewhere than its change moved it is named', async () => {
    const broken = (rows: StoredRows) => floor(rows, (row) => ({ ...row, floorSeq: FLOOR - 1, floorIn: 2 }));
    // The row of the floor's own message is still there and counts again.
    expect(await found(broken)).toEqual(expect.arrayContaining([atAway('marker')]));
  });
  test('above a missing message: its seq is named', async () => {
    const broken = async (rows: StoredRows) => {
      await floor(rows);
      await rows.removeMessage(away, home, FLOOR + 1);
    };
    expect(await found(broken)).toEqual([problem('copies', home, away, FLOOR + 1), atAway('seq', FLOOR + 1)]);
  });
  test('above a read marker is named', async () => {
    expect(await found((rows) => floor(rows, (row) => ({ ...row, readSeq: FLOOR - 1 })))).toEqual([atAway('marker')]);
  });
  test('up to the newest message leaves a conversation that is not visible, without a problem', async () => {
    const broken = async (rows: StoredRows) => {
      const { inNo, sentTimestamp } = await rows.getMessage(away, home, LAST);
      const [newest] = (await rows.log(away)) as [LogRow];
      const number = newest.version + 1;
      const changes = [{ kind: CHANGE.floor, peer: home, seq: LAST }] as const;
      await rows.putLog(away, { version: number, conversations: newest.conversations - 1, unread: newest.unread - inNo, changes });
      const row = { homeSide, number, floorSeq: LAST, floorIn: inNo, floorTimestamp: sentTimestamp, readSeq: LAST, readIn: inNo };
      await rows.conversation(away, home, () => row);
      for (let seq = 1; seq <= LAST; seq++) await rows.removeMessage(away, home, seq);
    };
    expect(await found(broken)).toEqual([]);
  });
});

describe('an edited message', () => {
  const edit = (by: number) => async (rows: StoredRows) => {
    const number = await commit(rows, CHANGE.edit, 3);
    for (const [owner, peer] of [
      [away, home],
      [home, away],
    ] as const) {
      const firstDigest = (await rows.getDedupe(home, away, 0, (await rows.getMessage(home, away, 3)).clientMessageId)).digest;
      const updated = owner === away ? number + by : await commitAtHome(rows);
      await rows.message(owner, peer, 3, (m) => ({ ...m, updated, edited: true, revision: 1, firstDigest, content: 'edited' }));
    }
  };
  async function commitAtHome(rows: StoredRows): Promise<number> {
    const [newest] = (await rows.log(home)) as [LogRow];
    await rows.putLog(home, { ...newest, version: newest.version + 1, changes: [{ kind: CHANGE.edit, peer: away, seq: 3 }] });
    return newest.version + 1;
  }
  test('is no problem, and its dedupe row keeps the first digest', async () => {
    expect(await found(edit(0))).toEqual([]);
  });
  test('that does not exist is named', async () => {
    expect(await found((rows) => commit(rows, CHANGE.edit, LAST + 1))).toEqual([atAway('number', LAST + 1)]);
  });
  test('with another number than its edit is named', async () => {
    expect(await found(edit(-1))).toEqual([atAway('number', 3)]);
  });
});

describe('a trimmed log', () => {
  test('is no problem: what it no longer tells is not doubted', async () => {
    const broken = async (rows: StoredRows) => {
      await emptyCommit(rows);
      await trim(rows);
    };
    expect(named(await verifyStore(await withOldList(broken)))).toEqual([]);
  });
  test('a conversation missing in the old list is named', async () => {
    const broken = async (rows: StoredRows) => {
      await emptyCommit(rows);
      const { activity } = await trim(rows);
      await rows.put(away, oldListKey(activity), undefined);
    };
    expect(named(await verifyStore(await withOldList(broken)))).toEqual([atAway('old-list', LAST)]);
  });
  test('a conversation with another message in the old list is named', async () => {
    const broken = async (rows: StoredRows) => {
      await emptyCommit(rows);
      const { activity } = await trim(rows);
      await rows.putOldList(away, activity, { peer: home, seq: LAST - 1 });
    };
    expect(named(await verifyStore(await withOldList(broken)))).toEqual([atAway('old-list', LAST)]);
  });
  test('a conversation that stands in the old list twice is named', async () => {
    const broken = async (rows: StoredRows) => {
      await emptyCommit(rows);
      const { activity } = await trim(rows);
      await rows.putOldList(away, activity - 1, { peer: home, seq: LAST - 1 });
    };
    expect(named(await verifyStore(await withOldList(broken)))).toEqual([atAway('old-list')]);
  });
  test('numbers beyond it that do not increase are named', async () => {
    const broken = async (rows: StoredRows) => {
      await emptyCommit(rows);
      await trim(rows);
      const { number } = await rows.getMessage(away, home, 5);
      await rows.message(away, home, 4, (m) => ({ ...m, number, updated: number }));
    };
    expect(named(await verifyStore(await withOldList(broken)))).toEqual([atAway('number', 4)]);
  });
  test('a row of the old list for a conversation that the log still has is named', async () => {
    expect(await found((rows) => rows.putOldList(away, 5, { peer: home, seq: LAST }))).toEqual([atAway('old-list')]);
  });
  test('where deltas begin above the version is named', async () => {
    const broken = async (rows: StoredRows) => {
      await emptyCommit(rows);
      const { deltaFloor } = await trim(rows);
      await rows.putHead(away, { ...FRESH_HEAD, deltaFloor: deltaFloor + 1_000 });
    };
    expect(named(await verifyStore(await withOldList(broken)))).toEqual([problem('head', away)]);
  });
  test('a row that a trim has left is named', async () => {
    const broken = async (rows: StoredRows) => {
      await emptyCommit(rows);
      const oldest = (await rows.log(away)).at(-1)!;
      await trim(rows);
      await rows.putLog(away, oldest);
    };
    expect(named(await verifyStore(await withOldList(broken)))).toEqual([problem('log', away)]);
  });
  test('a head that counts the changes of the log is right, and named where it counts others, or of a version to come', async () => {
    const withHead = (logged: NonNullable<Head['logged']>) => async (rows: StoredRows) => {
      await emptyCommit(rows);
      const { deltaFloor } = await trim(rows);
      await rows.putHead(away, { ...FRESH_HEAD, deltaFloor, logged: { ...logged, at: deltaFloor + logged.at } });
    };
    const at = async (logged: NonNullable<Head['logged']>) => named(await verifyStore(await withOldList(withHead(logged))));
    expect(await at({ at: 0, changes: 0, trimming: false })).toEqual([]);
    expect(await at({ at: 0, changes: 1, trimming: true })).toEqual([problem('head', away)]);
    expect(await at({ at: 1_000_000, changes: 0, trimming: false })).toEqual([problem('head', away)]);
  });
});

/** Breaks a copy in which all other conversations of `away` stand in the old list too. */
async function withOldList(broken: (rows: StoredRows) => Promise<unknown>) {
  const rows = await sound.copy();
  const newest = new Map<string, { readonly number: number; readonly row: Parameters<StoredRows['putOldList']>[2] }>();
  for (const { version, changes } of await rows.log(away)) {
    for (const [i, { kind, peer, seq }] of changes.entries()) {
      if (kind === CHANGE.message && !newest.has(peer)) newest.set(peer, { number: version - i, row: { peer, seq } });
    }
  }
  newest.delete(home);
  for (const { number, row } of newest.values()) await rows.putOldList(away, number, row);
  await broken(rows);
  return rows.store();
}
