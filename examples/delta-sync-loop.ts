// A client that keeps a whole copy of a mailbox, goes offline, and catches up in slices. Run: npx tsx examples/delta-sync-loop.ts
import assert from 'node:assert/strict';
import { createClientMessageId, Mailring, type Message } from 'mailring';
import { emptyCopy, type ListCopy, merge, nextQuestion } from 'mailring/client';
import { MemoryStore } from 'mailring/memory';

const mailring = await Mailring.open({ store: new MemoryStore() });
const send = (from: string, text: string) =>
  mailring.sendMessage({ senderId: from, recipientId: from === 'ann' ? 'bob' : 'ann', messageContent: text, clientMessageId: createClientMessageId() });

/** What Bob's device holds. A real client keeps items, cursor and next in one transaction. */
let copy: ListCopy<Message> = emptyCopy();

/** Asks until the copy is the mailbox: the first page, older pages, then what changed, slice by slice. Gives the number of questions. */
async function catchUp(): Promise<number> {
  for (let questions = 1; ; questions++) {
    const question = nextQuestion(copy, { whole: true });
    const answer = await mailring.fetchMessages({ userId: 'bob', pageSize: 50, ...question });
    if (answer.reason !== undefined) console.log('the cursor could not be answered by a delta:', answer.reason);
    copy = merge(copy, question, answer);
    if (!copy.behind && copy.next === undefined) return questions;
  }
}

for (let i = 0; i < 120; i++) await send('ann', `before ${i}`);
console.log('first sync:', await catchUp(), 'questions,', copy.items.size, 'messages');
assert.equal(copy.items.size, 120);

// Offline: other devices go on.
for (let i = 0; i < 180; i++) await send(i % 3 === 0 ? 'bob' : 'ann', `meanwhile ${i}`);
console.log('online again:', await catchUp(), 'questions,', copy.items.size, 'messages');
assert.equal(copy.items.size, 300);

// Nothing new: one empty delta, and the cursor is the same.
const { cursor } = copy;
assert.equal(await catchUp(), 1);
assert.equal(copy.cursor, cursor);

// A device that was restored from somewhere else holds a cursor that this mailbox never gave: the copy is built anew.
copy = { ...copy, cursor: cursor! + 1_000_000 };
await catchUp();
const all: string[] = [];
for await (const { messageId } of mailring.messages({ userId: 'bob' })) all.push(messageId);
assert.deepEqual([...copy.items.keys()].sort(), all.sort());
await mailring.close();
console.log('ok');
