import assert from 'node:assert/strict';
import type { Clock, Mailring, OpenOptions, SendRequest } from 'mailring';
import type { ModelSend } from 'mailring/testing';
import { ask, type Border, type Checked, type Cursor, checkAnswer, type Query } from './answers.js';
import type { Client } from './client.js';
import { type LearnedMailbox, LearnedMailboxes } from './learned-mailboxes.js';
import { entriesAt, type List } from './model-lists.js';
import { patience } from './patience.js';

/** A clock that stands until it is told otherwise. */
export class TestClock implements Clock {
  time = 1_700_000_000_000;

  now(): number {
    return this.time;
  }

  after(delayMs: number, task: () => void): () => void {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  }

  soon(task: () => void): void {
    setImmediate(task);
  }
}

/** Opens the engine under test. */
export type OpenMailring = (options: Omit<OpenOptions, 'location' | 'store' | 'stores' | 'shards'>) => Promise<Mailring>;

/** How a run is set up. */
export interface Settings {
  readonly users: readonly string[];
  readonly cacheBytes: number | undefined;
  readonly waitingWritesPerMailbox: number | undefined;
  /** Changes that a log keeps; absent: all of them. */
  readonly logChanges: number | undefined;
  /** Page size of the walks over every list at the end. */
  readonly lastPageSize: number;
}

/** The engine under test beside its model, and what callers have kept of its answers. */
export class World {
  readonly mailboxes: LearnedMailboxes;
  readonly clock = new TestClock();
  readonly settings: Settings;
  readonly cursors: Cursor[] = [];
  readonly borders: Border[] = [];
  readonly accepted: SendRequest[] = [];
  readonly clients: Client[] = [];
  /** Counts ids that are in the order of time. */
  orderedIds = 0;
  mailring!: Mailring;
  readonly #open: OpenMailring;

  private constructor(open: OpenMailring, settings: Settings) {
    this.#open = open;
    this.settings = settings;
    this.mailboxes = new LearnedMailboxes(settings.logChanges);
  }

  static async open(open: OpenMailring, settings: Settings): Promise<World> {
    const world = new World(open, settings);
    await world.open();
    return world;
  }

  async open(): Promise<void> {
    const { cacheBytes, waitingWritesPerMailbox, logChanges } = this.settings;
    this.mailring = await this.#open({
      clock: this.clock,
      limits: { ...(cacheBytes && { cacheBytes }), ...(waitingWritesPerMailbox && { waitingWritesPerMailbox }), ...(logChanges && { logChanges }) },
    });
  }

  user(index: number): string {
    return this.settings.users[index % this.settings.users.length]!;
  }

  /** The mailbox of a user, which is at its end. */
  mailbox(user: string): LearnedMailbox {
    return this.mailboxes.of(user);
  }

  /** Fetches, insists on the model's answer, and keeps cursor and border. */
  async fetch(user: string, query: Query): Promise<Checked> {
    const mailbox = this.mailbox(user);
    const checked = checkAnswer(mailbox, query, await ask(this.mailring, user, query), mailbox.end);
    // A page reached through `next` is no place to take a cursor from.
    if (query.before === undefined) this.cursors.push(checked.cursor);
    if (checked.border) this.borders.push(checked.border);
    return checked;
  }

  /** Makes every number of a mailbox known: from one delta in slices, or where its log is trimmed, from pages. */
  async learnAll(user: string): Promise<void> {
    const mailbox = this.mailbox(user);
    if (mailbox.allKnown) return;
    if (this.settings.logChanges !== undefined) return this.walk(user, { of: 'messages' }, 200, 'next');
    const query = { list: { of: 'messages' }, pageSize: 200, maxChanges: Number.POSITIVE_INFINITY } as const;
    let since: Cursor = { user, value: 0, position: 0, exact: true };
    const step = patience('a delta taken to its end');
    do {
      step();
      since = (await this.fetch(user, { ...query, since })).cursor;
    } while (since.position < mailbox.end);
  }

  /** The version of a mailbox of which every number is known: where the log is trimmed it can be above them. */
  async versionOf(user: string): Promise<number> {
    if (this.settings.logChanges === undefined) return this.mailbox(user).newest;
    await this.settle();
    return (await this.mailring.fetchConversations({ userId: user })).lastUpdatedTimestamp;
  }

  /** A cursor for any list: where it was taken inside a slice of another list, by the numbers themselves. */
  async exactly(cursor: Cursor): Promise<Cursor> {
    if (cursor.exact) return cursor;
    await this.learnAll(cursor.user);
    return { ...cursor, position: this.mailbox(cursor.user).positionOf(cursor.value), exact: true };
  }

  /** The lists of a user: conversations, all messages, and each conversation's. */
  listsOf(user: string): List[] {
    const mailbox = this.mailbox(user);
    const conversations = entriesAt(mailbox, { of: 'conversations' }, mailbox.end);
    return [{ of: 'conversations' }, { of: 'messages' }, ...conversations.map(({ key }) => ({ of: 'messages', conversationId: key }) as const)];
  }

  /** Walks a list to its end: through `next`, or by page numbers. */
  async walk(user: string, list: List, pageSize: number, by: 'next' | 'number'): Promise<void> {
    const keys: string[] = [];
    let before: Border | undefined;
    const step = patience('a list');
    for (let pageNumber = 1; ; pageNumber++) {
      step();
      let page = await this.fetch(user, { list, pageSize, ...(by === 'next' ? before && { before } : { pageNumber }) });
      keys.push(...page.entries.map(({ key }) => key));
      // What bytes have cut from a page by number is reached through its next.
      while (by === 'number' && page.truncated) {
        page = await this.fetch(user, { list, pageSize: pageNumber * pageSize - keys.length, before: page.border! });
        keys.push(...page.entries.map(({ key }) => key));
      }
      before = page.border;
      if (before === undefined) break;
    }
    assert.deepEqual(
      keys,
      entriesAt(this.mailbox(user), list, this.mailbox(user).end).map(({ key }) => key),
      'the pages together are the list',
    );
  }

  /** Waits until nothing goes on any more beside the calls: where logs are trimmed, one may still be counted. */
  async settle(): Promise<void> {
    const step = patience('what goes on beside the calls');
    while (Object.values(this.mailring.stats().shards).some(({ activeReads, waitingWrites }) => activeReads + waitingWrites > 0)) {
      step();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Marks a conversation as read, and takes the number of that change. */
  async markRead(userId: string, conversationId: string, seq: number): Promise<void> {
    await this.mailring.markRead({ userId, conversationId, seq });
    if (!this.mailboxes.model.markRead({ userId, conversationId, seq })) return;
    const mailbox = this.mailbox(userId);
    const conversation = await this.mailring.getConversation({ userId, conversationId });
    mailbox.learn(mailbox.end - 1, conversation!.lastUpdatedTimestamp);
  }

  /** Everything that the API shows of everybody, also of somebody who never took part. */
  async dump(): Promise<unknown> {
    await this.settle();
    const known = [...this.mailboxes.all()].map(({ user }) => user);
    const users = [...new Set([...this.settings.users, ...known, 'nobody'])];
    return Promise.all(
      users.map(async (userId) => {
        const all: unknown[] = [userId];
        for (const fetch of ['fetchConversations', 'fetchMessages'] as const) {
          let before: number | undefined;
          const step = patience('a list');
          do {
            step();
            const answer = await this.mailring[fetch]({ userId, pageSize: 200, before });
            all.push(answer);
            before = answer.next;
          } while (before !== undefined);
        }
        return all;
      }),
    );
  }

  /** Insists on what a send has answered. */
  checkSend(request: SendRequest, expected: ModelSend, settled: PromiseSettledResult<unknown>): void {
    if (expected.outcome !== 'refused') {
      if (settled.status === 'rejected') throw settled.reason;
      const { message } = expected;
      const mailbox = this.mailbox(request.senderId);
      const at = mailbox.changes.findLastIndex((change) => change.type === 'message' && change.message === message);
      const result = settled.value as { lastUpdatedTimestamp: number };
      mailbox.learn(at, result.lastUpdatedTimestamp);
      const { messageId, conversationId, seq, sentTimestamp } = message;
      const duplicate = expected.outcome === 'duplicate';
      assert.deepEqual(result, { messageId, conversationId, seq, sentTimestamp, lastUpdatedTimestamp: mailbox.number(at), duplicate });
      if (!duplicate) this.accepted.push(request);
      return;
    }
    assert.equal(settled.status, 'rejected', `a send was accepted that is ${expected.outcome}`);
    const { code, outcome, retryable, details } = (settled as PromiseRejectedResult).reason;
    assert.equal(code, expected.code);
    assert.deepEqual({ outcome, retryable }, { outcome: 'not-accepted', retryable: false });
    if (expected.code === 'MAILRING_ID_CONFLICT') assert.equal(details.messageId, expected.message!.messageId);
  }
}
