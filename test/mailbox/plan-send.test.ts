import { isMailringError } from 'mailring';
import { describe, expect, test } from 'vitest';
import { ByteWriter } from '../../src/mailbox/byte-writer.js';
import { contentDigest } from '../../src/mailbox/content-digest.js';
import { ConversationState } from '../../src/mailbox/conversation-state.js';
import { MailboxDraft } from '../../src/mailbox/mailbox-draft.js';
import { MailboxState } from '../../src/mailbox/mailbox-state.js';
import { MailboxView } from '../../src/mailbox/mailbox-view.js';
import { planSend, type SendIntent } from '../../src/mailbox/plan-send.js';
import { decodeLogRow } from '../../src/mailbox/rows.js';
import { storedMessage } from '../../src/mailbox/stored-message.js';
import { conversationIdOf, parseClientMessageId, parseUserId, participantsOf, type UserId } from '../../src/model/ids.js';
import { utf8Length } from '../../src/model/text.js';
import { noteKey } from '../../src/store/store.js';

const ann = parseUserId('ann');
const bob = parseUserId('bob');
const NOW = 1_000_000;

const side = (user: UserId) => {
  const state = new MailboxState(user, { version: 0 });
  return { view: new MailboxView(state), draft: new MailboxDraft(state) };
};
type Side = ReturnType<typeof side>;

function intent(clientMessageId: string, content = 'hello', [sender, recipient]: readonly [UserId, UserId] = [ann, bob], homeSide: 0 | 1 = 0): SendIntent {
  const participants = participantsOf(sender, recipient);
  return {
    sender,
    recipient,
    clientMessageId: parseClientMessageId(clientMessageId),
    content,
    contentBytes: utf8Length(content),
    digest: contentDigest(content),
    conversationId: conversationIdOf(participants),
    homeSide,
    home: participants[homeSide],
  };
}

/** Plans a send whose two mailboxes commit together, seen from the sender. */
function plan(send: SendIntent, own: Side, theirs: Side, now: number) {
  const [home, other] = send.home === send.sender ? [own, theirs] : [theirs, own];
  return planSend(send, home, own === theirs ? undefined : other, false, now);
}

/** Seals and commits as a lane does after the store has acknowledged. */
function commit(side: Side, now: number): void {
  side.draft.seal(now, new ByteWriter());
  side.draft.commit();
}

const codeOf = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    return isMailringError(error) ? error.code : error;
  }
  return undefined;
};

/** A conversation with `last` messages of ann's, as a load would leave it: only the newest is in memory, no id is known. */
function loaded(owner: UserId, peer: UserId, last: number): Side {
  const one = side(owner);
  const row = { homeSide: 0 as const, number: 0, floorSeq: 0, floorIn: 0, floorTimestamp: 0, readSeq: 0, readIn: 0 };
  const newest = storedMessage(last, {
    incoming: owner !== ann,
    edited: false,
    deleted: false,
    number: last,
    updated: last,
    sentTimestamp: last,
    inNo: owner === ann ? 0 : last,
    revision: 0,
    clientMessageId: parseClientMessageId(`id-${last}`),
    content: 'old',
  });
  one.draft.state.hold(new ConversationState(owner, peer, row, newest));
  return one;
}

describe('planning a send', () => {
  test('both copies get the same seq, id, content and time; the peer counts it as incoming', () => {
    const [a, b] = [side(ann), side(bob)];
    expect(plan(intent('1'), a, b, NOW)).toMatchObject({ seq: 1, sentTimestamp: NOW, duplicate: false });
    expect(plan(intent('1', 'hi', [bob, ann]), b, a, NOW)).toMatchObject({ seq: 2, sentTimestamp: NOW + 1, duplicate: false });
    commit(a, NOW);
    commit(b, NOW + 7);
    const [mine, theirs] = [a.draft.state.conversation(bob)!, b.draft.state.conversation(ann)!];
    const shared = ({ recent }: ConversationState) =>
      recent.map(({ seq, clientMessageId, content, sentTimestamp }) => ({ seq, clientMessageId, content, sentTimestamp }));
    expect(shared(mine)).toEqual(shared(theirs));
    expect(mine.recent.map(({ incoming, inNo }) => ({ incoming, inNo }))).toEqual([
      { incoming: false, inNo: 0 },
      { incoming: true, inNo: 1 },
    ]);
    expect([mine.unread, theirs.unread]).toEqual([1, 1]);
    expect(a.draft.state.totals).toEqual({ conversations: 1, unread: 1 });
  });

  test('a commit of k changes takes k consecutive numbers that end at its version, whatever the clock says', () => {
    for (const [now, version] of [
      [NOW, NOW],
      [0, 3],
    ] as const) {
      const [a, b] = [side(ann), side(bob)];
      for (const id of ['1', '2', '3']) plan(intent(id), a, b, now);
      const write = a.draft.seal(now, new ByteWriter());
      expect(write).toMatchObject({ expectVersion: 0, version });
      a.draft.commit();
      expect(a.draft.state.conversation(bob)!.recent.map(({ number, updated }) => [number, updated])).toEqual(
        [1, 2, 3].map((i) => [version - 3 + i, version - 3 + i]),
      );
      const log = decodeLogRow(write.note, a.draft.state.place(noteKey(version)), version);
      expect(log.changes.map(({ seq }) => seq)).toEqual([3, 2, 1]);
    }
  });

  test('a repeat in the same batch and one after it give the first result', () => {
    const [a, b] = [side(ann), side(bob)];
    const first = plan(intent('1'), a, b, NOW)!;
    expect(plan(intent('1'), a, b, NOW + 5)).toEqual({ ...first, duplicate: true });
    commit(a, NOW);
    commit(b, NOW);
    const again = [a, b].map(({ draft }) => ({ view: new MailboxView(draft.state), draft: new MailboxDraft(draft.state) })) as [Side, Side];
    expect(plan(intent('1'), ...again, NOW + 9)).toBeUndefined();
    expect(again[0].view.takeNeeds()).toMatchObject([{ kind: 'id', direction: 0, id: '1' }]);
    again[0].view.foundId(a.draft.state.conversation(bob)!, 1, { seq: 1, sentTimestamp: NOW, digest: contentDigest('hello') });
    expect(plan(intent('1'), ...again, NOW + 9)).toMatchObject({ seq: 1, sentTimestamp: NOW, duplicate: true });
    expect(again.map(({ draft }) => draft.changed)).toEqual([false, false]);
  });

  test('the same id is another message from the other side, and in another conversation', () => {
    const [a, b, c] = [side(ann), side(bob), side(parseUserId('cid'))];
    expect(plan(intent('1'), a, b, NOW)).toMatchObject({ seq: 1, duplicate: false });
    expect(plan(intent('1', 'other', [bob, ann]), b, a, NOW)).toMatchObject({ seq: 2, duplicate: false });
    expect(plan(intent('1', 'third', [ann, parseUserId('cid')]), a, c, NOW)).toMatchObject({ seq: 1, duplicate: false });
  });

  test('an id with other content is a conflict that names the first message and leaves nothing', () => {
    const [a, b] = [side(ann), side(bob)];
    plan(intent('1'), a, b, NOW);
    expect(() => plan(intent('1', 'other'), a, b, NOW)).toThrow(
      expect.objectContaining({
        code: 'MAILRING_ID_CONFLICT',
        outcome: 'not-accepted',
        details: expect.objectContaining({ messageId: `${conversationIdOf([ann, bob])}.1` }),
      }),
    );
    expect(a.draft.seal(NOW, new ByteWriter()).ops).toHaveLength(3);
  });

  test('an id above all that are known needs no look-up, any other does', () => {
    const [a, b] = [loaded(ann, bob, 5), loaded(bob, ann, 5)];
    expect(plan(intent('id-6'), a, b, NOW)).toBeUndefined();
    const conversation = a.draft.state.conversation(bob)!;
    conversation.learnGreatest(0, 'id-5');
    a.view.takeNeeds();
    expect(plan(intent('id-4'), a, b, NOW)).toBeUndefined();
    a.view.takeNeeds();
    expect(plan(intent('id-6'), a, b, NOW)).toMatchObject({ seq: 6, duplicate: false });
    // Bytewise: in UTF-16 order U+10000 would stand before U+FFFD.
    conversation.learnGreatest(0, '\ufffd');
    expect(plan(intent('\u{10000}'), a, b, NOW)).toMatchObject({ seq: 7, duplicate: false });
    expect(plan(intent('\ufffc'), a, b, NOW)).toBeUndefined();
  });

  test('a look-up counts only together with what was committed since it began', () => {
    const [a, b] = [loaded(ann, bob, 5), loaded(bob, ann, 5)];
    const conversation = a.draft.state.conversation(bob)!;
    const slow = { view: new MailboxView(a.draft.state), draft: new MailboxDraft(a.draft.state) };
    slow.view.foundId(conversation, 5, null);
    // Meanwhile the same id was sent by a faster repeat.
    a.view.foundId(conversation, 5, null);
    expect(plan(intent('id-0'), a, b, NOW)).toMatchObject({ seq: 6, duplicate: false });
    commit(a, NOW);
    commit(b, NOW);
    const other = { view: new MailboxView(b.draft.state), draft: new MailboxDraft(b.draft.state) };
    expect(plan(intent('id-0'), slow, other, NOW + 1)).toMatchObject({ seq: 6, duplicate: true });
    expect(codeOf(() => plan(intent('id-0', 'other'), slow, other, NOW + 1))).toBe('MAILRING_ID_CONFLICT');
  });

  test('a dedupe row above the state says that somebody else has written', () => {
    const [a, b] = [loaded(ann, bob, 5), loaded(bob, ann, 5)];
    a.view.foundId(a.draft.state.conversation(bob)!, 5, { seq: 6, sentTimestamp: NOW, digest: contentDigest('hello') });
    expect(plan(intent('id-6'), a, b, NOW)).toBeUndefined();
    expect(a.view.stale).toBe(true);
  });

  test('copies that do not end at the same seq are diverged, and a home that is another is damage', () => {
    const [a, b] = [loaded(ann, bob, 5), loaded(bob, ann, 4)];
    a.draft.state.conversation(bob)!.learnGreatest(0, '');
    expect(codeOf(() => plan(intent('x'), a, b, NOW))).toBe('MAILRING_DIVERGED');
    const [c, d] = [loaded(ann, bob, 5), loaded(bob, ann, 5)];
    d.draft.state.conversation(ann)!.learnGreatest(1, '');
    expect(codeOf(() => plan(intent('x', 'hello', [ann, bob], 1), c, d, NOW))).toBe('MAILRING_CORRUPT');
    for (const { draft } of [a, b, c, d]) expect(draft.changed).toBe(false);
  });

  test('a message to oneself is one copy, sent, and never unread', () => {
    const one = side(ann);
    expect(plan(intent('1', 'note', [ann, ann]), one, one, NOW)).toMatchObject({ seq: 1 });
    expect(one.draft.seal(NOW, new ByteWriter()).ops).toHaveLength(3);
    one.draft.commit();
    expect(one.draft.state.totals).toEqual({ conversations: 1, unread: 0 });
  });
});
