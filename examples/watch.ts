// Live updates: a screen that watches a mailbox, is left, and goes on where it was. Run: npx tsx examples/watch.ts
import assert from 'node:assert/strict';
import { createClientMessageId, Mailring } from 'mailring';
import { MemoryStore } from 'mailring/memory';

const mailring = await Mailring.open({ store: new MemoryStore() });
const send = (messageContent: string) =>
  mailring.sendMessage({ senderId: 'ann', recipientId: 'bob', messageContent, clientMessageId: createClientMessageId() });

const shown: string[] = [];
let cursor = 0;

/** Shows what comes until `count` messages are on the screen. */
async function show(count: number): Promise<void> {
  for await (const event of mailring.watch({ userId: 'bob', lastUpdatedTimestamp: cursor })) {
    cursor = event.lastUpdatedTimestamp;
    if (event.type === 'reset') {
      console.log('everything has to be fetched anew:', event.reason);
      continue;
    }
    shown.push(...event.messages.map(({ messageContent }) => messageContent));
    console.log(`${event.messages.length} messages, ${event.totals.unread} unread${event.hasMore ? ', more to come' : ''}`);
    if (shown.length >= count) break;
  }
}

const screen = show(3);
for (const text of ['one', 'two', 'three']) await send(text);
await screen;

// Nobody watches now. The next watch begins at the cursor: nothing is missed, nothing comes twice.
await send('four');
const again = show(5);
await send('five');
await again;
assert.deepEqual(shown, ['one', 'two', 'three', 'four', 'five']);

await mailring.markRead({ userId: 'bob', conversationId: mailring.conversationIdOf('ann', 'bob'), seq: 5 });
const { totals } = await mailring.fetchConversations({ userId: 'bob' });
assert.equal(totals.unread, 0);

// A watch ends with the mailring.
const last = mailring.watch({ userId: 'bob' }).next();
await mailring.close();
assert.deepEqual(await last, { done: true, value: undefined });
console.log('ok');
