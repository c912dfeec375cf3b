import type { PlantedBug } from './planted-bug.js';

/** Judged by what callers see and by what is there after healing, seed by seed. */
const SIMULATION = { files: ['test/simulation/judge.test.ts'] };

/** Bugs in marks, and in the sweeps that find undelivered messages by them. */
export const MARK_BUGS: readonly PlantedBug[] = [
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
    suite: { files: ['test/planted/base-mark.test.ts'] },
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
    name: 'sweep-never',
    what: 'no sweep runs at open, and none after it',
    file: 'engine/crossing.ts',
    find: 'for (const sweep of this.#sweeps.values()) sweep.start();',
    replace: '',
    suite: SIMULATION,
  },
  {
    name: 'sweep-waits-for-ever',
    what: 'a sweep goes on only when all that it has begun is answered',
    file: 'engine/sweep.ts',
    find: 'const cancel = this.#host.clock.after(SWEEP_PATIENCE_MS, resolve);',
    replace: 'const cancel = this.#host.clock.after(1_000 * SWEEP_PATIENCE_MS, resolve);',
    suite: { files: ['test/engine/sweep.test.ts'] },
  },
];
