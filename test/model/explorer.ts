import type { Configuration } from './configuration.js';
import { Fingerprints } from './fingerprints.js';
import { Invariants } from './invariants.js';
import { HOME, OTHER, Violation } from './mailbox-table.js';
import { Planner } from './planner.js';
import { showState } from './show-state.js';
import { decodeState, encodeState, newProcess, type State } from './state.js';
import { Steps } from './steps.js';
import { StoreSteps } from './store-steps.js';

/** What a search found. */
export interface Result {
  readonly states: number;
  readonly steps: number;
  /** Steps from the first state to the last one that was looked at. */
  readonly depth: number;
  /** Contents of the store from which sweeps alone were shown to heal everything. */
  readonly healed: number;
  /** Absent where nothing is wrong. */
  readonly violation?: string;
  /** The shortest way there: one line a step. */
  readonly trace?: readonly string[];
  /** The search ended at its bound; what it has not looked at is unknown. */
  readonly incomplete?: true;
}

export interface SearchLimits {
  readonly statesMax?: number;
  /** Asked now and then whether to go on. */
  readonly goOn?: () => boolean;
}

/** Looks at every state that can be reached, the nearest ones first, each once. */
export function explore(configuration: Configuration, { statesMax = Number.POSITIVE_INFINITY, goOn = () => true }: SearchLimits = {}): Result {
  const search = new Search(configuration);
  return search.run(statesMax, goOn);
}

class Search {
  readonly #configuration: Configuration;
  readonly #planner: Planner;
  readonly #steps: Steps;
  readonly #invariants: Invariants;
  readonly #symmetric: boolean;
  readonly #first: string;
  /** States that are not looked at so far, encoded; those before `#at` are forgotten. */
  #queue: string[] = [];
  /** For each state the one it was reached from, and by which of its steps. */
  #parents = new Int32Array(1 << 16);
  #branches = new Uint8Array(1 << 16);
  readonly #seen = new Fingerprints();
  #states = 0;
  #taken = 0;

  constructor(configuration: Configuration) {
    this.#configuration = configuration;
    this.#planner = new Planner(configuration);
    const store = new StoreSteps(this.#planner, configuration);
    this.#steps = new Steps(this.#planner, configuration, store);
    this.#invariants = new Invariants(this.#planner, configuration, this.#steps);
    // Processes and tasks are interchangeable; with a bug they keep their names, so that a trace reads well.
    this.#symmetric = configuration.bug === undefined;
    this.#first = encodeState(this.#firstState(), this.#symmetric);
  }

  run(statesMax: number, goOn: () => boolean): Result {
    this.#add(this.#first, -1, 0);
    let [head, depth, depthEnd, offset] = [0, 0, 1, 0];
    const done = (extra: Partial<Result> = {}): Result => ({ states: this.#states, steps: this.#taken, depth, healed: this.#invariants.healed, ...extra });
    for (; head < this.#states; head++) {
      if (head === depthEnd) [depth, depthEnd] = [depth + 1, this.#states];
      if (head - offset > 1 << 16) {
        this.#queue = this.#queue.slice(head - offset);
        offset = head;
      }
      const violation = this.#expand(this.#queue[head - offset]!, head);
      if (violation !== undefined) return done({ ...violation, depth: depth + 1 });
      if (this.#states >= statesMax || ((head & 0x3ff) === 0 && !goOn())) return done({ incomplete: true });
    }
    return done();
  }

  #expand(encoded: string, index: number): Pick<Result, 'violation' | 'trace'> | undefined {
    const state = this.#decode(encoded);
    let branch = 0;
    try {
      this.#steps.all(state, (next) => {
        this.#taken++;
        if (this.#add(encodeState(next, this.#symmetric), index, branch)) this.#invariants.check(next);
        branch++;
      });
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      return { violation: error.message, trace: this.#trace(index, branch) };
    }
    return undefined;
  }

  #add(encoded: string, parent: number, branch: number): boolean {
    if (!this.#seen.add(encoded)) return false;
    if (this.#states === this.#parents.length) {
      this.#parents = grown(this.#parents, new Int32Array(2 * this.#states));
      this.#branches = grown(this.#branches, new Uint8Array(2 * this.#states));
    }
    this.#parents[this.#states] = parent;
    this.#branches[this.#states++] = branch;
    this.#queue.push(encoded);
    return true;
  }

  /** Takes the steps to a state again, in words; `last` is the step that violates, which may give no state. */
  #trace(index: number, last: number): string[] {
    const way = [last];
    for (let i = index; i > 0; i = this.#parents[i]!) way.unshift(this.#branches[i]!);
    const lines: string[] = [];
    let state = this.#decode(this.#first);
    for (const wanted of way) {
      const found: { next: State; line: string }[] = [];
      try {
        this.#steps.all(state, (next, what, p) => found.push({ next, line: `${p === undefined ? '' : `p${p} `}${what}` }));
      } catch (error) {
        if (!(error instanceof Violation)) throw error;
      }
      const step = found[wanted];
      if (step === undefined) {
        lines.push('the next step violates');
        break;
      }
      state = this.#decode(encodeState(step.next, this.#symmetric));
      lines.push(`${step.line.padEnd(74)} ${showState(this.#planner, state)}`);
    }
    return lines;
  }

  #decode(encoded: string): State {
    return decodeState(encoded, this.#configuration.owners, this.#configuration.messages.length);
  }

  #firstState(): State {
    const { owners, messages, crashes, unknowns, sweeps } = this.#configuration;
    return {
      mailboxes: [this.#planner.mailboxes.empty(HOME).id, this.#planner.mailboxes.empty(OTHER).id],
      marks: [],
      processes: Array.from({ length: owners }, newProcess),
      late: [],
      clients: messages.map(() => ({ tries: 0, seq: 0 })),
      crashes,
      unknowns,
      sweeps,
    };
  }
}

function grown<T extends Int32Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
