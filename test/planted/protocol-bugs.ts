import type { PlantedBug } from './planted-bug.js';

/** Judged by what callers see and by what is there after healing, seed by seed. */
const SIMULATION = { files: ['test/simulation/judge.test.ts'] };

/**
 * Bugs in what goes on between two owners of a mailbox, and when one of them comes back after a crash. Two are faults of a store, planted in the
 * simulated one: `unconditional-write` and `quorum-load`. Not here, of the model's: what deletion, restore and trimming can show.
 */
export const PROTOCOL_BUGS: readonly PlantedBug[] = [
  {
    name: 'no-validation',
    what: 'what is in memory is served without validating its version',
    file: 'shard/shard.ts',
    find: 'if (!this.store.capabilities.exclusive) await this.#loader.validate(slot);',
    replace: 'if (!this.store.capabilities.exclusive && slot.state === undefined) await this.#loader.validate(slot);',
    suite: SIMULATION,
  },
  {
    name: 'joined-validation',
    what: 'a read joins a validation that was begun before it',
    file: 'shard/mailbox-loader.ts',
    find: '    const version = await this.#ask((store) => store.validate(slot.partition));',
    replace: `    const joined = validations.get(slot) ?? this.#ask((store) => store.validate(slot.partition)).finally(() => validations.delete(slot));
    validations.set(slot, joined);
    const version = await joined;`,
    also: [['/** Brings mailboxes into', 'const validations = new WeakMap<MailboxSlot, Promise<number>>();\n\n/** Brings mailboxes into']],
    suite: { files: ['test/engine/two-owners.test.ts'] },
  },
  {
    name: 'joined-load',
    what: 'a read takes the answer of a load that was begun before it',
    file: 'shard/mailbox-loader.ts',
    find: 'if (slot.state === undefined && slot.loading === undefined) return this.load(slot);',
    replace: 'if (slot.state === undefined) return this.load(slot);',
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
    find: 'Math.max(state.version, state.begunAfter) + Math.max(this.#changes.length, 1)',
    replace: 'Math.max(state.version, state.begunAfter) + this.#changes.length',
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
    name: 'load-read-across-crash',
    what: 'a store that was fenced keeps its cache when it was opened again',
    file: 'shard/shard.ts',
    find: '      this.#cache.clear();\n      this.#calls.reopened();',
    replace: '      this.#calls.reopened();',
    suite: SIMULATION,
  },
];
