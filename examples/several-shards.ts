// A mailring over four LevelDB shards: the ring places the mailboxes, a send between two shards is as good as one. Run: npx tsx examples/several-shards.ts [folder]
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClientMessageId, isMailringError, Mailring } from 'mailring';
import { Ring } from 'mailring/ring';

const location = process.argv[2] ?? (await mkdtemp(join(tmpdir(), 'mailring-shards-')));
const mailring = await Mailring.open({ location, shards: 4 });

// The same ring as the engine's: the default names, the default tokens.
const ring = await Ring.create({ shards: ['shard-0', 'shard-1', 'shard-2', 'shard-3'] });
const users = Array.from({ length: 40 }, (_, i) => `user-${i}`);
console.log('user-0 lives in', ring.shardOf('user-0'), 'and user-1 in', ring.shardOf('user-1'));

// Everybody writes to everybody, all at once: most of these sends have their two mailboxes in two shards.
const requests = users.flatMap((senderId) =>
  users.map((recipientId) => ({ senderId, recipientId, messageContent: `hello ${recipientId}`, clientMessageId: createClientMessageId() })),
);
const results = await Promise.all(requests.map((request) => mailring.sendMessage(request)));

// A repeated send is the first one, also between shards.
assert.deepEqual(await mailring.sendMessage(requests[1]!), { ...results[1], duplicate: true });

for (const userId of users) {
  const { totals } = await mailring.fetchConversations({ userId });
  assert.deepEqual(totals, { conversations: users.length, unread: users.length - 1 });
}
assert.deepEqual(mailring.health(), { status: 'ok', reasons: [] });
for (const [shard, { batches, cachedMailboxes }] of Object.entries(mailring.stats().shards))
  console.log(`${shard}: ${cachedMailboxes} mailboxes, ${batches} batches`);
assert.equal((await mailring.verify()).ok, true);
await mailring.close();

// The shards are part of the data: another number of them is refused.
await assert.rejects(Mailring.open({ location, shards: 3 }), (error) => isMailringError(error, 'MAILRING_FORMAT'));
if (process.argv[2] === undefined) await rm(location, { recursive: true });
console.log('ok');
