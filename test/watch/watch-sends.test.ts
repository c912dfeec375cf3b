import { createClientMessageId, Mailring } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { describe, expect, test } from 'vitest';
import { SeededRandom } from '../simulation/seeded-random.js';
import { mailboxOf, Watcher } from './watcher.js';

/** `MAILRING_WATCH_SENDS` and `MAILRING_SEED` set another number and another history. */
const SENDS = Number(process.env.MAILRING_WATCH_SENDS ?? 10_000);
const SEED = Number(process.env.MAILRING_SEED ?? 1);
const USERS = ['ann', 'bob', 'cid', 'dan', 'eve', 'fay'];
/** So few that a watcher that is away for long finds its cursor gone. */
const LOG_CHANGES = 300;
/** Between two of them everything is closed and opened again. */
const PHASES = 5;
/** Turns of the event loop that watchers may take to catch up when nothing more is sent. */
const TURNS_MAX = 20_000;

describe.each([1, 4])('while messages are sent in %i shards', (shards) => {
  const random = new SeededRandom(SEED);
  const watchers = USERS.map((user, i) => new Watcher(user, new SeededRandom(SEED * 100 + i)));

  async function sendAndMark(mailring: Mailring, count: number): Promise<void> {
    for (let sent = 0; sent < count; ) {
      const calls: Promise<unknown>[] = [];
      for (const last = Math.min(count, sent + random.integer(1, 25)); sent < last; sent++) {
        const [senderId, recipientId] = [random.pick(USERS), random.pick(USERS)];
        calls.push(mailring.sendMessage({ senderId, recipientId, messageContent: `message ${sent}`, clientMessageId: createClientMessageId() }));
      }
      if (random.chance(0.25)) {
        const [userId, peer] = [random.pick(USERS), random.pick(USERS)];
        calls.push(mailring.markRead({ userId, conversationId: mailring.conversationIdOf(userId, peer), seq: random.integer(0, SENDS / 20) }));
      }
      await Promise.all(calls);
    }
  }

  async function checkCaughtUp(mailring: Mailring): Promise<void> {
    for (const watcher of watchers) {
      const mailbox = await mailboxOf(mailring, watcher.user);
      for (let i = 0; i < TURNS_MAX && !watcher.holds(mailbox); i++) await new Promise((resolve) => setImmediate(resolve));
      const { messages, conversations } = watcher.copy;
      expect([...messages.values()].sort((a, b) => b.lastUpdatedTimestamp - a.lastUpdatedTimestamp)).toEqual(mailbox.messages);
      expect([...conversations.values()].sort((a, b) => b.lastActivityTimestamp - a.lastActivityTimestamp)).toEqual(mailbox.conversations);
      watcher.checkMoments(mailbox);
    }
  }

  test('watchers that start, stop and resume hold the mailbox after each event without more, over reopening and trimming', { timeout: 600_000 }, async () => {
    const stores = Object.fromEntries(Array.from({ length: shards }, (_, i) => [`shard-${i}`, new MemoryStore()]));
    for (let phase = 1; phase <= PHASES; phase++) {
      const mailring = await Mailring.open({ stores, limits: { logChanges: LOG_CHANGES } });
      const running = Promise.all(watchers.map((watcher) => watcher.run(mailring)));
      running.catch(() => undefined);
      await sendAndMark(mailring, SENDS / PHASES);
      // The other phases end while watchers are behind.
      if (phase % 2 === 1) await checkCaughtUp(mailring);
      await mailring.close();
      await running;
    }
    const sum = (count: (watcher: Watcher) => number) => watchers.reduce((total, watcher) => total + count(watcher), 0);
    const [moments, resumed, resets] = [sum((watcher) => watcher.moments.length), sum((watcher) => watcher.resumed), sum((watcher) => watcher.resets)];
    console.info(`${SENDS} sends in ${shards} shards: ${moments} moments compared, ${resumed} times resumed, ${resets} resets. seed=${SEED}`);
    expect(Math.min(moments, resumed)).toBeGreaterThan(SENDS / 100);
    expect(resets).toBeGreaterThan(0);
  });
});
