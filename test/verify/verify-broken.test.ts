import type { VerifyProblem } from 'mailring';
import { beforeAll, describe, expect, test } from 'vitest';
import { conversationKey, conversationPrefix, type Direction, dedupeKey, messageKey } from '../../src/mailbox/keys.js';
import { CHANGE, type ConversationRow, FRESH_HEAD, type LogRow } from '../../src/mailbox/rows.js';
import { HEAD_KEY, noteKey } from '../../src/store/store.js';
import { ada, away, dee, fill, home, homeSide, ids, MESSAGES, named, problem, user, verifyStore } from './mailboxes.js';
import { StoredRows } from './stored-rows.js';

const sound = new StoredRows();
beforeAll(() => fill(sound.store()));

type Named = Omit<VerifyProblem, 'text'>;
type Break = (rows: StoredRows) => Promise<unknown>;

/** Breaks a copy of the sound mailboxes, verifies all of them and compares everything that is named, in any order. */
function breaks(what: string, broken: Break, expected: readonly Named[]): void {
  test(what, async () => {
    const rows = await sound.copy();
    await broken(rows);
    const verification = await verifyStore(rows.store());
    const byText = (list: readonly Named[]) => list.map((each) => JSON.stringify(each)).sort();
    expect(byText(named(verification))).toEqual(byText(expected));
    expect(verification.ok).toBe(expected.length === 0);
  });
}

const LAST = MESSAGES;
const prefix = conversationPrefix(away);
const atHome = (kind: VerifyProblem['kind'], seq?: number) => problem(kind, home, away, seq);
const atAway = (kind: VerifyProblem['kind'], seq?: number) => problem(kind, away, home, seq);
const nobody = user('nobody');
const EMPTY_ROW: ConversationRow = { homeSide, number: 0, floorSeq: 0, floorIn: 0, floorTimestamp: 0, readSeq: 0, readIn: 0 };
/** Seq 3 was sent by home. */
const SENT: Direction = 0;
const ID_3 = ids[2]!;

/** The commit of a mailbox that brought a message of home and away. */
async function commitOf(rows: StoredRows, owner: typeof home, seq: number): Promise<{ readonly row: LogRow; readonly older: LogRow }> {
  const log = await rows.log(owner);
  const peer = owner === home ? away : home;
  const at = log.findIndex(({ changes }) => changes.some((change) => change.peer === peer && change.seq === seq));
  return { row: log[at]!, older: log[at + 1]! };
}

describe('rows that cannot be read', () => {
  breaks(
    'an unknown format is named',
    (rows) => rows.reseal(away, messageKey(conversationPrefix(home), 3), (body) => Buffer.concat([Uint8Array.of(2), body.subarray(1)])),
    [atAway('row', 3)],
  );
  breaks('a row whose fields do not fit is named', (rows) => rows.reseal(away, conversationKey(conversationPrefix(home)), (body) => body.subarray(0, -1)), [
    atAway('row'),
  ]);
  breaks(
    'a log row with an unknown kind of change is named, and what it brought is not doubted',
    async (rows) => {
      const { row } = await commitOf(rows, away, 3);
      // Format, two totals of one byte each, then the kind.
      await rows.reseal(away, noteKey(row.version), (body) => Buffer.concat([body.subarray(0, 3), Uint8Array.of(9), body.subarray(4)]));
    },
    [problem('row', away)],
  );
  breaks(
    'a row that was put in another place fails its checksum',
    async (rows) => rows.put(away, messageKey(conversationPrefix(home), 4), await rows.get(home, messageKey(prefix, 4))),
    [atAway('checksum', 4)],
  );
  breaks('a row shorter than a checksum fails it', (rows) => rows.put(away, messageKey(conversationPrefix(home), 3), Uint8Array.of(1)), [
    atAway('checksum', 3),
  ]);
  breaks('a key that the layout does not know is named', (rows) => rows.put(away, Uint8Array.of(0x40, 1), Uint8Array.of(1)), [problem('key', away)]);
  breaks('a key of a conversation with a user that cannot exist is named', (rows) => rows.put(away, Uint8Array.of(0x30, 1, 0, 0, 0), Uint8Array.of(1)), [
    problem('key', away),
  ]);
  breaks('a partition that is no user is named', (rows) => rows.write(Uint8Array.of(0x05, 1, 0x61, 0x30), Uint8Array.of(1)), [
    { kind: 'partition', userId: '' },
  ]);
  breaks('a partition of a user whose id is no text is named', (rows) => rows.write(Uint8Array.of(0x01, 1, 0xff, 0x30), Uint8Array.of(1)), [
    { kind: 'partition', userId: '' },
  ]);
  breaks('bytes outside every partition are named by the store', (rows) => rows.write(Uint8Array.of(0xfd, 0x7f), Uint8Array.of(1)), [
    { kind: 'store', userId: '' },
  ]);
});

describe('the head', () => {
  breaks('a sound head is no problem', (rows) => rows.putHead(away, FRESH_HEAD), []);
  breaks('a reason without a reset is named', (rows) => rows.putHead(away, { ...FRESH_HEAD, reason: 1 }), [problem('head', away)]);
  breaks('a reset above where deltas begin is named', (rows) => rows.putHead(away, { ...FRESH_HEAD, reset: 7, reason: 2 }), [problem('head', away)]);
  breaks(
    'a state that does not exist is named',
    async (rows) => {
      await rows.putHead(away, FRESH_HEAD);
      await rows.reseal(away, HEAD_KEY, (body) => Buffer.concat([body.subarray(0, 1), Uint8Array.of(5), body.subarray(2)]));
    },
    [problem('row', away)],
  );
});

describe('the log', () => {
  breaks(
    'commits whose numbers overlap are named, and the change that is there twice',
    async (rows) => {
      const log = await rows.log(dee);
      const [{ version, changes }] = log as [LogRow];
      await rows.putLog(dee, { version: version - 1, conversations: 1, unread: 0, changes: [] });
      await rows.putLog(dee, { version, conversations: 1, unread: 0, changes: [...changes, ...changes] });
    },
    [problem('log', dee), problem('log', dee, ada, 1)],
  );
  breaks(
    'messages of a conversation that stand out of order in the log are named',
    async (rows) => {
      const { row, older } = await commitOf(rows, away, LAST);
      // The last but one is logged once more, under a number that nothing has.
      expect(row.version - older.version).toBeGreaterThan(1);
      await rows.putLog(away, { ...older, version: row.version - 1 });
    },
    [atAway('log', LAST - 1), atAway('number', LAST - 1)],
  );
  breaks(
    'a commit with more changes than there are numbers is named',
    async (rows) => {
      const change = { kind: CHANGE.message, peer: home, seq: 1 } as const;
      await rows.putLog(away, { version: 1, conversations: 0, unread: 0, changes: [change, change] });
    },
    [problem('log', away), atAway('log', 1)],
  );
  breaks(
    'a commit that is missing in the log is named by its message',
    async (rows) => {
      const { row } = await commitOf(rows, away, 3);
      await rows.put(away, noteKey(row.version), undefined);
    },
    [atAway('number', 3)],
  );
  breaks(
    'a commit that is missing is named also below one that cannot be read',
    async (rows) => {
      await rows.put(away, noteKey((await commitOf(rows, away, 3)).row.version), undefined);
      await rows.put(away, noteKey((await commitOf(rows, away, 5)).row.version), Uint8Array.of(1));
    },
    [atAway('number', 3), problem('checksum', away)],
  );
  breaks(
    'a commit that is missing at the end of the log is named by its message',
    async (rows) => {
      const [row] = (await rows.log(dee)) as [LogRow];
      await rows.putLog(dee, { ...row, version: row.version - 1, conversations: 0, changes: [] });
      await rows.put(dee, noteKey(row.version), undefined);
    },
    [problem('last-seq', dee, ada, 1)],
  );
  breaks(
    'a conversation that only the log knows is named',
    async (rows) => {
      const [row] = (await rows.log(away)) as [LogRow];
      await rows.putLog(away, { ...row, version: row.version + 1, changes: [{ kind: CHANGE.message, peer: nobody, seq: 1 }] });
    },
    [problem('conversation', away, nobody)],
  );
});

describe('numbers', () => {
  breaks(
    'a message with another number than its change is named',
    (rows) => rows.message(away, home, 3, (m) => ({ ...m, number: m.number + 1, updated: m.number + 1 })),
    [atAway('number', 3)],
  );
  breaks('a message with a number of the future is named', (rows) => rows.message(away, home, LAST, (m) => ({ ...m, number: 2 ** 47, updated: 2 ** 47 })), [
    atAway('number', LAST),
  ]);
  breaks('a message with number 0 is named', (rows) => rows.message(away, home, LAST, (m) => ({ ...m, number: 0, updated: 0 })), [atAway('number', LAST)]);
  breaks('a message whose last change is not in the log is named', (rows) => rows.message(away, home, 3, (m) => ({ ...m, updated: m.number + 1 })), [
    atAway('number', 3),
  ]);
  breaks(
    'a message whose last change is another than the one in the log is named',
    async (rows) => {
      const [row] = (await rows.log(away)) as [LogRow];
      await rows.putLog(away, { ...row, version: row.version + 1, changes: [{ kind: CHANGE.edit, peer: home, seq: 3 }] });
    },
    [atAway('number', 3)],
  );
  breaks(
    "a conversation's row with a number that is not in the log is named",
    async (rows) => {
      const [{ version }] = (await rows.log(away)) as [LogRow];
      await rows.conversation(away, home, (row) => ({ ...row, number: version }));
    },
    [atAway('number')],
  );
});

describe('conversations', () => {
  breaks('messages without their conversation are named', (rows) => rows.put(away, conversationKey(conversationPrefix(home)), undefined), [
    atAway('conversation'),
  ]);
  breaks('a conversation without a message is named, and that nobody has a copy', (rows) => rows.putConversation(away, nobody, EMPTY_ROW), [
    problem('conversation', away, nobody),
    problem('copies', away, nobody),
  ]);
  breaks('another home than the participants give is named', (rows) => rows.conversation(away, home, (row) => ({ ...row, homeSide: homeSide === 0 ? 1 : 0 })), [
    atAway('home-side'),
  ]);
});

describe('messages', () => {
  breaks('a message missing in the middle is named, and that the copies differ', (rows) => rows.removeMessage(away, home, 3), [
    atAway('seq', 3),
    atHome('copies', 3),
  ]);
  breaks('the oldest message missing is named', (rows) => rows.removeMessage(away, home, 1), [atAway('seq', 1), atHome('copies', 1)]);
  breaks('a message with seq 0 is named', async (rows) => rows.putMessage(away, home, 0, await rows.getMessage(away, home, 1)), [atAway('seq', 0)]);
  breaks('the newest message missing is named, and that the copies end differently', (rows) => rows.removeMessage(away, home, LAST), [
    atAway('last-seq', LAST),
    atAway('copies'),
    atHome('copies'),
  ]);
  breaks(
    'a message above the newest of the log is named',
    async (rows) => {
      const newest = await rows.getMessage(away, home, LAST);
      const [{ version }] = (await rows.log(away)) as [LogRow];
      const number = version - 1;
      await rows.putMessage(away, home, LAST + 1, { ...newest, number, updated: number, incoming: false, sentTimestamp: newest.sentTimestamp + 1 });
    },
    [atAway('last-seq', LAST + 1), atAway('copies'), atHome('copies')],
  );
  breaks(
    'a message with a number that no commit has reached is named',
    async (rows) => {
      const newest = await rows.getMessage(away, home, LAST);
      const number = 2 ** 47;
      await rows.putMessage(away, home, LAST + 1, { ...newest, number, updated: number, incoming: false, sentTimestamp: newest.sentTimestamp + 1 });
    },
    [atAway('last-seq', LAST + 1), atAway('copies'), atHome('copies')],
  );
  breaks('a count of incoming messages that does not follow is named', (rows) => rows.message(away, home, LAST, (m) => ({ ...m, inNo: m.inNo + 1 })), [
    atAway('count', LAST),
  ]);
  breaks('a first message that does not begin to count at 0 is named', (rows) => rows.message(away, home, 1, (m) => ({ ...m, inNo: m.inNo + 1 })), [
    atAway('count', 2),
    atAway('count', 1),
  ]);
  breaks('a message to oneself that counts as incoming is named', (rows) => rows.message(ada, ada, 2, (m) => ({ ...m, incoming: true, inNo: 1 })), [
    problem('count', ada, ada, 2),
    problem('dedupe', ada, ada, 2),
    problem('totals', ada),
  ]);
  breaks(
    'a time that does not increase is named in both copies',
    async (rows) => {
      const { sentTimestamp } = await rows.getMessage(home, away, 2);
      for (const [owner, peer] of [
        [home, away],
        [away, home],
      ] as const)
        await rows.message(owner, peer, 3, (m) => ({ ...m, sentTimestamp }));
      await rows.dedupe(home, away, SENT, ID_3, (row) => ({ ...row, sentTimestamp }));
    },
    [atHome('sent-timestamp', 3), atAway('sent-timestamp', 3)],
  );
});

describe('totals', () => {
  const newest = (change: (row: LogRow) => LogRow) => async (rows: StoredRows) => {
    const [row] = (await rows.log(away)) as [LogRow];
    await rows.putLog(away, change(row));
  };
  breaks(
    'unread that is not the sum of the conversations is named',
    newest((row) => ({ ...row, unread: row.unread + 1 })),
    [problem('totals', away)],
  );
  breaks(
    'a number of conversations that are not there is named',
    newest((row) => ({ ...row, conversations: row.conversations + 1 })),
    [problem('totals', away)],
  );
});

describe('dedupe rows', () => {
  const key = dedupeKey(prefix, SENT, ID_3);
  breaks('a message without one is named', (rows) => rows.put(home, key, undefined), [atHome('dedupe', 3)]);
  breaks('one with another digest is named', (rows) => rows.dedupe(home, away, SENT, ID_3, (row) => ({ ...row, digest: 'x'.repeat(16) })), [
    atHome('dedupe', 3),
  ]);
  breaks('one with another time is named', (rows) => rows.dedupe(home, away, SENT, ID_3, (row) => ({ ...row, sentTimestamp: row.sentTimestamp + 1 })), [
    atHome('dedupe', 3),
  ]);
  breaks(
    'one with the seq of another message is named, and the message it leaves without',
    (rows) => rows.dedupe(home, away, SENT, ID_3, (row) => ({ ...row, seq: 5 })),
    [atHome('dedupe', 5), atHome('dedupe', 3)],
  );
  breaks(
    'one of the other direction is named',
    async (rows) => {
      await rows.putDedupe(home, away, 1, ID_3, await rows.getDedupe(home, away, SENT, ID_3));
      await rows.put(home, key, undefined);
    },
    [atHome('dedupe', 3)],
  );
  breaks('a second one for the same message is named', async (rows) => rows.putDedupe(home, away, SENT, 'zzz', await rows.getDedupe(home, away, SENT, ID_3)), [
    atHome('dedupe', 3),
  ]);
  breaks(
    'one without a message is named',
    async (rows) => rows.putDedupe(home, away, SENT, 'zzz', { ...(await rows.getDedupe(home, away, SENT, ID_3)), seq: LAST + 1 }),
    [atHome('dedupe', LAST + 1)],
  );
  breaks('one in a mailbox that is not the home is named', async (rows) => rows.putDedupe(away, home, 1, ID_3, await rows.getDedupe(home, away, SENT, ID_3)), [
    atAway('dedupe', 3),
  ]);
});

describe('copies', () => {
  breaks('other content is named', (rows) => rows.message(away, home, 3, (m) => ({ ...m, content: 'something else' })), [atHome('copies', 3)]);
  breaks('another id is named', (rows) => rows.message(away, home, 3, (m) => ({ ...m, clientMessageId: ids[4] as typeof m.clientMessageId })), [
    atHome('copies', 3),
  ]);
  breaks('another time is named', (rows) => rows.message(away, home, 3, (m) => ({ ...m, sentTimestamp: m.sentTimestamp + 1 })), [atHome('copies', 3)]);
  breaks('another sender is named, beside the count it breaks', (rows) => rows.message(away, home, 3, (m) => ({ ...m, incoming: !m.incoming })), [
    atHome('copies', 3),
    atAway('count', 3),
  ]);
  breaks('a copy that was edited alone is named', (rows) => rows.message(away, home, 3, (m) => ({ ...m, revision: 1 })), [atHome('copies', 3)]);
  breaks('a mailbox that is missing is named by those who wrote with it', (rows) => rows.removeMailbox(dee), [problem('copies', ada, dee)]);
  breaks(
    'a conversation that one of the two has lost is named by both',
    async (rows) => {
      await rows.put(away, conversationKey(conversationPrefix(home)), undefined);
      for (let seq = 1; seq <= LAST; seq++) await rows.removeMessage(away, home, seq);
    },
    [atAway('conversation'), atHome('copies')],
  );
});

describe('one mailbox alone', () => {
  const alone = async (broken: Break, userId: string) => {
    const rows = await sound.copy();
    await broken(rows);
    return named(await verifyStore(rows.store(), { userId }));
  };

  test('is compared with its copies from either side', async () => {
    const broken: Break = (rows) => rows.message(away, home, 3, (m) => ({ ...m, content: 'something else' }));
    expect(await alone(broken, home)).toEqual([atHome('copies', 3)]);
    expect(await alone(broken, away)).toEqual([atAway('copies', 3)]);
  });

  test('tells what cannot be read of the other copy, which nobody else will', async () => {
    const message: Break = (rows) => rows.put(away, messageKey(conversationPrefix(home), 3), Uint8Array.of(1));
    expect(await alone(message, home)).toEqual([atHome('copies', 3)]);
    const row: Break = (rows) => rows.put(away, conversationKey(conversationPrefix(home)), Uint8Array.of(1));
    expect(await alone(row, home)).toEqual([atHome('copies')]);
  });

  test('tells another home in the other copy', async () => {
    const broken: Break = (rows) => rows.conversation(away, home, (row) => ({ ...row, homeSide: homeSide === 0 ? 1 : 0 }));
    expect(await alone(broken, home)).toEqual([atHome('home-side')]);
  });

  test('says nothing of the damage of others', async () => {
    expect(await alone((rows) => rows.put(dee, Uint8Array.of(0x40), Uint8Array.of(1)), away)).toEqual([]);
  });
});

test('every bit that flips in a value is named: as a checksum, in its mailbox, and nothing else', async () => {
  const rows = await sound.copy();
  for (const owner of [home, away]) await rows.putHead(owner, FRESH_HEAD);
  const values = (await rows.all()).filter(({ key }) => key[0] === 1);
  expect(values.length).toBeGreaterThan(80);
  for (const [i, { key, value }] of values.entries()) {
    const flipped = Uint8Array.from(value);
    flipped[(i * 7) % value.length]! ^= 1 << (i % 8);
    await rows.write(key, flipped);
    const owner = Buffer.from(key.subarray(2, 2 + key[1]!)).toString();
    const { problems } = await verifyStore(rows.store());
    expect(problems).toEqual([expect.objectContaining({ kind: 'checksum', userId: owner })]);
    await rows.write(key, value);
  }
  expect(await verifyStore(rows.store())).toMatchObject({ ok: true });
});

test('every row that is gone is noticed', async () => {
  const rows = await sound.copy();
  for (const { key, value } of (await rows.all()).filter(({ key }) => key[0] === 1)) {
    await rows.write(key, undefined);
    expect(await verifyStore(rows.store())).toMatchObject({ ok: false });
    await rows.write(key, value);
  }
});
