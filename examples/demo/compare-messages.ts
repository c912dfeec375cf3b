import type { Message } from 'mailring';
import type { Findings } from './findings.js';
import { expectedMessage, messageIdOf, type Sent } from './oracle.js';

/**
 * The messages of a whole mailbox, newest first, against the replay: these and no others, each conversation in the order of its calls, and nothing before a
 * message that was acknowledged before it was called. With `exactOrder` the whole list is in the order of the calls.
 */
export function compareMessages(userId: string, messages: readonly Message[], sent: readonly Sent[], exactOrder: boolean, findings: Findings): void {
  const missing = new Map(sent.map((one) => [messageIdOf(one), one]));
  const newer = new Map<string, Message>();
  let number = Number.POSITIVE_INFINITY;
  let acknowledgedAt = Number.POSITIVE_INFINITY;
  for (const message of messages) {
    const where = () => `mailbox ${userId}, message ${message.messageId}`;
    const expected = missing.get(message.messageId);
    if (expected === undefined) {
      findings.add(`${where()} is listed twice, or was never sent`);
      continue;
    }
    missing.delete(message.messageId);

    const { lastUpdatedTimestamp, ...content } = message;
    findings.equal(where, content, expectedMessage(expected));
    if (message.senderId === userId) findings.equal(where, { lastUpdatedTimestamp }, { lastUpdatedTimestamp: expected.result?.lastUpdatedTimestamp });

    if (lastUpdatedTimestamp >= number)
      findings.add(`${where()}: its number ${lastUpdatedTimestamp} is not below ${number}, that of the one before it in the list`);
    number = lastUpdatedTimestamp;

    const next = newer.get(message.conversationId);
    if (next !== undefined) {
      findings.equal(where, { next: next.seq }, { next: message.seq + 1 });
      if (next.sentTimestamp <= message.sentTimestamp)
        findings.add(`${where()}: sent at ${message.sentTimestamp}, the next of its conversation at ${next.sentTimestamp}`);
    }
    newer.set(message.conversationId, message);

    if (acknowledgedAt < expected.calledAt) findings.add(`${where()} stands before one that was acknowledged before it was called`);
    acknowledgedAt = Math.min(acknowledgedAt, expected.acknowledgedAt);
  }
  for (const one of missing.values()) findings.add(`mailbox ${userId}, message ${messageIdOf(one)} is missing`);
  if (exactOrder) {
    const inOrder = sent.map((one) => ({ messageId: messageIdOf(one) })).reverse();
    findings.equalLists(
      () => `mailbox ${userId}, order of the calls`,
      messages.map(({ messageId }) => ({ messageId })),
      inOrder,
    );
  }
}
