// Which shard owns a user, and what moves when one is added. Run: npx tsx examples/ring.ts
import assert from 'node:assert/strict';
import { Ring } from 'mailring/ring';

const ring = await Ring.create({ shards: ['amsterdam', 'berlin', { name: 'cork', weight: 2 }] });
console.log('alice lives on', ring.shardOf('alice'), 'and, if that were gone, on', ring.successors('alice', 2)[1]);

for (const { name, weight, share } of ring.balance().shards) console.log(`${name} (weight ${weight}) owns ${(100 * share).toFixed(1)} % of the users`);

const larger = ring.with({ add: ['dublin'] });
const { ranges, share } = Ring.movedRanges(ring, larger);
console.log(`adding dublin moves ${(100 * share).toFixed(1)} % of the users, in ${ranges.length} ranges, all of them to dublin`);

const users = Array.from({ length: 10_000 }, (_, i) => `user-${i}`);
const moved = users.filter((user) => ring.shardOf(user) !== larger.shardOf(user));
assert(moved.every((user) => larger.shardOf(user) === 'dublin'));
assert(ranges.every(({ to }) => to === 'dublin'));
assert(Math.abs(moved.length / users.length - share) < 0.02);
assert.notEqual(ring.fingerprint, larger.fingerprint);
assert.equal(larger.with({ remove: ['dublin'] }).fingerprint, ring.fingerprint);
console.log('ok');
