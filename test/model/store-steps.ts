import { bugOf } from './bugs.js';
import type { Configuration } from './configuration.js';
import { type Mailbox, NAMES, type Side, Violation } from './mailbox-table.js';
import type { Commit, Planner } from './planner.js';
import { copyState, endTask, type LateCommit, type Stage, type State, type Task, waitsFor, withMarks, withoutMarks } from './state.js';

/** Takes a state that can follow, and what happened. `process` is absent where none has a part in it. */
export type Emit = (next: State, what: string, process?: number) => void;

/**
 * What a commit can meet. It is issued, executed and answered in separate steps; instead of the answer its process may learn that the outcome is not known, before or after it was
 * executed. What nobody waits for any more is executed at any later time, or never.
 */
export class StoreSteps {
  readonly #planner: Planner;
  readonly #configuration: Configuration;
  readonly #has: ReturnType<typeof bugOf>;

  constructor(planner: Planner, configuration: Configuration) {
    this.#planner = planner;
    this.#configuration = configuration;
    this.#has = bugOf(configuration);
  }

  /** A process gives a batch to the store. A store that keeps marks apart has set them before it can execute the commit: nothing tells that time from one before. */
  issue(next: State, p: number, side: Side, commit: Commit, tasks: readonly Task[]): void {
    const lane = next.processes[p]!.lanes[side];
    lane.commit = commit.id;
    lane.stage = 'issued';
    if (this.#configuration.marksBy === 'base' && !this.#has('pending-after')) next.marks = withMarks(next.marks, commit.sets);
    if (this.#has('clear-before-commit')) next.marks = withoutMarks(next.marks, commit.clears);
    if (this.#has('cache-before-ack')) lane.cache = commit.cache;
    for (const task of tasks) {
      if (this.#has('pending-after') && task.phase === 'home' && commit.sets.length > 0) task.mark = commit.sets[0]! + 1;
      task.phase = `${task.phase as 'home' | 'copy' | 'end' | 'touch'}-wait`;
    }
  }

  /** What can become of the commit that a process has under way. */
  lane(state: State, p: number, side: Side, emit: Emit, healing: boolean): void {
    const { commit: id, stage } = state.processes[p]!.lanes[side];
    if (id === 0) return;
    const commit = this.#planner.commit(id);
    const step = (what: string, change: (next: State) => void) => {
      const next = copyState(state);
      change(next);
      emit(next, `${what} ${NAMES[side]}`, p);
    };
    if (stage === 'issued' || stage === 'clearing') {
      step(stage === 'issued' ? 'the store executes the commit of' : 'the store takes away the marks of', (next) => {
        next.processes[p]!.lanes[side].stage = this.#execute(next, commit, stage);
      });
    } else step(`is told: ${stage},`, (next) => (stage === 'applied' ? this.#applied(next, p, side, commit) : this.#again(next, p, side, true)));
    if (state.unknowns === 0 || healing) return;
    const when = stage === 'issued' ? 'not executed so far' : stage;
    const unknown = (what: string, change: (next: State) => void) =>
      step(`does not learn the outcome (${when})${what} in`, (next) => {
        next.unknowns--;
        if (this.#has('unknown-is-applied') || (this.#has('version-means-mine') && this.#storedVersion(next, side) === commit.write?.version)) {
          this.#applied(next, p, side, commit);
          return;
        }
        this.abandon(next, p, side);
        change(next);
      });
    if (this.#configuration.owners === 1) {
      unknown(', and is fenced', (next) => this.#giveUp(next, p, side, true));
      return;
    }
    unknown('', (next) => this.#again(next, p, side, false));
    if (this.#configuration.givesUp) unknown(', and gives up', (next) => this.#giveUp(next, p, side, false));
  }

  /** What nobody waits for reaches the store. */
  late(state: State, emit: Emit): void {
    for (const [i, { commit: id, stage }] of state.late.entries()) {
      const commit = this.#planner.commit(id);
      const next = copyState(state);
      next.late = state.late.filter((_, j) => j !== i);
      const after = this.#execute(next, commit, stage);
      if (after === 'clearing') next.late = [...next.late, { commit: id, stage: after }];
      emit(next, stage === 'issued' ? `a late commit of ${NAMES[commit.side]} is executed` : 'a mark is taken away late');
    }
    if (!this.#has('pending-expires')) return;
    for (const mark of state.marks) emit({ ...copyState(state), marks: withoutMarks(state.marks, [mark]) }, `the mark ${mark} expires`);
  }

  /** A process no longer waits for its commit. Where nobody else can write the store, what was not executed never will be. */
  abandon(next: State, p: number, side: Side): void {
    const { commit, stage } = next.processes[p]!.lanes[side];
    if (this.#configuration.owners === 2 && (stage === 'issued' || stage === 'clearing')) this.#setLate(next, [...next.late, { commit, stage }]);
  }

  /** The same for the taking away of a mark. */
  abandonClearing(next: State, mark: number): void {
    if (this.#configuration.owners === 2) this.#setLate(next, [...next.late, { commit: this.#planner.clearing(mark).id, stage: 'clearing' }]);
  }

  /** A request of a lane is answered: by its plan alone where there was nothing to commit. `seq`: the plan's. */
  answered(next: State, p: number, task: Task, seq: number): void {
    if (task.phase === 'home') {
      if (this.#has('dup-acks-undelivered')) this.#acknowledge(next, p, task);
      else task.phase = 'deliver';
    } else if (task.phase !== 'copy') {
      this.#ended(next, p, task);
    } else if (seq >= task.first - 1 || this.#has('gap-is-delivered')) {
      this.delivered(next, p, task);
    } else {
      task.first = seq + 1;
      task.messages = 0;
      task.phase = 'tail';
    }
  }

  #storedVersion(next: State, side: Side): number {
    return this.#planner.mailboxes.at(next.mailboxes[side]).version;
  }

  /** The store: compare-and-set, then what stage the commit is in. */
  #execute(next: State, commit: Commit, stage: LateCommit['stage']): Stage {
    const atomic = this.#configuration.marksBy === 'conversation';
    if (stage === 'clearing' || commit.write === undefined) {
      next.marks = withoutMarks(next.marks, commit.clears);
      return 'applied';
    }
    const before = this.#planner.mailboxes.at(next.mailboxes[commit.side]);
    if (before.version !== commit.write.expectVersion && !this.#has('unconditional-write')) return 'refused';
    const after = this.#planner.mailboxes.afterCommit(before, commit.id, commit.write);
    insistOnNumbers(before, after);
    next.mailboxes[commit.side] = after.id;
    this.#setLate(next, next.late);
    if (!atomic) return commit.clears.length > 0 ? 'clearing' : 'applied';
    next.marks = withoutMarks(this.#has('pending-after') ? next.marks : withMarks(next.marks, commit.sets), commit.clears);
    return 'applied';
  }

  /** Leaves out what can never be executed any more: versions do not come again. */
  #setLate(next: State, late: readonly LateCommit[]): void {
    next.late = late.filter(({ commit: id, stage }) => {
      const { side, write } = this.#planner.commit(id);
      return stage === 'clearing' || this.#has('unconditional-write') || this.#storedVersion(next, side) === write?.expectVersion;
    });
  }

  /** `Lane`: brings the commit into the cache it was planned on, then answers. */
  #applied(next: State, p: number, side: Side, commit: Commit): void {
    const lane = next.processes[p]!.lanes[side];
    const { caches } = this.#planner;
    if (lane.cache !== 0 && caches.at(lane.cache).mailbox.version === commit.write?.expectVersion) lane.cache = commit.cache;
    lane.commit = 0;
    lane.stage = 'none';
    for (const task of next.processes[p]!.tasks) {
      if (waitsFor(task.phase) !== side) continue;
      if (task.phase === 'home-wait') this.#committed(next, p, task);
      else if (task.phase === 'copy-wait') this.delivered(next, p, task);
      else this.#ended(next, p, task);
    }
  }

  #committed(next: State, p: number, task: Task): void {
    if (this.#has('ack-before-copy')) this.#acknowledge(next, p, task);
    else task.phase = this.#has('pending-after') && task.mark > 0 ? 'set-mark' : 'deliver';
  }

  /** The other mailbox is taken to hold what a task brings. */
  delivered(next: State, p: number, task: Task): void {
    if (task.kind === 'send') this.#acknowledge(next, p, task);
    else if (this.#has('tidy-first')) endTask(next.processes[p]!, task);
    else {
      task.phase = 'end';
      task.first = task.messages = 0;
    }
  }

  #ended(next: State, p: number, task: Task): void {
    if (this.#has('tidy-first') && task.seq > 0 && task.phase !== 'touch-wait') task.phase = 'deliver';
    else endTask(next.processes[p]!, task);
  }

  #acknowledge(next: State, p: number, task: Task): void {
    const client = next.clients[task.message]!;
    if (client.seq !== 0 && client.seq !== task.seq)
      throw new Violation(`message ${task.message + 1} was acknowledged as seq ${client.seq}, and now as seq ${task.seq}`);
    client.seq = task.seq;
    endTask(next.processes[p]!, task);
  }

  /** Any answer but applied: drops the cache, and plans everything again from the beginning. */
  #again(next: State, p: number, side: Side, refused: boolean): void {
    const { lanes, tasks } = next.processes[p]!;
    lanes[side] = { cache: this.#has('cache-before-ack') ? lanes[side].cache : 0, commit: 0, stage: 'none' };
    let first = true;
    for (const task of tasks) {
      if (waitsFor(task.phase) !== side) continue;
      if (this.#has('group-keeps-seq') && task.phase === 'home-wait' && !first) {
        task.phase = 'deliver';
        continue;
      }
      first = false;
      if (this.#has('refused-means-delivered') && refused && task.phase === 'copy-wait') {
        this.delivered(next, p, task);
        continue;
      }
      task.phase = task.phase.slice(0, -'-wait'.length) as Task['phase'];
      if (task.phase === 'home') task.seq = 0;
      if (task.phase === 'home' && (this.#has('dedupe-only-first-plan') || (refused && this.#has('refused-means-absent')))) task.replanned = 1;
    }
  }

  /** The callers are told that the outcome is not known. */
  #giveUp(next: State, p: number, side: Side, fenced: boolean): void {
    const { lanes, tasks } = next.processes[p]!;
    lanes[side] = { cache: fenced ? 0 : lanes[side].cache, commit: 0, stage: 'none' };
    next.processes[p]!.tasks = tasks.filter(({ phase }) => waitsFor(phase) !== side);
  }
}

/** Versions only increase, and what is new has a number above every version that anybody was told: or a delta would miss it. */
function insistOnNumbers(before: Mailbox, after: Mailbox): void {
  if (after.version <= before.version) throw new Violation(`the version of ${NAMES[after.side]} goes from ${before.version} to ${after.version}`);
  const late = after.messages.slice(before.messages.length).find(({ number }) => number <= before.version);
  if (late !== undefined)
    throw new Violation(`a delta misses seq ${late.seq} of ${NAMES[after.side]}: its number is ${late.number}, and the version was ${before.version}`);
}
