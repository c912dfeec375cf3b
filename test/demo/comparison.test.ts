import { Mailring, type Message } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { describe, expect, test } from 'vitest';
import { compareMessages } from '../../examples/demo/compare-messages.js';
import { Findings } from '../../examples/demo/findings.js';
import { generateMessages } from '../../examples/demo/generated-trace.js';
import { expectedMessage, Oracle } from '../../examples/demo/oracle.js';
import { type RunResult, replayAndCompare } from '../../examples/demo/replay-and-compare.js';
import { FAULTS, type Fault, wrapped } from './faults.js';

const MESSAGES = generateMessages(200);

const run = (wrong: Fault['wrong']): Promise<RunResult> => {
  const store = new MemoryStore();
  const open = async () => {
    const right = await Mailring.open({ store });
    return wrapped(right, wrong(right));
  };
  return replayAndCompare({ messages: MESSAGES, open, sendsInFlight: 64 });
};

describe('the demo reports a mailring in which', () => {
  for (const { name, says, wrong } of FAULTS) {
    test(name, async () => {
      const { ok, findings } = await run(wrong);
      expect(ok).toBe(false);
      expect(findings.differences).toBeGreaterThan(0);
      expect(
        findings.texts.find((text) => says.test(text)),
        `said instead: ${findings.texts.slice(0, 5).join('\n')}`,
      ).toBeDefined();
    });
  }

  test('verify names a problem', async () => {
    const problem = { kind: 'totals', userId: '1', text: 'planted' } as const;
    const result = await run((right) => ({ verify: async () => ({ ...(await right.verify()), ok: false, problems: [problem] }) }));
    expect({ ok: result.ok, differences: result.findings.differences }).toEqual({ ok: false, differences: 0 });
  });
});

test('the demo reports nothing of the same mailring without a fault', async () => {
  const { ok, findings } = await run(() => ({}));
  expect({ ok, texts: findings.texts }).toEqual({ ok: true, texts: [] });
});

describe('a whole mailbox', () => {
  const oracle = new Oracle();
  const sent = ['b', 'c', 'b'].map((recipientId, i) => {
    const one = oracle.called({ senderId: 'a', recipientId, messageContent: `${i}`, clientMessageId: `${i}` });
    const answer = { messageId: '', conversationId: '', seq: one.seq, sentTimestamp: 1_000 + i, lastUpdatedTimestamp: 0, duplicate: false };
    oracle.acknowledged(one, answer);
    return one;
  });
  const listed = (order: readonly number[], exactOrder: boolean): readonly string[] => {
    const findings = new Findings();
    const messages: Message[] = order.map((i, place) => ({ ...expectedMessage(sent[i]!), lastUpdatedTimestamp: 3_000 - place }));
    compareMessages('d', messages, sent, exactOrder, findings);
    return findings.texts;
  };

  test('is in the order of the calls', () => {
    expect([...listed([2, 1, 0], false), ...listed([2, 1, 0], true)]).toEqual([]);
  });

  test('holds no message before one that was acknowledged before it was called', () => {
    expect(listed([1, 2, 0], false)).toEqual([expect.stringContaining('acknowledged before it was called')]);
  });

  test('is exactly in that order where sends came one after the other', () => {
    expect(listed([1, 2, 0], true)).toContainEqual(expect.stringMatching(/order of the calls, item 1 of 3/));
  });

  test('holds each conversation in its order', () => {
    expect(listed([0, 1, 2], false)).toContainEqual(expect.stringMatching(/next is 1 instead of 3/));
  });
});
