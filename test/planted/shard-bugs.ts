import type { PlantedBug } from './planted-bug.js';

const SENDS = { files: ['test/engine/sends.test.ts'] };
const DEDUPE = { files: ['test/engine/dedupe.test.ts'] };
const FENCE = { files: ['test/engine/fence.test.ts'] };
const CACHE = { files: ['test/engine/cache.test.ts'] };
const QUEUE = { files: ['test/engine/counts.test.ts'], test: 'a queue that is full' };
const GROUPS = { files: ['test/engine/counts.test.ts'], test: '512 sends started in one tick' };

/** Bugs in the lane, the cache, the fence and in what is read. */
export const SHARD_BUGS: readonly PlantedBug[] = [
  {
    name: 'cache-before-ack',
    what: 'a batch is brought into the cache before the store has acknowledged it',
    file: 'shard/lane.ts',
    find: `          return this.#host.apply(writes, this.#marksOf(changed));
        });
        if (!result.applied) return this.#planAgain(planned);
        for (const draft of changed) draft.commit();`,
    replace: `          const applying = this.#host.apply(writes, this.#marksOf(changed));
          for (const draft of changed) draft.commit();
          return applying;
        });
        if (!result.applied) return this.#planAgain(planned);`,
    suite: SENDS,
  },
  {
    name: 'ack-before-durable',
    what: 'a send is answered when its batch is given to the store',
    file: 'shard/lane.ts',
    find: '          return this.#host.apply(writes, this.#marksOf(changed));\n',
    replace:
      "          for (const { write, result } of planned) if ('value' in result) write.resolve(result.value);\n          return this.#host.apply(writes, this.#marksOf(changed));\n",
    suite: SENDS,
  },
  {
    name: 'order-not-kept',
    what: 'a send that needs no look-up overtakes an earlier one of its conversation that does',
    file: 'shard/lane.ts',
    find: 'held.add(order);',
    replace: "held.add('');",
    suite: SENDS,
  },
  {
    name: 'batch-unbounded',
    what: 'a batch takes more bytes than the store does',
    file: 'shard/lane.ts',
    find: 'bytes + write.request.bytes > this.#host.batchBytesMax',
    replace: 'bytes + write.request.bytes > 64 * this.#host.batchBytesMax',
    suite: SENDS,
  },
  {
    name: 'no-group-commit',
    what: 'a batch takes one request',
    file: 'shard/lane.ts',
    find: 'bytes + write.request.bytes > this.#host.batchBytesMax',
    replace: 'bytes + write.request.bytes > 0',
    suite: GROUPS,
  },
  {
    name: 'refused-is-applied',
    what: 'a commit that the store refused is answered as applied',
    file: 'shard/lane.ts',
    find: 'if (!result.applied) return this.#planAgain(planned);',
    replace: 'if (!result.applied && planned.length === 0) return this.#planAgain(planned);',
    suite: DEDUPE,
  },
  {
    name: 'given-up-is-not-accepted',
    what: 'a send that is given up while its batch is written says that it was not accepted',
    file: 'shard/waiting-write.ts',
    find: "if (this.planned) this.#reject(withOutcome(error, 'unconfirmed'));",
    replace: "if (this.planned) this.#reject(withOutcome(error, 'not-accepted'));",
    suite: SENDS,
  },
  {
    name: 'given-up-is-sent',
    what: 'a send that is given up while it waits is sent all the same',
    file: 'shard/waiting-write.ts',
    find: "else this.reject(error, 'not-accepted');",
    replace: "else this.#reject(withOutcome(error, 'not-accepted'));",
    suite: SENDS,
  },
  {
    name: 'aborted-is-begun',
    what: 'a call whose signal is aborted already is begun',
    file: 'engine/call.ts',
    find: 'if (signal?.aborted) throw aborted(signal.reason, outcome);',
    replace: '',
    suite: SENDS,
  },
  {
    name: 'queue-limit-off-by-one',
    what: 'a full queue takes one more',
    file: 'shard/shard.ts',
    find: 'this.#waitingWrites < this.#limits.waitingWrites',
    replace: 'this.#waitingWrites <= this.#limits.waitingWrites',
    suite: QUEUE,
  },
  {
    name: 'mailbox-queue-limit-off-by-one',
    what: 'a full queue of a mailbox takes one more',
    file: 'shard/shard.ts',
    find: 'waitingWrites + owed >= this.#limits.waitingWritesPerMailbox',
    replace: 'waitingWrites + owed > this.#limits.waitingWritesPerMailbox',
    suite: QUEUE,
  },
  {
    name: 'queue-never-empties',
    what: 'a write that is done is still counted as waiting',
    file: 'shard/shard.ts',
    find: 'if (--this.#waitingWrites === 0)',
    replace: 'if (this.#waitingWrites === 0)',
    suite: SENDS,
  },
  {
    name: 'unknown-is-not-accepted',
    what: 'a send whose write failed says that nothing was committed',
    file: 'shard/lane.ts',
    find: "write.unknown ||= 'value' in result && error.outcome !== 'not-accepted';",
    replace: "write.unknown ||= 'value' in result && error.outcome === undefined;",
    suite: FENCE,
  },
  {
    name: 'unknown-is-applied',
    what: 'a send whose write failed is answered as sent',
    file: 'shard/lane.ts',
    find: "      if (againAfterMs === undefined) write.reject(error, 'not-accepted');",
    replace: "      if (againAfterMs === undefined) 'value' in result ? write.resolve(result.value) : write.reject(error, 'not-accepted');",
    suite: FENCE,
  },
  {
    name: 'fence-missing',
    what: 'writes go on on the same handle after one has failed',
    file: 'shard/store-keeper.ts',
    find: "if (this.#status !== 'open') return;\n    this.#status = 'fenced';",
    replace: "if (this.#status !== 'open') return;",
    suite: FENCE,
  },
  {
    name: 'fence-still-reads',
    what: 'reads go on through a handle of which a write has failed',
    file: 'shard/shard.ts',
    find: `    const refusal = this.#keeper.refusal();
    if (refusal !== undefined) throw refusal;
    try {`,
    replace: '    try {',
    suite: { files: ['test/engine/read-beside-trim.test.ts'] },
  },
  {
    name: 'fence-keeps-cache',
    what: 'after a fence the mailboxes in memory are believed',
    file: 'shard/mailbox-cache.ts',
    find: `for (const slots of [this.#inUse, this.#whole, this.#lean]) for (const slot of slots.values()) this.drop(slot);
    this.#whole.clear();
    this.#lean.clear();
    this.#leanBytes = 0;`,
    replace: 'for (const slot of this.#inUse.values()) this.drop(slot);',
    suite: FENCE,
  },
  {
    name: 'fence-keeps-handle',
    what: 'the store is opened again without closing what failed',
    file: 'shard/store-keeper.ts',
    find: '      await this.#store.close();\n      await this.#store.open({ clock: this.#clock });',
    replace: '      await this.#store.open({ clock: this.#clock });',
    suite: FENCE,
  },
  {
    name: 'reopen-without-back-off',
    what: 'the wait between two tries to open again does not grow',
    file: 'shard/store-keeper.ts',
    find: 'Math.min(2 * this.#delayMs, this.#limits.reopenDelayMaxMs)',
    replace: 'Math.min(this.#delayMs, this.#limits.reopenDelayMaxMs)',
    suite: FENCE,
  },
  {
    name: 'reopen-for-ever',
    what: 'the tries to open again are not counted',
    file: 'shard/store-keeper.ts',
    find: 'tries < this.#limits.reopenTries &&',
    replace: 'tries < 1_000 * this.#limits.reopenTries &&',
    suite: FENCE,
  },
  {
    name: 'load-outlives-drop',
    what: 'a load that began before a mailbox was dropped becomes its state',
    file: 'shard/mailbox-loader.ts',
    find: 'if (slot.drops === drops) slot.state = new MailboxState(',
    replace: 'slot.state = new MailboxState(',
    suite: FENCE,
  },
  {
    name: 'drop-keeps-state',
    what: 'the cache keeps what was dropped',
    file: 'shard/mailbox-cache.ts',
    find: '    slot.state = undefined;\n    slot.loading = undefined;',
    replace: '    slot.loading = undefined;',
    suite: DEDUPE,
  },
  {
    name: 'forgotten-while-in-use',
    what: 'a mailbox leaves the cache with its first user, though others still use it',
    file: 'shard/mailbox-cache.ts',
    find: 'if (--slot.pins === 0) {',
    replace: 'if (--slot.pins >= 0) {',
    suite: CACHE,
  },
  {
    name: 'cache-unbounded',
    what: 'mailboxes that nobody uses stay in memory',
    file: 'shard/mailbox-cache.ts',
    find: 'if (this.#bytes <= this.#bytesMax) return;',
    replace: 'if (this.#bytes <= 1_000_000 * this.#bytesMax) return;',
    suite: CACHE,
  },
  {
    name: 'cache-not-by-use',
    what: 'a mailbox that is used keeps its place among those that leave',
    file: 'shard/mailbox-cache.ts',
    find: '      this.#whole.delete(user);\n',
    replace: '',
    suite: CACHE,
  },
  {
    name: 'cache-drops-whole-mailboxes',
    what: 'a full cache lets go of mailboxes while it holds old messages of others',
    file: 'shard/mailbox-cache.ts',
    find: '      slot.state?.shed();\n',
    replace: '',
    suite: CACHE,
  },
  {
    name: 'cache-counts-lean-twice',
    what: 'a mailbox that is used again is still counted among those that are not',
    file: 'shard/mailbox-cache.ts',
    find: 'if (this.#lean.delete(user)) this.#leanBytes -= slot.bytes;',
    replace: 'this.#lean.delete(user);',
    suite: CACHE,
  },
  {
    name: 'read-keeps-mailbox',
    what: 'a fetch does not give its mailbox back',
    file: 'shard/shard.ts',
    find: '      this.#cache.unpin(slot);\n      if (--this.#activeReads',
    replace: '      if (--this.#activeReads',
    suite: CACHE,
  },
  {
    name: 'checksum-not-verified',
    what: 'a stored row is believed whatever its checksum says',
    file: 'mailbox/rows.ts',
    find: 'if (!checksumHolds(value, place)) throw',
    replace: 'if (checksumHolds(value, place) === undefined) throw',
    suite: CACHE,
  },
  {
    name: 'lost-newest-is-none',
    what: 'a conversation whose newest message is lost is taken for an empty one',
    file: 'shard/read-needs.ts',
    find: 'if (newest === undefined && sent > (fields?.floorSeq ?? 0)) throw',
    replace: 'if (newest === undefined && sent < (fields?.floorSeq ?? 0)) throw',
    suite: CACHE,
  },
  {
    name: 'fence-keeps-outcome',
    what: 'what is refused after a fence has the outcome of the write that failed',
    file: 'shard/store-keeper.ts',
    find: "return this.#status === 'open' ? undefined : this.#unavailable(this.#cause, outcome);",
    replace: "return this.#status === 'open' ? undefined : this.error(this.#cause, outcome);",
    suite: FENCE,
  },
];
