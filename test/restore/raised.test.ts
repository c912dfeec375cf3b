import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Mailring } from 'mailring';
import { emptyCopy, type ListCopy, type ListItem, merge, nextQuestion } from 'mailring/client';
import { MemoryStore } from 'mailring/memory';
import { MailboxModel } from 'mailring/testing';
import { describe, it } from 'vitest';
import { ManualClock } from '../engine/manual-clock.js';
import { checkProperty, PROPERTY_TIMEOUT_MS } from '../property/budget.js';
import { patience } from '../property/patience.js';
import { raise } from './raised.js';

const file = 'test/restore/raised.test.ts';
const USERS = ['ann', 'bob', 'cleo', 'dan', 'eve', 'fay'];
const DAY_MS = 86_400_000;

const user = fc.constantFrom(...USERS);
const op = fc.oneof(
  { weight: 12, arbitrary: fc.record({ op: fc.constant('send' as const), from: user, to: user }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('read' as const), from: user, to: user, seq: fc.integer({ min: 0, max: 9 }) }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('client' as const), from: user, whole: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('pass' as const), ms: fc.constantFrom(-DAY_MS, -5, 1, 5_000, DAY_MS, 3 * DAY_MS) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('restore' as const) }) },
);

/** A client of one list, which it keeps as `whole` or as pages. */
interface Client {
  readonly userId: string;
  readonly list: 'conversations' | 'messages';
  readonly whole: boolean;
  copy: ListCopy<ListItem>;
}

class World {
  readonly clock = new ManualClock();
  readonly model = new MailboxModel();
  readonly memory: MemoryStore;
  readonly clients: Client[] = [];
  readonly #logChanges: number;
  mailring!: Mailring;
  restores = 0;

  constructor(logChanges: number, atomicAcrossPartitions: boolean) {
    this.#logChanges = logChanges;
    this.memory = new MemoryStore({ atomicAcrossPartitions });
  }

  async open(): Promise<void> {
    this.mailring = await Mailring.open({ store: this.memory, clock: this.clock, limits: { logChanges: this.#logChanges } });
  }

  async send(senderId: string, recipientId: string, i: number): Promise<void> {
    const request = { senderId, recipientId, messageContent: `text ${i}`, clientMessageId: `id ${i % 50 === 49 ? i - 1 : i}` };
    const expected = this.model.send(request, this.clock.now());
    const sent = await this.mailring.sendMessage(request).catch((error) => error);
    if (expected.outcome === 'refused') assert.equal(sent.code, expected.code);
    else
      assert.deepEqual(
        [sent.messageId, sent.sentTimestamp, sent.duplicate],
        [expected.message.messageId, expected.message.sentTimestamp, expected.outcome === 'duplicate'],
      );
  }

  /** One question of a client; says whether it is up to date then. */
  async step(client: Client): Promise<boolean> {
    const question = nextQuestion(client.copy, client);
    const request = { userId: client.userId, pageSize: 3, ...question };
    const answer = client.list === 'conversations' ? await this.mailring.fetchConversations(request) : await this.mailring.fetchMessages(request);
    client.copy = merge(client.copy, question, answer);
    return answer.isDeltaUpdate && !answer.hasMore;
  }

  /** Everybody comes to the end, and everything that is shown is the model's. */
  async check(): Promise<void> {
    for (const client of this.clients) {
      for (const patient = patience('what a client asks for'); !(await this.step(client)); ) patient();
      const held = [...client.copy.items.keys()].sort();
      const all = this.model[client.list](client.userId).map((item) => ('messageId' in item ? item.messageId : item.conversationId));
      assert.deepEqual(held, all.slice(0, held.length).sort(), `what a client holds is the list of ${client.list} from its newest item on`);
      if (client.copy.next === undefined) assert.equal(held.length, all.length, 'a client without a next holds the whole list');
    }
    for (const userId of USERS) {
      const conversations: object[] = [];
      for await (const { lastActivityTimestamp, lastUpdatedTimestamp, ...item } of this.mailring.conversations({ userId })) conversations.push(item);
      assert.deepEqual(conversations, this.model.conversations(userId));
      const messages: object[] = [];
      for await (const { lastUpdatedTimestamp, ...item } of this.mailring.messages({ userId })) messages.push(item);
      assert.deepEqual(messages, this.model.messages(userId));
      for (const { conversationId } of this.model.conversations(userId)) {
        const { messages } = await this.mailring.fetchMessages({ userId, conversationId, pageSize: 200 });
        assert.deepEqual(
          messages.map(({ messageId }) => messageId),
          this.model.messages(userId, conversationId).map(({ messageId }) => messageId),
        );
      }
      assert.deepEqual((await this.mailring.fetchConversations({ userId })).totals, this.model.totals(userId));
    }
    assert.deepEqual((await this.mailring.verify()).problems, []);
  }

  /** Every cursor that a client holds is answered by a full page with the reason, and everything goes on above the margin. */
  async restore(): Promise<void> {
    this.restores++;
    await this.mailring.close();
    const began = await raise(this.memory, this.clock);
    assert.ok(began >= this.clock.now() + DAY_MS);
    await this.open();
    const versions = new Map<string, number>();
    for (const client of this.clients) {
      const { userId, copy } = client;
      const { cursor } = copy;
      if (cursor === undefined) continue;
      const question = { lastUpdatedTimestamp: cursor, maxChanges: Number.POSITIVE_INFINITY };
      const answer = await this.mailring.fetchMessages({ userId, ...question });
      const isEmpty = this.model.changes(userId).length === 0;
      assert.deepEqual([answer.isDeltaUpdate, answer.reason], isEmpty ? [cursor === 0, cursor === 0 ? undefined : 'future'] : [false, 'restored']);
      versions.set(userId, answer.lastUpdatedTimestamp);
      if (!isEmpty) assert.ok(answer.lastUpdatedTimestamp >= Math.max(this.clock.now(), cursor) + DAY_MS);
    }
  }
}

describe('mailboxes that were restored', () => {
  it(
    'show what they held, answer every earlier cursor by a full page, and go on, trim and verify as others do',
    async () => {
      let restores = 0;
      const property = fc.asyncProperty(
        fc.constantFrom(3, 8, 30, 1_000),
        fc.boolean(),
        fc.array(op, { minLength: 20, maxLength: 150, size: 'max' }),
        async (logChanges, atomic, ops) => {
          const world = new World(logChanges, atomic);
          await world.open();
          try {
            for (const [i, step] of ops.entries()) {
              if (step.op === 'send') await world.send(step.from, step.to, i);
              else if (step.op === 'pass') world.clock.set(Math.max(1_600_000_000_000, world.clock.now() + step.ms));
              else if (step.op === 'restore') await world.restore();
              else if (step.op === 'read') {
                const request = { userId: step.from, conversationId: world.mailring.conversationIdOf(step.from, step.to), seq: step.seq };
                await world.mailring.markRead(request);
                world.model.markRead(request);
              } else if (world.clients.length < 8) {
                const client: Client = { userId: step.from, list: i % 2 === 0 ? 'conversations' : 'messages', whole: step.whole, copy: emptyCopy() };
                world.clients.push(client);
                await world.step(client);
              } else await world.step(world.clients[i % 8]!);
            }
            await world.restore();
            await world.check();
            for (let i = 0; i < 40; i++) await world.send(USERS[i % 5]!, USERS[(i * i + 1) % 6]!, 1_000 + i);
            await world.check();
            restores += world.restores;
          } finally {
            await world.mailring.close();
          }
        },
      );
      const least = { what: 'restores', count: 400, counter: () => restores };
      await checkProperty({ file, test: 'show what they held', runs: 150, least }, property);
    },
    PROPERTY_TIMEOUT_MS,
  );
});
