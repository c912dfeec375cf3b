import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Mailring, type Store } from 'mailring';
import { LevelStore } from 'mailring/level';
import { MemoryStore } from 'mailring/memory';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { conversationIdOf, snippetOf } from '../../src/testing/mailbox-model.js';
import { AWKWARD_PAIRS, AWKWARD_STRINGS, mayBeId, STRINGS_FROM } from './awkward-strings.js';
import { contentOf, refused } from './refusals.js';

const ids = AWKWARD_STRINGS.filter(mayBeId);
const noIds = AWKWARD_STRINGS.filter((text) => !mayBeId(text));
const contents = AWKWARD_STRINGS.filter((text) => text.isWellFormed() && Buffer.byteLength(text) <= 65_535);
const noContents = AWKWARD_STRINGS.filter((text) => !contents.includes(text));

describe.each(['memory', 'LevelDB'])('awkward strings over %s', (kind) => {
  let folder: string;
  let store: Store;
  let mailring: Mailring;

  beforeAll(async () => {
    console.info(`awkward strings: ${ids.length} ids, ${contents.length} contents, ${AWKWARD_PAIRS.length} pairs, from ${STRINGS_FROM}`);
    folder = await mkdtemp(join(tmpdir(), 'mailring-strings-'));
    store = kind === 'memory' ? new MemoryStore() : new LevelStore({ location: join(folder, 'data') });
    mailring = await Mailring.open({ store });
  });
  afterAll(async () => {
    await mailring.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('are each a user of its own, whose mailbox nobody shares', async () => {
    const sent = await Promise.all(
      ids.map((recipientId, i) =>
        mailring.sendMessage({ senderId: 'everybody\u2019s friend', recipientId, messageContent: `to ${i}`, clientMessageId: String(i) }),
      ),
    );
    expect(new Set(sent.map(({ conversationId }) => conversationId)).size).toBe(ids.length);
    for (const [i, userId] of ids.entries()) {
      const conversationId = conversationIdOf('everybody\u2019s friend', userId);
      assert.equal(mailring.conversationIdOf(userId, 'everybody\u2019s friend'), conversationId);
      assert.equal(sent[i]!.conversationId, conversationId);
      const { messages } = await mailring.fetchMessages({ userId });
      assert.deepEqual(
        messages.map(({ messageContent }) => messageContent),
        [`to ${i}`],
      );
      const { conversations } = await mailring.fetchConversations({ userId });
      assert.deepEqual(
        conversations.map((item) => [item.conversationId, item.unreadCount]),
        [[conversationId, 1]],
      );
    }
    const written = await mailring.fetchConversations({ userId: 'everybody\u2019s friend', pageSize: 1 });
    expect(written.totals).toEqual({ conversations: ids.length, unread: 0 });
  });

  it('that are no ids are refused in every place of an id, and leave nothing', async () => {
    const before = store instanceof MemoryStore ? await contentOf(store) : undefined;
    const good = { senderId: 'never', recipientId: 'neither', messageContent: 'x', clientMessageId: '1' };
    for (const text of noIds) {
      for (const key of ['senderId', 'recipientId', 'clientMessageId'])
        await refused('MAILRING_INVALID_TEXT', () => mailring.sendMessage({ ...good, [key]: text }));
      await refused('MAILRING_INVALID_TEXT', () => mailring.fetchMessages({ userId: text }));
      await refused('MAILRING_INVALID_TEXT', () => mailring.fetchConversations({ userId: text }));
    }
    for (const messageContent of noContents) {
      await refused(messageContent.isWellFormed() ? 'MAILRING_MESSAGE_TOO_LARGE' : 'MAILRING_INVALID_TEXT', () =>
        mailring.sendMessage({ ...good, messageContent }),
      );
    }
    for (const userId of ['never', 'neither']) expect((await mailring.fetchMessages({ userId })).messages).toEqual([]);
    if (store instanceof MemoryStore) expect(await contentOf(store)).toEqual(before);
  });

  it('come back as content, byte for byte, with the snippet of the definition', async () => {
    const senderId = 'writer';
    const recipientId = 'reader';
    for (const [i, messageContent] of contents.entries()) {
      await mailring.sendMessage({ senderId, recipientId, messageContent, clientMessageId: `content ${String(i).padStart(6, '0')}` });
      const { conversations } = await mailring.fetchConversations({ userId: recipientId });
      assert.deepEqual(
        conversations.map(({ snippet }) => snippet),
        [snippetOf(messageContent)],
        `the snippet of content ${i}`,
      );
    }
    await mailring.close();
    mailring = await Mailring.open({ store });
    for (const userId of [senderId, recipientId]) {
      const found: string[] = [];
      for (let before: number | undefined; ; ) {
        const page = await mailring.fetchMessages({ userId, pageSize: 200, before });
        found.unshift(...page.messages.map(({ messageContent }) => messageContent).reverse());
        if (page.next === undefined) break;
        before = page.next;
      }
      assert.deepEqual(found, contents);
    }
  });

  it('name messages that nobody takes for one another', async () => {
    const request = { senderId: 'one', recipientId: 'two', messageContent: 'x' };
    const first = await Promise.all(ids.map((clientMessageId) => mailring.sendMessage({ ...request, clientMessageId })));
    expect(first.map(({ seq, duplicate }) => ({ seq, duplicate }))).toEqual(ids.map((_, i) => ({ seq: i + 1, duplicate: false })));
    for (const [i, clientMessageId] of ids.entries())
      assert.deepEqual(await mailring.sendMessage({ ...request, clientMessageId }), { ...first[i], duplicate: true });
    await mailring.close();
    mailring = await Mailring.open({ store });
    for (const [i, clientMessageId] of ids.entries())
      assert.deepEqual(await mailring.sendMessage({ ...request, clientMessageId }), { ...first[i], duplicate: true });
  });

  it('in pairs that look alike are two users, who write to each other', async () => {
    for (const [i, [a, b]] of AWKWARD_PAIRS.entries()) {
      if (!mayBeId(a) || !mayBeId(b)) continue;
      const { conversationId, seq } = await mailring.sendMessage({ senderId: a, recipientId: b, messageContent: 'x', clientMessageId: 'p' });
      const answer = await mailring.sendMessage({ senderId: b, recipientId: a, messageContent: 'y', clientMessageId: 'p' });
      assert.deepEqual(
        { conversationId: answer.conversationId, seq: answer.seq, duplicate: answer.duplicate },
        { conversationId, seq: seq + 1, duplicate: false },
        `pair ${i}`,
      );
      for (const userId of [a, b]) {
        const { messages } = await mailring.fetchMessages({ userId, conversationId });
        assert.deepEqual(
          messages.map(({ senderId, messageContent }) => [senderId, messageContent]),
          [
            [b, 'y'],
            [a, 'x'],
          ],
        );
      }
    }
  });
});
