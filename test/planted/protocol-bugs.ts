import type { PlantedBug } from './planted-bug.js';

/** Judged by what callers see and by what is there after healing, seed by seed. */
const SIMULATION = { files: ['test/simulation/judge.test.ts'] };

/**
 * Bugs in what goes on between two mailboxes, and between two owners of one. Two are faults of a store, planted in the simulated one: `unconditional-write` and `quorum-load`. Not
 * here, of the model's: what deletion, restore and trimming can show.
 */
export const PROTOCOL_BUGS: readonly PlantedBug[] = [
  {
    name: 'ack-before-copy',
    what: 'a send is acknowledged after the home commit',
    file: 'engine/send-message.ts',
    find: 'await delivery.done(receipt.seq, signal);',
    replace: 'home === sender ? null : await delivery.done(receipt.seq, signal);',
    suite: SIMULATION,
  },
  {
    name: 'dup-acks-undelivered',
    what: 'a send that is found by its id is acknowledged without waiting for the second copy',
    file: 'engine/send-message.ts',
    find: 'await delivery.done(receipt.seq, signal);',
    replace: 'receipt.duplicate && home === sender ? null : await delivery.done(receipt.seq, signal);',
    also: [
      [
        'settled: (receipt) => delivery.begin(receipt?.seq)',
        'settled: (receipt) => delivery.begin(receipt?.duplicate && home === sender ? undefined : receipt?.seq)',
      ],
    ],
    suite: SIMULATION,
  },
  {
    name: 'delivered-remembered',
    what: '"delivered" is remembered when the delivery is sent, and trusted afterwards',
    file: 'engine/send-message.ts',
    find: '  const inOther = delivery === undefined',
    replace: `  const sent = delivered.get(engine) ?? new Map<string, number>();
  delivered.set(engine, sent);
  const known = home === sender && (sent.get(conversationId) ?? 0) >= receipt.seq;
  sent.set(conversationId, Math.max(receipt.seq, sent.get(conversationId) ?? 0));
  const inOther = known ? null : delivery === undefined`,
    also: [['const SEND_KEYS =', 'const delivered = new WeakMap<Engine, Map<string, number>>();\nconst SEND_KEYS =']],
    suite: SIMULATION,
  },
  {
    name: 'out-of-order',
    what: 'a delivery brings its own message without those before it',
    file: 'mailbox/plan-delivery.ts',
    find: 'message.seq === conversation.lastSeq + 1 ?',
    replace: 'message.seq > conversation.lastSeq ?',
    suite: SIMULATION,
  },
  {
    name: 'gap-is-delivered',
    what: 'a delivery that the other mailbox could not take, since it lacks earlier messages, counts as made',
    file: 'engine/deliveries.ts',
    find: 'if (receipt.lastSeq < next - 1) {',
    replace: 'if (receipt.lastSeq < 0) {',
    suite: SIMULATION,
  },
  {
    name: 'mark-never',
    what: 'the home commit sets no mark',
    file: 'mailbox/plan-send.ts',
    find: 'if (deliverLater) home.draft.setMark(conversation);',
    replace: 'if (deliverLater && conversation.lastSeq < 1) home.draft.setMark(conversation);',
    suite: SIMULATION,
  },
  {
    name: 'loaded-means-marked',
    what: 'a conversation that was loaded and has messages is taken for marked',
    file: 'mailbox/mailbox-draft.ts',
    find: '      if (base.marked) this.#marks.delete(base.peer);',
    replace: '      if (base.marked || base.lastSeq > 0) this.#marks.delete(base.peer);',
    suite: SIMULATION,
  },
  {
    name: 'tidy-first',
    what: 'a sweep takes the mark away before it delivers',
    file: 'engine/sweep.ts',
    find: `    await this.#deliver(home, { peer: other, lastSeq });
    if (!this.#idle(\`\${home.length} \${home}\${other}\`, lastSeq, seen)) return;
    await this.#commit(home, (side) => planMarkEnd(other, lastSeq, side));`,
    replace: `    await this.#commit(home, (side) => planMarkEnd(other, lastSeq, side));
    await this.#deliver(home, { peer: other, lastSeq });
    this.#idle(\`\${home.length} \${home}\${other}\`, lastSeq, seen);`,
    suite: SIMULATION,
  },
  {
    name: 'tidy-undelivered',
    what: 'a sweep takes the mark of an idle conversation away without asking the other mailbox',
    file: 'engine/sweep.ts',
    find: '    await this.#deliver(home, { peer: other, lastSeq });\n',
    replace: '    await this.#deliver(home, { peer: other, lastSeq }).catch(() => undefined);\n',
    suite: SIMULATION,
  },
  {
    name: 'tidy-unchecked',
    what: 'a mark is taken away without comparing the last seqs again',
    file: 'mailbox/plan-mark-end.ts',
    find: '  if (conversation.lastSeq !== held) return false;',
    replace: '  if (conversation.lastSeq < held) return false;',
    suite: { files: ['test/engine/several-shards.test.ts'], test: 'a mark stays where a message came' },
  },
  {
    name: 'tidy-base-unchecked',
    what: 'the mark of a mailbox is taken away without comparing the last seqs again',
    file: 'mailbox/plan-mark-end.ts',
    find: 'draft.changed || conversations.some((conversation) => held.get(conversation.peer) !== conversation.lastSeq)',
    replace: 'draft.changed || conversations.some((conversation) => (held.get(conversation.peer) ?? 0) > conversation.lastSeq)',
    suite: SIMULATION,
  },
  {
    name: 'pending-after',
    what: 'marks are set after the commit',
    file: 'shard/lane.ts',
    find: '          return this.#host.apply(writes, this.#marksOf(changed));',
    replace: `          const marks = this.#marksOf(changed);
          const applied = this.#host.apply(writes, []);
          return applied.then(async (answer) => {
            if (answer.applied && marks.length > 0) await this.#host.apply([], marks);
            return answer;
          });`,
    suite: SIMULATION,
  },
  {
    name: 'pending-untokened',
    what: 'all marks of a mailbox have one name',
    file: 'mailbox/mailbox-draft.ts',
    find: 'const name = baseName(this.state.version);',
    replace: 'const name = baseName(Math.min(this.state.version, 1));',
    suite: SIMULATION,
  },
  {
    name: 'pending-expires',
    what: 'a mark has a time to live',
    file: 'engine/sweep.ts',
    find: "if (found === 'dead') return",
    replace: "if (found === 'dead' || base < this.#host.clock.now() - 1_000) return",
    suite: SIMULATION,
  },
  {
    name: 'mark-names-own-version',
    what: 'a mark names the version above the one its commit is made on',
    file: 'mailbox/mailbox-draft.ts',
    find: 'const name = baseName(this.state.version);',
    replace: 'const name = baseName(this.state.version + 1);',
    suite: SIMULATION,
  },
  {
    name: 'sweep-no-touch',
    what: 'a mark whose base is still the version is taken away without a touch',
    file: 'engine/sweep.ts',
    find: "if (found === 'slow') return this.#commit(home, touch);",
    replace: "if (found === 'slow') return shard.clearMark(mark);",
    also: [['\nfunction touch({ draft }: PlanSide)', '\nexport function touch({ draft }: PlanSide)']],
    suite: SIMULATION,
  },
  {
    name: 'no-validation',
    what: 'what is in memory is served without validating its version',
    file: 'shard/shard.ts',
    find: 'if (!this.store.capabilities.exclusive) await this.#validate(slot);',
    replace: 'if (!this.store.capabilities.exclusive && slot.state === undefined) await this.#validate(slot);',
    suite: SIMULATION,
  },
  {
    name: 'joined-validation',
    what: 'a read joins a validation that was begun before it',
    file: 'shard/shard.ts',
    find: '    const version = await this.ask((store) => store.validate(slot.partition));',
    replace: `    const joined = validations.get(slot) ?? this.ask((store) => store.validate(slot.partition)).finally(() => validations.delete(slot));
    validations.set(slot, joined);
    const version = await joined;`,
    also: [['/** The unit of ownership:', 'const validations = new WeakMap<MailboxSlot, Promise<number>>();\n\n/** The unit of ownership:']],
    suite: { files: ['test/engine/two-owners.test.ts'] },
  },
  {
    name: 'joined-load',
    what: 'a read takes the answer of a load that was begun before it',
    file: 'shard/shard.ts',
    find: 'if (slot.state === undefined && slot.loading === undefined) return this.#load(slot);',
    replace: 'if (slot.state === undefined) return this.#load(slot);',
    suite: { files: ['test/engine/two-owners.test.ts'] },
  },
  {
    name: 'rows-before-head',
    what: 'rows that another version has are put together with an older head',
    file: 'shard/read-needs.ts',
    find: 'if (conversation.lastChange > state.version) this.#view.stale = true;',
    replace: 'if (conversation.lastChange > state.version + 1e9) this.#view.stale = true;',
    suite: SIMULATION,
  },
  {
    name: 'version-means-mine',
    what: 'after an unknown outcome, the planned version in the store is taken for the commit',
    file: 'shard/shard.ts',
    find: '      if (this.store.capabilities.exclusive) this.#keeper.fence(error);\n',
    replace: `      if (this.store.capabilities.exclusive) this.#keeper.fence(error);
      else if (writes.length === 1 && (await this.store.validate(writes[0]!.partition)) === writes[0]!.version) return { applied: true };
`,
    suite: SIMULATION,
  },
  {
    name: 'refused-means-absent',
    what: 'a send that is planned again on another version does not look up its id again',
    file: 'mailbox/plan-send.ts',
    find: 'const first = conversation.plannedId(direction, intent.clientMessageId) ?? home.view.usedId(base, direction, intent.clientMessageId);',
    replace: `const once = intent as SendIntent & { plannedOn?: number };
  const refused = once.plannedOn !== undefined && once.plannedOn !== home.view.state.version;
  const first = refused ? null : (conversation.plannedId(direction, intent.clientMessageId) ?? home.view.usedId(base, direction, intent.clientMessageId));
  if (first === null) once.plannedOn = home.view.state.version;`,
    suite: SIMULATION,
  },
  {
    name: 'refused-means-delivered',
    what: 'a batch that was refused with a delivery in it counts as made by the other owner',
    file: 'shard/lane.ts',
    find: 'if (!result.applied) return this.#planAgain(planned);',
    replace: `if (!result.applied) {
          for (const { write, result } of planned) if (write.request.owed && 'value' in result) write.resolve(result.value);
          return this.#planAgain(planned);
        }`,
    suite: SIMULATION,
  },
  {
    name: 'shortcut-not-reset-on-reload',
    what: 'what is known of the ids of a conversation survives that its mailbox is dropped and loaded again',
    file: 'shard/read-needs.ts',
    find: '    else state.hold(conversation);\n',
    replace: `    else {
      const known = survivors.get(this.#store) ?? new Map<string, ConversationState>();
      survivors.set(this.#store, known);
      const before = known.get(\`\${state.owner} \${peer}\`);
      if (before !== undefined) Object.assign(conversation, { ids: before.ids });
      known.set(\`\${state.owner} \${peer}\`, state.hold(conversation));
    }
`,
    also: [['class NeedsReader {', 'const survivors = new WeakMap<Store, Map<string, ConversationState>>();\n\nclass NeedsReader {']],
    suite: SIMULATION,
  },
  {
    name: 'group-keeps-seq',
    what: 'of a refused batch only the first request is planned again, the others keep their places',
    file: 'shard/lane.ts',
    find: 'if (!result.applied) return this.#planAgain(planned);',
    replace: `if (!result.applied) {
          for (const { write, result } of planned.slice(1)) if ('value' in result) write.resolve(result.value);
          return this.#planAgain(planned);
        }`,
    suite: SIMULATION,
  },
  {
    name: 'unconditional-write',
    what: 'the store does not compare the version',
    file: 'testing/simulated-data.ts',
    find: 'this.rows.versionOf(partition) !== expectVersion',
    replace: 'this.rows.versionOf(partition) + expectVersion < 0',
    suite: SIMULATION,
  },
  {
    name: 'quorum-load',
    what: 'a load and a validation can miss the newest commits: a replica answers that catches up when it is asked',
    file: 'testing/simulated-store.ts',
    find: 'options, () => this.#data.rows.versionOf(given));',
    replace: 'options, () => versionAtReplica(this.#data, given));',
    also: [
      [
        '      if (!this.capabilities.exclusive) this.#data.finishLate(given);\n      const stored = this.#data.rows.find(given);\n      if (stored === undefined) return { version: 0 };',
        '      if (!this.capabilities.exclusive) this.#data.finishLate(given);\n      const known = this.#data.rows.find(given);\n      const version = versionAtReplica(this.#data, given);\n      if (known === undefined || version === 0) return { version: 0 };\n      const stored = { ...known, version };',
      ],
      [
        'const closed = () =>',
        `const replicas = new WeakMap<SimulatedData, Map<string, Version>>();
function versionAtReplica(data: SimulatedData, partition: Partition): Version {
  const replica = replicas.get(data) ?? new Map<string, Version>();
  replicas.set(data, replica);
  const name = partition.join();
  const newest = data.rows.versionOf(partition);
  const held = data.capabilities.exclusive ? newest : (replica.get(name) ?? newest);
  replica.set(name, newest);
  return held;
}
const closed = () =>`,
      ],
    ],
    suite: SIMULATION,
  },
  {
    name: 'row-version-from-home',
    what: 'a copied message keeps the number that it has in the home mailbox',
    file: 'mailbox/plan-copy.ts',
    find: '  draft.addMessage(conversation, message, homeSide);\n',
    replace: `  const { number = 0 } = copied as { readonly number?: number };
  if (number > 0) Object.defineProperty(message, 'number', { get: () => number, set: () => undefined, enumerable: true });
  draft.addMessage(conversation, message, homeSide);
`,
    suite: SIMULATION,
  },
  {
    name: 'number-empty-commit',
    what: 'a commit without changes does not take a number: the version stays',
    file: 'mailbox/mailbox-draft.ts',
    find: 'Math.max(now, state.version + Math.max(this.#changes.length, 1))',
    replace: 'Math.max(now, state.version + this.#changes.length)',
    suite: SIMULATION,
  },
  {
    name: 'admitted-late',
    what: 'a send is taken on for its delivery only after its home commit',
    file: 'engine/send-message.ts',
    find: '  const delivery = crossing?.admit(route);\n',
    replace: '',
    also: [
      ['      ...(delivery && { settled: (receipt) => delivery.begin(receipt?.seq) }),\n', ''],
      [
        '  const inOther = delivery === undefined',
        '  const delivery = crossing?.admit(route);\n  delivery?.begin(receipt.seq);\n  const inOther = delivery === undefined',
      ],
    ],
    suite: SIMULATION,
  },
  {
    name: 'handle-shared-by-lanes',
    what: 'many lanes write by one handle at the same time, so that one can be acknowledged by a handle on which another has failed',
    file: 'shard/shard.ts',
    find: 'return this.#turns === undefined ? task() : this.#turns.runExclusive(task);',
    replace: 'return this.#turns === undefined || this.#batches >= 0 ? task() : this.#turns.runExclusive(task);',
    suite: { files: ['test/engine/fence.test.ts'] },
  },
  {
    name: 'sweep-never',
    what: 'no sweep runs at open, and none after it',
    file: 'engine/crossing.ts',
    find: 'for (const sweep of this.#sweeps.values()) sweep.start();',
    replace: '',
    suite: SIMULATION,
  },
  {
    name: 'load-read-across-crash',
    what: 'a store that was fenced keeps its cache when it was opened again',
    file: 'shard/shard.ts',
    find: '      this.#cache.clear();\n      this.#calls.reopened();',
    replace: '      this.#calls.reopened();',
    suite: SIMULATION,
  },
  {
    name: 'delivery-too-large',
    what: 'a delivery brings more than the other store takes in one batch',
    file: 'engine/deliveries.ts',
    find: 'Math.min(DELIVERY_BYTES_MAX, otherShard.store.capabilities.applyBytesMax)',
    replace: 'Math.max(DELIVERY_BYTES_MAX, otherShard.store.capabilities.applyBytesMax)',
    suite: { files: ['test/engine/several-shards.test.ts'], test: 'a tail of large messages' },
  },
  {
    name: 'lost-shard-is-new',
    what: 'an empty store becomes part of a mailring whose other stores hold data',
    file: 'engine/identity.ts',
    find: 'if (lost && !(await this.#has(shard))) {',
    replace: 'if (lost && this.#fresh.length === 0) {',
    suite: { files: ['test/engine/shard-identity.test.ts'] },
  },
  {
    name: 'folder-has-others',
    what: 'databases of other names in the folder are passed over',
    file: 'store/level/shard-folders.ts',
    find: 'if (unknown.length > 0) {',
    replace: 'if (unknown.length > 0 && absent.length === 0) {',
    suite: { files: ['test/engine/shard-identity.test.ts'] },
  },
  {
    name: 'sweep-waits-for-ever',
    what: 'a sweep goes on only when all that it has begun is answered',
    file: 'engine/sweep.ts',
    find: 'const cancel = this.#host.clock.after(SWEEP_PATIENCE_MS, resolve);',
    replace: 'const cancel = this.#host.clock.after(1_000 * SWEEP_PATIENCE_MS, resolve);',
    suite: { files: ['test/engine/sweep.test.ts'] },
  },
  {
    name: 'backlog-forgets-given-up',
    what: 'a send whose caller has given it up leaves the backlog before it is delivered',
    file: 'engine/crossing.ts',
    find: 'delivering = this.#deliveries.deliver(route, seq, release);',
    replace: 'delivering = this.#deliveries.deliver(route, seq);\n        release();',
    suite: { files: ['test/engine/backlog.test.ts'] },
  },
  {
    name: 'backlog-forgets-failed',
    what: 'a delivery that failed leaves the backlog',
    file: 'engine/deliveries.ts',
    find: '    if (counted.length > 0) this.#failed.set(',
    replace: '    for (const { release } of counted) release?.();\n    if (counted.length < 0) this.#failed.set(',
    suite: { files: ['test/engine/backlog.test.ts'] },
  },
  {
    name: 'fork-unseen',
    what: 'a delivery does not compare the message before its own',
    file: 'engine/deliveries.ts',
    find: 'Math.max(conversation.floorSeq + 1, first - 1)',
    replace: 'Math.max(conversation.floorSeq + 1, first)',
    suite: { files: ['test/engine/diverged.test.ts'] },
  },
  {
    name: 'diverged-goes-on',
    what: 'a conversation whose copies disagree takes sends in its home',
    file: 'engine/deliveries.ts',
    find: 'this.#diverged.get(conversationId) ?? otherShard',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a text of the source.
    replace: 'this.#diverged.get(`${conversationId}.`) ?? otherShard',
    suite: { files: ['test/engine/diverged.test.ts'] },
  },
];
