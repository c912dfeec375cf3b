// A host's own property: whatever its users do, the badge it shows is the number of unread messages. Any runner will do; here it runs by itself.
// Run: npx tsx examples/host-property-test.ts
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Mailring, type SendRequest } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { arbitraries, type HistoryStep, MailboxModel } from 'mailring/testing';

/** What is tested: a product's badge, kept from deltas as a client would, never by counting everything anew. */
class Badge {
  readonly #unread = new Map<string, number>();
  #cursor = 0;

  async refresh(mailring: Mailring, userId: string): Promise<number> {
    for (;;) {
      const answer = await mailring.fetchConversations({ userId, pageSize: 5, lastUpdatedTimestamp: this.#cursor, maxChanges: Number.POSITIVE_INFINITY });
      for (const { conversationId, unreadCount } of answer.conversations) this.#unread.set(conversationId, unreadCount);
      this.#cursor = answer.lastUpdatedTimestamp;
      if (!answer.hasMore) return [...this.#unread.values()].reduce((sum, count) => sum + count, 0);
    }
  }
}

/** Plays a history on mailring and on its model, looking at the badge after every step. */
async function play(steps: readonly HistoryStep[]): Promise<void> {
  const store = new MemoryStore();
  const model = new MailboxModel();
  const badge = new Badge();
  const calls: SendRequest[] = [];
  let mailring = await Mailring.open({ store });
  const send = async (request: SendRequest) => {
    const { messageId, sentTimestamp, duplicate } = await mailring.sendMessage(request);
    const expected = model.send(request, sentTimestamp);
    assert.equal(expected.outcome, duplicate ? 'duplicate' : 'accepted');
    assert.equal(expected.message?.messageId, messageId);
  };
  for (const step of steps) {
    if (step.type === 'send') await send(calls[calls.push(step.request) - 1]!);
    else if (step.type === 'repeat' && calls.length > 0) await send(calls[step.of % calls.length]!);
    else if (step.type === 'markRead') {
      const request = { userId: step.userId, conversationId: mailring.conversationIdOf(step.userId, step.peerId), seq: step.seq };
      await mailring.markRead(request);
      model.markRead(request);
    } else if (step.type === 'reopen') {
      await mailring.close();
      mailring = await Mailring.open({ store });
    }
    assert.equal(await badge.refresh(mailring, 'bob'), model.totals('bob').unread, 'the badge');
  }
  assert.equal((await mailring.verify()).ok, true);
  await mailring.close();
}

const runs = Number(process.env.MAILRING_RUNS ?? 100);
await fc.assert(fc.asyncProperty(arbitraries(fc).history(), play), { numRuns: runs });
console.log(`${runs} histories: ok`);
