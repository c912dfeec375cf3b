import assert from 'node:assert/strict';
import type { Mailring } from 'mailring';
import type { LearnedMailbox } from './learned-mailboxes.js';
import { patience } from './patience.js';

const PAGE_SIZE = 200;

/**
 * Takes the order of the messages since the change at `from`, and their numbers, from the engine: there is nothing but messages: of what was sent together it is the engine's to choose, but for each
 * conversation.
 */
export async function learnOrder(mailring: Mailring, mailbox: LearnedMailbox, from: number): Promise<void> {
  const { user, model } = mailbox;
  const arrived = model.messages(user).slice(0, mailbox.end - from);
  const numbers = new Map<string, number>();
  const step = patience('a list');
  for (let before: number | undefined; numbers.size < arrived.length; ) {
    step();
    const page = await mailring.fetchMessages({ userId: user, pageSize: Math.min(PAGE_SIZE, arrived.length), before });
    for (const { messageId, lastUpdatedTimestamp } of page.messages) numbers.set(messageId, lastUpdatedTimestamp);
    if (page.next === undefined) break;
    before = page.next;
  }
  const numberOf = ({ messageId }: { readonly messageId: string }) => {
    const number = numbers.get(messageId);
    assert.ok(number !== undefined, `an acknowledged message is not where it arrived: ${messageId} of ${user}`);
    return number;
  };
  const ordered = arrived.sort((a, b) => numberOf(a) - numberOf(b));
  const lastSeqs = new Map<string, number>();
  for (const { conversationId, seq } of ordered) {
    assert.ok(seq > (lastSeqs.get(conversationId) ?? 0), 'a conversation arrives in the order of its seqs');
    lastSeqs.set(conversationId, seq);
  }
  const ids = ordered.map(({ messageId }) => messageId);
  model.takeOrder(user, ids);
  for (const [i, message] of ordered.entries()) mailbox.learn(from + i, numberOf(message));
}
