// A client that keeps a whole copy of a mailbox, goes offline, and catches up in slices, also after its cursor has expired. Run: npx tsx examples/delta-sync-loop.ts
import assert from 'node:assert/strict';
import { createClientMessageId, Mailring, type Message } from 'mailring';
import { emptyCopy, type ListCopy, merge, nextQuestion } from 'mailring/client';
import { MemoryStore } from 'mailring/memory';

// Deltas reach back over the newest 10,000 changes of a mailbox; here over few, so that a cursor expires soon.
const mailring = await Mailring.open({ store: new MemoryStore(), limits: { logChanges: 150 } });
const send = (from: string, text: string) =>
  mailring.sendMessage({ senderId: from, recipientId: from === 'ann' ? 'bob' : 'ann', messageContent: text, clientMessageId: createClientMessageId() });

/** What Bob's device holds. A real client keeps items, cursor and next in one transaction. */
let copy: ListCopy<Message> = emptyCopy();

/** Asks until the copy is the mailbox: the first page, older pages, then what changed, slice by slice. Gives why it had to begin anew, if it had to. */
async function catchUp(): Promise<string | undefined> {
  let reason: string | undefined;
  for (let questions = 1; ; questions++) {
    const question = nextQuestion(copy, { whole: true });
    const answer = await mailring.fetchMessages({ userId: 'bob', pageSize: 50, ...question });
    reason ??= answer.reason;
    copy = merge(copy, question, answer);
    if (copy.behind || copy.next !== undefined) continue;
    console.log(`${copy.items.size} messages after ${questions} questions${reason ? `, from the first page: ${reason}` : ''}`);
    return reason;
  }
}

async function checkCopy(): Promise<void> {
  const all: string[] = [];
  for await (const { messageId } of mailring.messages({ userId: 'bob' })) all.push(messageId);
  assert.deepEqual([...copy.items.keys()].sort(), all.sort());
}

for (let i = 0; i < 120; i++) await send('ann', `before ${i}`);
assert.equal(await catchUp(), undefined);
await checkCopy();

// Offline for a while, and other devices go on: the changes come in slices.
for (let i = 0; i < 130; i++) await send(i % 3 === 0 ? 'bob' : 'ann', `meanwhile ${i}`);
assert.equal(await catchUp(), undefined);
await checkCopy();

// Nothing new: an empty delta, and the cursor is the same.
const { cursor } = copy;
await catchUp();
assert.equal(copy.cursor, cursor);

// Offline for so long that the log no longer reaches back: the answer is a full page, which replaces the copy.
for (let i = 0; i < 200; i++) await send('ann', `long after ${i}`);
assert.equal(await catchUp(), 'expired');
await checkCopy();

// A device that was restored from somewhere else holds a cursor that this mailbox never gave.
copy = { ...copy, cursor: copy.cursor! + 1_000_000 };
assert.equal(await catchUp(), 'future');
await checkCopy();
await mailring.close();
console.log('ok');
