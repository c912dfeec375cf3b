// Two users, a repeated send, every kind of fetch. Run: npx tsx examples/quick-start.ts [folder]
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClientMessageId, isMailringError, Mailring } from 'mailring';

const folder = process.argv[2] ?? (await mkdtemp(join(tmpdir(), 'mailring-')));
const mailring = await Mailring.open({ location: folder });

// Made once for each message, before the first try: a repeat with the same id never stores a second copy.
const hello = { senderId: 'alice', recipientId: 'bob', messageContent: 'Hello, Bob!', clientMessageId: createClientMessageId() };
const sent = await mailring.sendMessage(hello).catch((error) => {
  if (!isMailringError(error) || !error.retryable) throw error;
  return mailring.sendMessage(hello);
});
const again = await mailring.sendMessage(hello);
console.log(`sent seq ${sent.seq}, and again: seq ${again.seq}, duplicate ${again.duplicate}`);

const inbox = await mailring.fetchConversations({ userId: 'bob' });
for (const { snippet, unreadCount } of inbox.conversations) console.log(`bob has ${unreadCount} unread: “${snippet}”`);

const lunch = { ...hello, messageContent: 'Lunch at noon? 🍜', clientMessageId: createClientMessageId() };
await mailring.sendMessage(lunch);
const page = await mailring.fetchMessages({ userId: 'bob', conversationId: sent.conversationId });
for (const { seq, senderId, messageContent } of page.messages) console.log(`#${seq} ${senderId}: ${messageContent}`);

// The cursor of the first answer brings only what changed since.
const { lastUpdatedTimestamp } = inbox;
const changes = await mailring.fetchConversations({ userId: 'bob', lastUpdatedTimestamp });
console.log(`${changes.conversations.length} conversation changed since, bob has ${changes.totals.unread} unread`);

await mailring.close();
if (process.argv[2] === undefined) await rm(folder, { recursive: true });
