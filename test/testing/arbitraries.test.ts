import fc from 'fast-check';
import { Mailring } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { arbitraries } from 'mailring/testing';
import { expect, test } from 'vitest';

const { userId, clientMessageId, messageContent, sendRequest, history } = arbitraries(fc);

test('everything that arbitraries make is accepted, and seen by both sides', async () => {
  const mailring = await Mailring.open({ store: new MemoryStore() });
  const sent = new Set<string>();
  const property = fc.asyncProperty(userId(), userId(), clientMessageId(), messageContent(), async (senderId, recipientId, id, content) => {
    const name = JSON.stringify([senderId, recipientId, id]);
    // The same id a second time is a repeat or a conflict.
    fc.pre(!sent.has(name));
    sent.add(name);
    const { messageId } = await mailring.sendMessage({ senderId, recipientId, messageContent: content, clientMessageId: id });
    for (const user of [senderId, recipientId]) expect(await mailring.getMessage({ userId: user, messageId })).toMatchObject({ messageContent: content });
  });
  await fc.assert(property, { numRuns: Number(process.env.MAILRING_RUNS ?? 300) });
  expect(sent.size).toBeGreaterThan(0);
  await mailring.close();
});

test('histories have every kind of step, of the users that were given', () => {
  const users = ['x', 'y'];
  const steps = fc.sample(history({ users, maxSteps: 30 }), { numRuns: 100, seed: 1 }).flat();
  expect([...new Set(steps.map(({ type }) => type))].sort()).toEqual(['markRead', 'reopen', 'repeat', 'send']);
  expect(steps.every((step) => step.type !== 'send' || (users.includes(step.request.senderId) && users.includes(step.request.recipientId)))).toBe(true);
  expect(fc.sample(sendRequest({ users }), { numRuns: 20, seed: 1 }).every(({ senderId }) => users.includes(senderId))).toBe(true);
});
