import assert from 'node:assert/strict';
import { type Conversation, isMailringError, type Mailring, type Message } from 'mailring';
import { type MailboxCopy, mergeEvent } from 'mailring/client';
import type { SeededRandom } from '../simulation/seeded-random.js';

/** What a watcher held when an event said that there was no more. */
interface Moment {
  readonly cursor: number;
  readonly messages: number;
}

/**
 * A client that keeps a copy of one mailbox by watching it: it begins with nothing, leaves its watch after some events, comes back at once or later, and begins anew when it
 * is told to. On the way it insists that nothing comes twice and nothing that is older than its cursor.
 */
export class Watcher {
  readonly user: string;
  copy: MailboxCopy = { messages: new Map(), conversations: new Map(), cursor: 0 };
  readonly moments: Moment[] = [];
  events = 0;
  resumed = 0;
  resets = 0;
  /** It was told to begin anew and has not fetched everything yet. */
  #lacks = false;
  readonly #random: SeededRandom;

  constructor(user: string, random: SeededRandom) {
    this.user = user;
    this.#random = random;
  }

  /** Watches until the mailring is closed. */
  async run(mailring: Mailring): Promise<void> {
    try {
      while (mailring.health().status !== 'closed') {
        await this.#watch(mailring);
        this.resumed++;
        await this.#rest();
      }
    } catch (error) {
      if (!isMailringError(error, 'MAILRING_CLOSED')) throw error;
    }
  }

  async #watch(mailring: Mailring): Promise<void> {
    if (this.#lacks) await this.#fetchAll(mailring);
    let left = this.#random.integer(1, 6);
    for await (const event of mailring.watch({ userId: this.user, lastUpdatedTimestamp: this.copy.cursor })) {
      const { cursor } = this.copy;
      this.copy = mergeEvent(this.copy, event);
      this.events++;
      if (event.type === 'reset') {
        this.resets++;
        this.#lacks = true;
        await this.#fetchAll(mailring);
      } else {
        assert.ok(event.lastUpdatedTimestamp > cursor, 'an event makes progress');
        for (const { lastUpdatedTimestamp } of [...event.messages, ...event.conversations]) {
          assert.ok(lastUpdatedTimestamp > cursor, 'no item is older than the cursor');
          assert.ok(lastUpdatedTimestamp <= event.lastUpdatedTimestamp, 'no item is newer than its event');
        }
        if (!event.hasMore) this.moments.push({ cursor: event.lastUpdatedTimestamp, messages: this.copy.messages.size });
      }
      if (--left === 0) return;
    }
  }

  /** What a client does after a reset: it fetches all that it wants to show. */
  async #fetchAll(mailring: Mailring): Promise<void> {
    const all = await mailboxOf(mailring, this.user);
    this.copy = {
      messages: new Map(all.messages.map((message) => [message.messageId, message])),
      conversations: new Map(all.conversations.map((conversation) => [conversation.conversationId, conversation])),
      cursor: this.copy.cursor,
    };
    this.#lacks = false;
  }

  /** Offline for a while, sometimes for so long that its cursor leaves the log. */
  async #rest(): Promise<void> {
    const turns = this.#random.integer(0, this.#random.chance(0.1) ? 400 : 3);
    for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Whether its copy is that mailbox. */
  holds({ messages, conversations }: WholeMailbox): boolean {
    const numbers = (items: Iterable<Message | Conversation>) => JSON.stringify([...items].map(({ lastUpdatedTimestamp }) => lastUpdatedTimestamp).sort());
    return numbers(this.copy.messages.values()) === numbers(messages) && numbers(this.copy.conversations.values()) === numbers(conversations);
  }

  /** Insists that at every moment it held what the mailbox held at its cursor, which the end tells: a message keeps its number. */
  checkMoments({ messages }: WholeMailbox): void {
    for (const { cursor, messages: held } of this.moments) {
      const there = messages.filter(({ lastUpdatedTimestamp }) => lastUpdatedTimestamp <= cursor).length;
      assert.equal(held, there, `after an event without more, the copy is the mailbox at its cursor ${cursor}`);
    }
  }
}

/** Everything that a mailbox shows, newest first. */
export interface WholeMailbox {
  readonly messages: readonly Message[];
  readonly conversations: readonly Conversation[];
}

export async function mailboxOf(mailring: Mailring, userId: string): Promise<WholeMailbox> {
  const messages: Message[] = [];
  for await (const message of mailring.messages({ userId })) messages.push(message);
  const conversations: Conversation[] = [];
  for await (const conversation of mailring.conversations({ userId })) conversations.push(conversation);
  return { messages, conversations };
}
