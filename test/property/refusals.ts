import assert from 'node:assert/strict';
import { isMailringError, type MailringErrorCode } from 'mailring';
import type { MemoryStore } from 'mailring/memory';

/** What a call may be refused with: a mistake of the program, or a code. */
export type Refusal = 'TypeError' | 'RangeError' | MailringErrorCode;

/** What an error is, in the words of api.md. */
function nameOf(error: unknown): string {
  if (isMailringError(error)) return error.code;
  return error instanceof Error ? error.constructor.name : `no error: ${typeof error}`;
}

/** Insists that a call answers by a promise, never by throwing, and that it rejects so. Gives the error. */
export async function refused(expected: Refusal, call: () => Promise<unknown>): Promise<Error & { code?: string; outcome?: string }> {
  const answer = promised(call);
  const [settled] = await Promise.allSettled([answer]);
  assert.equal(settled!.status, 'rejected', `a call was accepted that is to be refused with ${expected}`);
  const { reason } = settled as PromiseRejectedResult;
  assert.equal(nameOf(reason), expected, `refused with another error: ${reason?.stack}`);
  if (isMailringError(reason)) assert.equal(reason.retryable, reason.code === 'MAILRING_LOCKED', 'the same call cannot succeed later, unless an owner leaves');
  return reason;
}

/** Insists that a call answers as `expected`, or with `undefined` that it is accepted. */
export async function answered(expected: Refusal | undefined, call: () => Promise<unknown>): Promise<void> {
  if (expected === undefined) await promised(call);
  else await refused(expected, call);
}

function promised(call: () => Promise<unknown>): Promise<unknown> {
  let answer: Promise<unknown>;
  try {
    answer = call();
  } catch (error) {
    throw new Error('a call threw instead of rejecting', { cause: error });
  }
  assert.ok(answer instanceof Promise, 'a call answers with a promise');
  return answer;
}

/** Everything that a store holds, as text. */
export async function contentOf(store: MemoryStore): Promise<string[]> {
  const all: string[] = [];
  for await (const partition of store.partitions()) {
    const { version, head } = await store.load(partition);
    const rows = await store.scan(partition, { gte: Uint8Array.of(0), lt: Uint8Array.of(255, 255), limit: 1_000_000 });
    const text = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString('hex');
    all.push([text(partition), version, text(head), ...rows.map(({ key, value }) => `${text(key)}=${text(value)}`)].join(' '));
  }
  return all.sort();
}
