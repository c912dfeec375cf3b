import assert from 'node:assert/strict';
import type { Clock, Mailring, OpenOptions } from 'mailring';
import { ask, type Border, type Checked, type Cursor, checkAnswer, type Query } from './answers.js';
import type { Client } from './client.js';
import { type ExpectedSend, Model, type ModelMailbox, type SendArguments } from './model.js';
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
  readonly model: Model;
  readonly clock = new TestClock();
  readonly settings: Settings;
  readonly cursors: Cursor[] = [];
  readonly borders: Border[] = [];
  readonly accepted: SendArguments[] = [];
  readonly clients: Client[] = [];
  /** Counts ids that are in the order of time. */
  orderedIds = 0;
  mailring!: Mailring;
  readonly #open: OpenMailring;

  private constructor(open: OpenMailring, settings: Settings) {
    this.#open = open;
    this.settings = settings;
    this.model = new Model(settings.logChanges);
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
  mailbox(user: string): ModelMailbox {
    return this.model.mailbox(user);
  }

  /** Fetches, insists on the model's answer, and keeps cursor and border. */
  async fetch(user: string, query: Query): Promise<Checked> {
    const mailbox = this.mailbox(user);
    const checked = checkAnswer(mailbox, query, await ask(this.mailring, user, query), mailbox.arrivals.length);
    // A page reached through `next` is no place to take a cursor from.
    if (query.before === undefined) this.cursors.push(checked.cursor);
    if (checked.border) this.borders.push(checked.border);
    return checked;
  }

  /** Makes every number of a mailbox known: from one delta in slices, or where its log is trimmed, from pages. */
  async learnAll(user: string): Promise<void> {
    const mailbox = this.mailbox(user);
    if (mailbox.arrivals.every(({ number }) => number !== undefined)) return;
    if (this.settings.logChanges !== undefined) return this.walk(user, { of: 'messages' }, 200, 'next');
    const query = { list: { of: 'messages' }, pageSize: 200, maxChanges: Number.POSITIVE_INFINITY } as const;
    let since: Cursor = { user, value: 0, position: 0, exact: true };
    const step = patience('a delta taken to its end');
    do {
      step();
      since = (await this.fetch(user, { ...query, since })).cursor;
    } while (since.position < mailbox.arrivals.length);
  }

  /** The version of a mailbox of which every number is known: where the log is trimmed it can be above them. */
  async versionOf(user: string): Promise<number> {
    if (this.settings.logChanges === undefined) return this.mailbox(user).arrivals.at(-1)?.number ?? 0;
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
    const conversations = entriesAt(mailbox, { of: 'conversations' }, mailbox.arrivals.length);
    return [{ of: 'conversations' }, { of: 'messages' }, ...conversations.map(({ key }) => ({ of: 'messages', conversationId: key }) as const)];
  }

  /** Walks a list to its end: through `next`, or by page numbers. */
  async walk(user: string, list: List, pageSize: number, by: 'next' | 'number'): Promise<void> {
    const { arrivals } = this.mailbox(user);
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
      entriesAt(this.mailbox(user), list, arrivals.length).map(({ key }) => key),
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

  /** Everything that the API shows of everybody, also of somebody who never took part. */
  async dump(): Promise<unknown> {
    await this.settle();
    const users = [...new Set([...this.settings.users, ...this.model.mailboxes.keys(), 'nobody'])];
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
  checkSend(request: SendArguments, expected: ExpectedSend, settled: PromiseSettledResult<unknown>): void {
    if (expected.outcome === 'accepted' || expected.outcome === 'duplicate') {
      if (settled.status === 'rejected') throw settled.reason;
      const { message } = expected;
      const mailbox = this.mailbox(request.senderId);
      const at = mailbox.arrivals.findLastIndex((arrival) => arrival.message === message);
      const result = settled.value as { lastUpdatedTimestamp: number };
      mailbox.learn(at, result.lastUpdatedTimestamp);
      const { messageId, conversationId, seq, sentTimestamp } = message;
      const duplicate = expected.outcome === 'duplicate';
      assert.deepEqual(result, { messageId, conversationId, seq, sentTimestamp, lastUpdatedTimestamp: mailbox.arrivals[at]!.number, duplicate });
      if (!duplicate) this.accepted.push(request);
      return;
    }
    assert.equal(settled.status, 'rejected', `a send was accepted that is ${expected.outcome}`);
    const { code, outcome, retryable, details } = (settled as PromiseRejectedResult).reason;
    assert.equal(code, 'code' in expected ? expected.code : 'MAILRING_ID_CONFLICT');
    assert.deepEqual({ outcome, retryable }, { outcome: 'not-accepted', retryable: false });
    if (expected.outcome === 'conflict') assert.equal(details.messageId, expected.first.messageId);
  }
}
