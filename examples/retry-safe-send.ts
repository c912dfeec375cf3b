// A client that repeats a send until it knows what became of it, over a store that fails now and then: every message is there once. Run: npx tsx examples/retry-safe-send.ts
import assert from 'node:assert/strict';
import { createClientMessageId, isMailringError, Mailring, type SendRequest, type SendResult } from 'mailring';
import { MemoryStore } from 'mailring/memory';

/** A store whose every third write fails, before or after it took effect: its caller cannot tell which. */
class FailingStore extends MemoryStore {
  #writes = 0;

  override async apply(...call: Parameters<MemoryStore['apply']>) {
    const turn = this.#writes++ % 6;
    if (turn === 2) throw new Error('failed before');
    const result = await super.apply(...call);
    if (turn === 5) throw new Error('failed after');
    return result;
  }
}

/** The id is made once, before the first try, and stays: so a repeat is the same message. */
async function sendUntilKnown(mailring: Mailring, request: SendRequest): Promise<SendResult> {
  for (;;) {
    try {
      return await mailring.sendMessage(request, { timeoutMs: 5_000 });
    } catch (error) {
      if (!isMailringError(error) || !error.retryable) throw error;
      console.log(`${request.messageContent}: ${error.code}, ${error.outcome}; again in ${error.retryAfterMs ?? 10} ms`);
      await new Promise((resolve) => setTimeout(resolve, error.retryAfterMs ?? 10));
    }
  }
}

const mailring = await Mailring.open({ store: new FailingStore(), limits: { reopenDelayMs: 10 } });
const texts = Array.from({ length: 10 }, (_, i) => `message ${i + 1}`);
for (const messageContent of texts) {
  const request = { senderId: 'ann', recipientId: 'bob', messageContent, clientMessageId: createClientMessageId() };
  const { seq, duplicate } = await sendUntilKnown(mailring, request);
  console.log(`${messageContent}: seq ${seq}${duplicate ? ', it had been stored by an earlier try' : ''}`);
}

const { messages } = await mailring.fetchMessages({ userId: 'bob' });
assert.deepEqual(messages.map(({ messageContent }) => messageContent).reverse(), texts);
await mailring.close();
console.log('ok');
