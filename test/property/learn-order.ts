import assert from 'node:assert/strict';
import type { Mailring } from 'mailring';
import type { ModelMailbox } from './model.js';
import { patience } from './patience.js';

const PAGE_SIZE = 200;

/**
 * Takes the order of what has arrived since `from`, and its numbers, from the engine: of what was sent together it is the engine's to choose, but for each
 * conversation.
 */
export async function learnOrder(mailring: Mailring, mailbox: ModelMailbox, from: number): Promise<void> {
  const { user, arrivals } = mailbox;
  const numbers = new Map<string, number>();
  const step = patience('a list');
  for (let before: number | undefined; numbers.size < arrivals.length - from; ) {
    step();
    const page = await mailring.fetchMessages({ userId: user, pageSize: Math.min(PAGE_SIZE, arrivals.length - from), before });
    for (const { messageId, lastUpdatedTimestamp } of page.messages) numbers.set(messageId, lastUpdatedTimestamp);
    if (page.next === undefined) break;
    before = page.next;
  }
  const numberOf = ({ message }: (typeof arrivals)[number]) => {
    const number = numbers.get(message.messageId);
    assert.ok(number !== undefined, `an acknowledged message is not where it arrived: ${message.messageId} of ${user}`);
    return number;
  };
  const ordered = arrivals.slice(from).sort((a, b) => numberOf(a) - numberOf(b));
  const lastSeqs = new Map<string, number>();
  for (const { message } of ordered) {
    const { conversationId, seq } = message;
    assert.ok(seq > (lastSeqs.get(conversationId) ?? 0), 'a conversation arrives in the order of its seqs');
    lastSeqs.set(conversationId, seq);
  }
  arrivals.splice(from, ordered.length, ...ordered);
  for (const [i, arrival] of ordered.entries()) mailbox.learn(from + i, numberOf(arrival));
}
