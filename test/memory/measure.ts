import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClientMessageId, Mailring } from 'mailring';
import { LevelStore } from 'mailring/level';
import { MemoryStore } from 'mailring/memory';

/**
 * One run in a process of its own, started with `--expose-gc`: its heap is measured beside nothing else. Takes what to do as JSON in the first argument, and sends what it
 * measured to its parent.
 */
export interface Measured {
  /** heapUsed + external after forced collections. */
  readonly bytes: number;
  /** What the engine counts itself. */
  readonly cachedBytes: number;
  readonly cachedMailboxes: number;
}

export interface Run {
  /** What is in memory at the end: mailboxes that were used, or watches of mailboxes that wait. */
  readonly what: 'mailboxes' | 'watches';
  /** What is in a memory store is in memory in every run alike. */
  readonly over: 'memory' | 'level';
  readonly mailboxes: number;
  readonly cacheBytes: number;
}

const TOGETHER = 500;
const TEXT = 'Lunch at noon? The place by the river, if it does not rain. ';

const collect = (globalThis as { gc?: () => void }).gc;
if (collect === undefined) throw new Error('start this with --expose-gc');

async function bytesInUse(): Promise<number> {
  for (let i = 0; i < 5; i++) {
    collect!();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Every mailbox gets messages from two others, and is read: lists, pages and what sends need are in memory, as far as the cache lets them. */
async function use(mailring: Mailring, mailboxes: number): Promise<undefined> {
  const user = (i: number) => `user-${String(i % mailboxes).padStart(8, '0')}`;
  for (let from = 0; from < mailboxes; from += TOGETHER) {
    const some = Array.from({ length: Math.min(TOGETHER, mailboxes - from) }, (_, i) => from + i);
    for (let round = 0; round < 3; round++) {
      const send = (i: number) =>
        mailring.sendMessage({
          senderId: user(i),
          recipientId: user(i + 1 + (round % 2)),
          messageContent: TEXT.repeat(1 + (i % 3)),
          clientMessageId: createClientMessageId(),
        });
      await Promise.all(some.map(send));
    }
    await Promise.all(some.map((i) => mailring.fetchConversations({ userId: user(i) })));
    await Promise.all(some.map((i) => mailring.fetchMessages({ userId: user(i) })));
  }
}

/** Watches that wait; what is given keeps them. */
async function watch(mailring: Mailring, mailboxes: number): Promise<readonly [unknown, readonly Promise<IteratorResult<unknown>>[]]> {
  const watches = Array.from({ length: mailboxes }, (_, i) => mailring.watch({ userId: `user-${i}` }));
  const waiting = watches.map((each) => each.next());
  // Each has looked at its mailbox once.
  while (mailring.stats().shards['shard-0']!.activeReads > 0) await new Promise((resolve) => setImmediate(resolve));
  return [watches, waiting];
}

const { what, over, mailboxes, cacheBytes } = JSON.parse(process.argv[2]!) as Run;
const folder = await mkdtemp(join(tmpdir(), 'mailring-memory-'));
const before = await bytesInUse();
const mailring = await Mailring.open({ store: over === 'level' ? new LevelStore({ location: folder }) : new MemoryStore(), limits: { cacheBytes } });
const kept = await (what === 'watches' ? watch : use)(mailring, mailboxes);
const after = await bytesInUse();
const { cachedBytes, cachedMailboxes } = mailring.stats().shards['shard-0']!;
await mailring.close();
if (kept !== undefined) for (const ended of kept[1]) if (!(await ended).done) throw new Error('a watch goes on');
await rm(folder, { recursive: true });
process.send!({ bytes: after - before, cachedBytes, cachedMailboxes } satisfies Measured);
