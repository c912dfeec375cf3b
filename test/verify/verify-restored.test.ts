import { Mailring } from 'mailring';
import { describe, expect, test } from 'vitest';
import { conversationPrefix, messageKey, oldListKey } from '../../src/mailbox/keys.js';
import { noteKey } from '../../src/store/store.js';
import { send } from '../engine/mailrings.js';
import { ManualClock } from '../engine/manual-clock.js';
import { raise } from '../restore/raised.js';
import { named, problem, user, verifyStore } from './mailboxes.js';
import { StoredRows } from './stored-rows.js';

const ann = user('ann');
const peer = (i: number) => user(`peer ${i}`);

/** A mailbox of 12 conversations whose log was trimmed to 5 changes, restored, and written to again; and the numbers of the newest messages, by peer. */
async function restored(): Promise<{ readonly rows: StoredRows; readonly activity: ReadonlyMap<string, number> }> {
  const rows = new StoredRows();
  const clock = new ManualClock();
  const sendTo = async (peers: readonly number[]) => {
    const mailring = await Mailring.open({ store: rows.store(), clock, limits: { logChanges: 5 } });
    for (const i of peers) await send(mailring, ann, peer(i), `to ${i}`);
    const { conversations } = await mailring.fetchConversations({ userId: ann, pageSize: 200 });
    await mailring.close();
    return new Map(conversations.map(({ participants, lastActivityTimestamp }) => [participants.find((one) => one !== ann)!, lastActivityTimestamp]));
  };
  await sendTo([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  await raise(rows.store(), clock);
  return { rows, activity: await sendTo([3, 11]) };
}

describe('a mailbox that was restored, whose log had been trimmed before', () => {
  test('is right as it is', async () => {
    const { rows } = await restored();
    const { problems, checked } = await verifyStore(rows.store());
    expect(problems).toEqual([]);
    expect(checked).toEqual({ mailboxes: 13, messages: 28 });
  });

  test('and a conversation beyond the log is missed in the old list', async () => {
    const { rows, activity } = await restored();
    await rows.put(ann, oldListKey(activity.get(peer(1))!), undefined);
    expect(named(await verifyStore(rows.store()))).toEqual([problem('old-list', ann, peer(1), 1)]);
  });

  test('and a message that the log names is missed', async () => {
    const { rows } = await restored();
    await rows.put(ann, messageKey(conversationPrefix(peer(10)), 1), undefined);
    expect(named(await verifyStore(rows.store(), { userId: ann }))).toContainEqual(problem('last-seq', ann, peer(10), 1));
  });

  test('and a log row that is missed between others is named', async () => {
    const { rows, activity } = await restored();
    await rows.put(ann, noteKey(activity.get(peer(10))!), undefined);
    expect(named(await verifyStore(rows.store(), { userId: ann })).map(({ kind }) => kind)).toEqual(['last-seq', 'head']);
  });
});
