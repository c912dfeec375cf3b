import { bugOf } from './bugs.js';
import type { Cache } from './cache-table.js';
import type { Configuration } from './configuration.js';
import { HOME, type Mailbox, NAMES, OTHER, type Side, Violation } from './mailbox-table.js';
import type { Planner, Request } from './planner.js';
import { copyState, endTask, laneOf, newProcess, newTask, type Process, type State, type Task, withMarks, withoutMarks } from './state.js';
import type { Emit, StoreSteps } from './store-steps.js';

/** What processes, clients and crashes can do next. What the store does is in store-steps. */
export class Steps {
  readonly #planner: Planner;
  readonly #configuration: Configuration;
  readonly #store: StoreSteps;
  readonly #has: ReturnType<typeof bugOf>;

  constructor(planner: Planner, configuration: Configuration, store: StoreSteps) {
    this.#planner = planner;
    this.#configuration = configuration;
    this.#store = store;
    this.#has = bugOf(configuration);
  }

  /** Everything that can happen next. `healing`: no client, no crash, no fault any more, and no new sweep. */
  all(state: State, emit: Emit, healing = false): void {
    for (const [p, process] of state.processes.entries()) {
      for (const k of process.tasks.keys()) this.#task(state, p, k, emit);
      for (const side of [HOME, OTHER] as const) {
        this.#batch(state, p, side, emit);
        this.#store.lane(state, p, side, emit, healing);
      }
      if (healing) continue;
      this.#begin(state, p, emit);
      if (state.crashes > 0) this.#crash(state, p, emit);
    }
    if (!healing) this.#store.late(state, emit);
  }

  /** A sweep finds a mark. */
  sweep(state: State, p: number, emit: Emit): void {
    for (const mark of state.marks)
      this.#step(state, p, emit, `a sweep finds the mark ${mark}`, (next) => begin(next.processes[p]!, newTask('sweep', 0, mark)));
  }

  #begin(state: State, p: number, emit: Emit): void {
    if (state.processes[p]!.tasks.length >= this.#configuration.tasks) return;
    for (const [m, { tries }] of state.clients.entries()) {
      if (tries >= this.#configuration.tries) continue;
      this.#step(state, p, emit, `a client sends message ${m + 1}, try ${tries + 1}`, (next) => {
        next.clients[m]!.tries++;
        begin(next.processes[p]!, newTask('send', m, 0));
      });
    }
    if (state.sweeps > 0) {
      this.sweep(state, p, (next, what) => {
        next.sweeps--;
        emit(next, what, p);
      });
    }
  }

  /** Everything in memory is gone. What was given to the store may still be executed, where others can still write. */
  #crash(state: State, p: number, emit: Emit): void {
    const { tasks, lanes } = state.processes[p]!;
    if (tasks.length === 0 && lanes.every(({ cache }) => cache === 0)) return;
    this.#step(state, p, emit, 'crashes and starts again', (next) => {
      next.crashes--;
      for (const side of [HOME, OTHER] as const) this.#store.abandon(next, p, side);
      for (const { phase, mark } of tasks) if (phase === 'clear') this.#store.abandonClearing(next, mark);
      next.processes[p] = newProcess();
    });
  }

  /** What a task can do that needs no lane. */
  #task(state: State, p: number, k: number, emit: Emit): void {
    const { phase, kind, seq, mark } = state.processes[p]!.tasks[k]!;
    const step = (what: string, change: (next: State, task: Task) => void) =>
      this.#step(state, p, emit, what, (next) => change(next, next.processes[p]!.tasks[k]!));
    if (phase === 'deliver') {
      // One delivery of a conversation is under way at a time in a process.
      if (state.processes[p]!.tasks.some((other) => other.phase === 'tail' || other.phase === 'copy' || other.phase === 'copy-wait')) return;
      if (this.#has('delivered-remembered') && seq <= state.processes[p]!.kept)
        step('remembers that it was delivered', (next, task) => this.#store.delivered(next, p, task));
      else step(`reads seq ${seq} from the home, to deliver it`, (next, task) => this.#tail(next, p, { ...task, first: seq }, k));
    } else if (phase === 'tail') {
      step('reads the tail that the other mailbox lacks', (next, task) => this.#tail(next, p, task, k));
    } else if (phase === 'look') {
      step('the sweep looks at the home', (next, task) => this.#look(next, p, task, k));
    } else if (phase === 'clear') {
      step(`the sweep takes the mark ${mark} away`, (next, task) => {
        next.marks = withoutMarks(next.marks, [mark]);
        endTask(next.processes[p]!, task);
      });
    } else if (phase === 'set-mark') {
      step(`${kind} sets its mark`, (next, task) => {
        next.marks = withMarks(next.marks, [task.mark - 1]);
        task.mark = 0;
        task.phase = 'deliver';
      });
    }
  }

  /** `Deliveries`, reading: the home's messages from the first to the last one wanted. */
  #tail(next: State, p: number, task: Task, k: number): void {
    const answer = this.#readHome(next, p, (cache, now) => this.#planner.ask(cache, now, { kind: 'messages', first: task.first, last: task.seq }));
    replace(next.processes[p]!, k, { ...task, messages: answer.messages, phase: 'copy' });
  }

  /** `Sweep`, reading: what the home says of a mark. */
  #look(next: State, p: number, task: Task, k: number): void {
    const { mark } = task;
    const byBase = this.#configuration.marksBy === 'base';
    const answer = this.#readHome(next, p, (cache, now) => this.#planner.ask(cache, now, byBase ? { kind: 'base', base: mark } : { kind: 'last' }));
    let phase: Task['phase'] = answer.last > 0 && !this.#has('tidy-first') ? 'deliver' : 'end';
    if (answer.base === 'dead' || (answer.base === 'slow' && this.#has('sweep-no-touch'))) phase = 'clear';
    else if (answer.base === 'slow') phase = 'touch';
    replace(next.processes[p]!, k, { ...task, seq: answer.last, phase });
  }

  /** `Shard.read`: validates what is in memory, or loads, and answers from one version. */
  #readHome<T extends { readonly cache: number }>(next: State, p: number, ask: (cache: Cache, now: Mailbox) => T | 'stale'): T {
    const lane = next.processes[p]!.lanes[HOME];
    const now = this.#planner.mailboxes.at(next.mailboxes[HOME]);
    const { caches } = this.#planner;
    const certain = this.#configuration.owners === 1 || this.#has('no-validation');
    if (lane.cache === 0 || (!certain && caches.at(lane.cache).mailbox.version !== now.version)) lane.cache = caches.fresh(now).id;
    let answer = ask(caches.at(lane.cache), now);
    if (answer === 'stale') answer = ask(caches.fresh(now), now);
    if (answer === 'stale') throw new Violation('a read of what was loaded just now finds it behind');
    lane.cache = answer.cache;
    return answer;
  }

  /** `Lane`: loads, or plans what is ready, alone or together. One commit is under way at a time. */
  #batch(state: State, p: number, side: Side, emit: Emit): void {
    const { lanes, tasks } = state.processes[p]!;
    if (lanes[side].commit !== 0 || tasks.length === 0) return;
    const ready = tasks.flatMap(({ phase }, k) => (laneOf(phase) === side ? [k] : []));
    if (ready.length === 0) return;
    if (lanes[side].cache === 0 && this.#configuration.splitLoads) {
      const cache = this.#planner.caches.fresh(this.#planner.mailboxes.at(state.mailboxes[side])).id;
      this.#step(state, p, emit, `loads ${NAMES[side]}`, (next) => {
        next.processes[p]!.lanes[side].cache = cache;
      });
      return;
    }
    if (lanes[side].cache === 0 && this.#has('quorum-load')) {
      for (const { lanes: others } of state.processes) {
        // Its commit is in the store, and two of three replicas have not heard of it.
        const { stage, cache } = others[side];
        if (stage === 'applied' && cache !== 0) this.#plan(state, p, side, ready.slice(0, 1), emit, this.#planner.caches.at(cache).mailbox);
      }
    }
    for (const k of ready) this.#plan(state, p, side, [k], emit);
    // In either order: what finishes accepted work goes before new sends, but sends of a refused batch stay in front of what came meanwhile.
    if (ready.length > 1) for (const order of [ready, ready.toReversed()]) this.#plan(state, p, side, order, emit);
  }

  /** `olderRows`: of a planted bug, what it reads instead of what is there now. */
  #plan(state: State, p: number, side: Side, ks: readonly number[], emit: Emit, olderRows?: Mailbox): void {
    const { lanes, kept, tasks } = state.processes[p]!;
    const now = this.#planner.mailboxes.at(state.mailboxes[side]);
    const held = lanes[side].cache === 0 ? this.#planner.caches.fresh(now) : this.#planner.caches.at(lanes[side].cache);
    const headLast = this.#has('rows-before-head') && held.conversation === undefined;
    const cache = headLast ? this.#planner.caches.fresh(now) : held;
    const planned = this.#planner.plan(
      cache,
      olderRows ?? (headLast ? held.mailbox : now),
      ks.map((k) => this.#requestOf(tasks[k]!, cache.mailbox, kept)),
    );
    const what = `plans ${ks.map((k) => `${tasks[k]!.kind}: ${tasks[k]!.phase}`).join(', ')} in ${NAMES[side]}`;
    this.#step(state, p, emit, planned === 'stale' ? `${what}: finds its cache behind` : what, (next) => {
      const lane = next.processes[p]!.lanes[side];
      if (planned === 'stale') {
        lane.cache = 0;
        return;
      }
      const planning = ks.map((k) => next.processes[p]!.tasks[k]!);
      lane.cache = planned.cache;
      for (const [i, task] of planning.entries()) if (task.phase === 'home') task.seq = planned.seqs[i]!;
      this.#keep(next.processes[p]!, planning);
      if (planned.commit !== undefined) this.#store.issue(next, p, side, planned.commit, planning);
      else for (const [i, task] of planning.entries()) this.#store.answered(next, p, task, planned.seqs[i]!);
    });
  }

  /** What planted bugs keep: how far they have sent copies, or, plus one, which message of the home's owner has the greatest id. */
  #keep(process: Process, planning: readonly Task[]): void {
    for (const { phase, seq, message } of planning) {
      if (this.#has('delivered-remembered') && phase === 'copy') process.kept = Math.max(process.kept, seq);
      if (!this.#has('shortcut-not-reset-on-reload') || phase !== 'home') continue;
      const greatest = this.#configuration.messages[process.kept - 1]?.id ?? '';
      if (this.#configuration.messages[message]!.id > greatest) process.kept = message + 1;
    }
  }

  #requestOf(task: Task, home: Mailbox, kept: number): Request {
    if (task.phase === 'home') {
      const greatest = this.#has('shortcut-not-reset-on-reload') ? this.#configuration.messages[kept - 1]?.id : undefined;
      return { kind: 'send', message: task.message, lookUp: task.replanned === 0, ...(greatest !== undefined && { greatest }) };
    }
    if (task.phase === 'copy') return { kind: 'copy', messages: task.messages };
    if (task.phase === 'touch') return { kind: 'touch' };
    const held = this.#has('tidy-unchecked') ? home.messages.length : task.seq;
    return this.#configuration.marksBy === 'base' ? { kind: 'base-end', base: task.mark, held } : { kind: 'mark-end', held };
  }

  #step(state: State, p: number, emit: Emit, what: string, change: (next: State) => void): void {
    const next = copyState(state);
    change(next);
    emit(next, what, p);
  }
}

function begin(process: Process, task: Task): void {
  process.tasks = [...process.tasks, task];
}

function replace(process: Process, k: number, task: Task): void {
  process.tasks = process.tasks.map((other, i) => (i === k ? task : other));
}
