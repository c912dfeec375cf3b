// A backup beside sends, the loss of everything since, a restore, and a client whose copy is put right by it. Run: npx tsx examples/backup-restore.ts
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClientMessageId, Mailring, type Message } from 'mailring';
import { emptyCopy, type ListCopy, merge, nextQuestion } from 'mailring/client';

const folder = await mkdtemp(join(tmpdir(), 'mailring-'));
const [location, backup, restored] = ['data', 'backup', 'restored'].map((name) => join(folder, name)) as [string, string, string];

const send = (mailring: Mailring, messageContent: string) =>
  mailring.sendMessage({ senderId: 'ann', recipientId: 'bob', messageContent, clientMessageId: createClientMessageId() });

/** What bob's device does whenever it is online. */
async function sync(mailring: Mailring, copy: ListCopy<Message>): Promise<ListCopy<Message>> {
  for (;;) {
    const question = nextQuestion(copy, { whole: true });
    const answer = await mailring.fetchMessages({ userId: 'bob', ...question });
    if (answer.reason !== undefined) console.log(`bob is answered by a full page: ${answer.reason}`);
    copy = merge(copy, question, answer);
    if (answer.isDeltaUpdate && !answer.hasMore) return copy;
  }
}
const textsOf = (copy: ListCopy<Message>) => [...copy.items.values()].sort((a, b) => a.seq - b.seq).map(({ messageContent }) => messageContent);

const mailring = await Mailring.open({ location });
await send(mailring, 'kept');
const { rows, bytes } = await mailring.backup({ to: backup });
console.log(`backed up ${rows} rows, ${bytes} bytes`);
await send(mailring, 'lost');
let copy = await sync(mailring, emptyCopy<Message>());
assert.deepEqual(textsOf(copy), ['kept', 'lost']);

// The disk is gone. Every process that had it is stopped; the backup becomes a new folder.
await mailring.close();
await rm(location, { recursive: true });
const { shards, mailboxes } = await Mailring.restore({ from: backup, location: restored });
console.log(`restored ${mailboxes} mailboxes in ${shards.length} shard`);
const again = await Mailring.open({ location: restored, shards });
assert.deepEqual((await again.verify()).problems, []);

// `lost` had seq 2, and now this one has: only because the cursor is refused does bob's device drop what it held.
assert.equal((await send(again, 'new')).seq, 2);
copy = await sync(again, copy);
assert.deepEqual(textsOf(copy), ['kept', 'new']);

await again.close();
await rm(folder, { recursive: true });
console.log('ok');
