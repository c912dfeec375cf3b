import { HOME, OTHER, type Side } from './mailbox-table.js';

/**
 * One state of the search. Mailbox contents, caches, commits and lists of messages are numbers in the planner's tables, so a state is a few dozen small integers.
 * Steps change a copy.
 */
export interface State {
  /** What the store holds: of the home, of the other mailbox. */
  readonly mailboxes: [number, number];
  /** Names of the home's marks that stand in the store, ascending: the base, or 0 for the conversation's. */
  marks: readonly number[];
  readonly processes: Process[];
  /** Commits that nobody waits for any more and that may still reach the store. */
  late: readonly LateCommit[];
  /** By message. */
  readonly clients: Client[];
  crashes: number;
  unknowns: number;
  sweeps: number;
}

/** A process: what it knows and does of each mailbox, and its sends and sweeps. */
export interface Process {
  readonly lanes: [Lane, Lane];
  /** What a planted bug keeps beside the caches; 0: nothing. */
  kept: number;
  tasks: readonly Task[];
}

/** What commits one mailbox in a process: its cache (0: cold), and the commit that is under way (0: none). */
export interface Lane {
  cache: number;
  commit: number;
  stage: Stage;
}

/**
 * `issued`: it may reach the store at any time. `clearing`: it is applied, and the store still has to take its marks away. `applied`, `refused`: the store has answered,
 * the process has not heard it.
 */
const STAGES = ['none', 'issued', 'clearing', 'applied', 'refused'] as const;
export type Stage = (typeof STAGES)[number];
const STAGE_CODES = codesOf(STAGES);

export interface LateCommit {
  readonly commit: number;
  readonly stage: 'issued' | 'clearing';
}

/** How often a message was sent, and the seq it was acknowledged with; 0: never. */
export interface Client {
  tries: number;
  seq: number;
}

/**
 * Where a task stands. A send goes home → (commit) → deliver → copy → (commit) and is acknowledged; a sweep goes look → deliver → copy → (commit) → end → (commit), or to
 * touch or clear. `…-wait`: it is part of the commit under way in that lane.
 */
const PHASES = ['home', 'home-wait', 'set-mark', 'deliver', 'tail', 'copy', 'copy-wait', 'look', 'end', 'end-wait', 'touch', 'touch-wait', 'clear'] as const;
export type Phase = (typeof PHASES)[number];
const PHASE_CODES = codesOf(PHASES);

export interface Task {
  readonly kind: 'send' | 'sweep';
  phase: Phase;
  /** Of a send. */
  readonly message: number;
  /** Of a sweep: the mark's name. Of a send with the bug `pending-after`: the name, plus one, that it still has to set. */
  mark: number;
  /** Seq up to which the other mailbox has to hold the conversation. */
  seq: number;
  /** First seq of the delivery that is being made. */
  first: number;
  /** What was read from the home for it. */
  messages: number;
  /** Planted bugs: it was planned before, and looks no ids up. */
  replanned: 0 | 1;
}

export function newTask(kind: Task['kind'], message: number, mark: number): Task {
  return { kind, phase: kind === 'send' ? 'home' : 'look', message, mark, seq: 0, first: 0, messages: 0, replanned: 0 };
}

export const idleLane = (): Lane => ({ cache: 0, commit: 0, stage: 'none' });

/** A process that has started just now. */
export const newProcess = (): Process => ({ lanes: [idleLane(), idleLane()], kept: 0, tasks: [] });

export function endTask(process: Process, task: Task): void {
  process.tasks = process.tasks.filter((other) => other !== task);
}

export const withMarks = (marks: readonly number[], names: readonly number[]): readonly number[] => [...new Set([...marks, ...names])].sort((a, b) => a - b);

export const withoutMarks = (marks: readonly number[], names: readonly number[]): readonly number[] => marks.filter((mark) => !names.includes(mark));

/** Which lane plans a task of this phase; `undefined` where it needs none. */
export function laneOf(phase: Phase): Side | undefined {
  if (phase === 'home' || phase === 'end' || phase === 'touch') return HOME;
  return phase === 'copy' ? OTHER : undefined;
}

/** Which lane's commit a task of this phase is part of. */
export function waitsFor(phase: Phase): Side | undefined {
  if (phase === 'home-wait' || phase === 'end-wait' || phase === 'touch-wait') return HOME;
  return phase === 'copy-wait' ? OTHER : undefined;
}

export function copyState(state: State): State {
  const { mailboxes, processes, clients } = state;
  return {
    ...state,
    mailboxes: [mailboxes[0], mailboxes[1]],
    processes: processes.map(({ lanes, kept, tasks }) => ({ lanes: [{ ...lanes[0] }, { ...lanes[1] }], kept, tasks: tasks.map((task) => ({ ...task })) })),
    clients: clients.map((client) => ({ ...client })),
  };
}

/** A state as a string: equal for equal states, one character a number. `symmetric`: also for states that differ only in the names of processes and tasks. */
export function encodeState(state: State, symmetric: boolean): string {
  const { mailboxes, marks, clients, late } = state;
  const numbers = [mailboxes[0], mailboxes[1], state.crashes, state.unknowns, state.sweeps, marks.length, ...marks];
  for (const { tries, seq } of clients) numbers.push(tries, seq);
  numbers.push(late.length);
  for (const { commit, stage } of late.length > 1 ? late.toSorted((a, b) => a.commit - b.commit) : late) numbers.push(commit, STAGE_CODES[stage]);
  const processes = state.processes.map((process) => encodeProcess(process, symmetric));
  if (symmetric) processes.sort();
  return String.fromCharCode.apply(null, numbers) + processes.join('');
}

function encodeProcess({ lanes: [home, other], kept, tasks }: Process, symmetric: boolean): string {
  const lanes = String.fromCharCode(home.cache, home.commit, STAGE_CODES[home.stage], other.cache, other.commit, STAGE_CODES[other.stage], kept, tasks.length);
  if (tasks.length === 0) return lanes;
  const texts = tasks.map(({ kind, phase, message, mark, seq, first, messages, replanned }) =>
    String.fromCharCode(kind === 'send' ? 0 : 1, PHASE_CODES[phase], message, mark, seq, first, messages, replanned),
  );
  if (symmetric && texts.length > 1) texts.sort();
  return lanes + texts.join('');
}

/** Reads a state back; `processes` and `clients` are how many it has. */
export function decodeState(text: string, processes: number, clients: number): State {
  let at = 0;
  const next = () => text.charCodeAt(at++);
  const times = <T>(count: number, read: () => T): T[] => {
    const found: T[] = [];
    for (let i = 0; i < count; i++) found.push(read());
    return found;
  };
  const mailboxes: [number, number] = [next(), next()];
  const [crashes, unknowns, sweeps] = [next(), next(), next()];
  const lane = (): Lane => ({ cache: next(), commit: next(), stage: STAGES[next()]! });
  return {
    mailboxes,
    crashes,
    unknowns,
    sweeps,
    marks: times(next(), next),
    clients: times(clients, () => ({ tries: next(), seq: next() })),
    late: times(next(), () => ({ commit: next(), stage: STAGES[next()] as LateCommit['stage'] })),
    processes: times(processes, () => ({
      lanes: [lane(), lane()],
      kept: next(),
      tasks: times(next(), () => ({
        kind: next() === 0 ? 'send' : 'sweep',
        phase: PHASES[next()]!,
        message: next(),
        mark: next(),
        seq: next(),
        first: next(),
        messages: next(),
        replanned: next() as 0 | 1,
      })),
    })),
  };
}

function codesOf<T extends string>(names: readonly T[]): Readonly<Record<T, number>> {
  return Object.fromEntries(names.map((name, code) => [name, code])) as Record<T, number>;
}
