// A host's own property: whatever its users do, the badge it shows is the number of unread messages. Any runner will do; here it runs by itself.
// Run: npx tsx examples/host-property-test.ts
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Mailring, type SendRequest } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { arbitraries, type HistoryStep } from 'mailring/testing';

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

/** Plays a history, looking at the badge after every step; the model beside it is a list of messages and the markers. */
async function play(steps: readonly HistoryStep[]): Promise<void> {
  const store = new MemoryStore();
  let mailring = await Mailring.open({ store });
  const badge = new Badge();
  const sent = new Map<string, SendRequest & { readonly seq: number }>();
  const read = new Map<string, number>();
  const calls: SendRequest[] = [];
  const send = async (request: SendRequest) => {
    const { messageId, seq, duplicate } = await mailring.sendMessage(request);
    assert.equal(duplicate, sent.has(messageId), 'a repeat is a duplicate, and nothing else is');
    sent.set(messageId, { ...request, seq });
  };
  for (const step of steps) {
    if (step.type === 'send') await send(calls[calls.push(step.request) - 1]!);
    else if (step.type === 'repeat' && calls.length > 0) await send(calls[step.of % calls.length]!);
    else if (step.type === 'markRead') {
      const conversationId = mailring.conversationIdOf(step.userId, step.peerId);
      await mailring.markRead({ userId: step.userId, conversationId, seq: step.seq });
      if (step.userId === 'bob') read.set(step.peerId, Math.max(step.seq, read.get(step.peerId) ?? 0));
    } else if (step.type === 'reopen') {
      await mailring.close();
      mailring = await Mailring.open({ store });
    }
    // A marker beyond the newest message stops there: what comes later is unread.
    for (const [peer, seq] of read) {
      const last = [...sent.values()].filter(({ senderId, recipientId }) => [senderId, recipientId].sort().join() === ['bob', peer].sort().join()).length;
      read.set(peer, Math.min(seq, last));
    }
    const unread = [...sent.values()].filter(
      ({ senderId, recipientId, seq }) => recipientId === 'bob' && senderId !== 'bob' && seq > (read.get(senderId) ?? 0),
    );
    assert.equal(await badge.refresh(mailring, 'bob'), unread.length, 'the badge');
  }
  assert.equal((await mailring.verify()).ok, true);
  await mailring.close();
}

const runs = Number(process.env.MAILRING_RUNS ?? 100);
await fc.assert(fc.asyncProperty(arbitraries(fc).history(), play), { numRuns: runs });
console.log(`${runs} histories: ok`);
