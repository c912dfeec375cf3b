import { bugOf } from './bugs.js';
import type { Configuration } from './configuration.js';
import { HOME, type Mailbox, NAMES, nameOf, OTHER, Violation } from './mailbox-table.js';
import type { Planner } from './planner.js';
import { newProcess, type State } from './state.js';
import type { Steps } from './steps.js';

/** Steps after which sweeps alone must have healed everything. */
const HEALING_STEPS_MAX = 500;

/**
 * What must hold in every reachable state. What one mailbox must be by itself is insisted on when its content is first seen (mailbox-table), what a commit may do to it when it
 * is executed (store-steps).
 */
export class Invariants {
  readonly #planner: Planner;
  readonly #configuration: Configuration;
  readonly #steps: Steps;
  /** What the store alone decides is looked at once for each of its contents. */
  readonly #sound = new Set<string>();
  /** Stores that were healed. */
  get healed(): number {
    return this.#sound.size;
  }

  constructor(planner: Planner, configuration: Configuration, steps: Steps) {
    this.#planner = planner;
    this.#configuration = configuration;
    this.#steps = steps;
  }

  /** @throws Violation */
  check(state: State): void {
    const [home, other] = [this.#planner.mailboxes.at(state.mailboxes[HOME]), this.#planner.mailboxes.at(state.mailboxes[OTHER])];
    const store = `${home.id} ${other.id} ${state.marks}`;
    if (!this.#sound.has(store)) {
      samePrefix(home, other);
      this.#tailIsMarked(home, other, state.marks);
      this.#heals(state);
      this.#sound.add(store);
    }
    this.#acknowledged(state, home, 'is not in the home');
    this.#acknowledged(state, other, 'is not in the other mailbox');
    this.#reads(state, [home, other]);
  }

  /** If everything crashed now, a sweep would find what is not delivered. */
  #tailIsMarked(home: Mailbox, other: Mailbox, marks: readonly number[]): void {
    if (home.messages.length === other.messages.length) return;
    const first = home.messages[other.messages.length]!;
    const found =
      this.#configuration.marksBy === 'conversation' ? marks.length > 0 : home.base !== undefined && marks.includes(home.base) && home.base < first.number;
    if (!found) throw new Violation(`no sweep finds the tail from seq ${first.seq} on`);
  }

  #acknowledged(state: State, mailbox: Mailbox, why: string): void {
    for (const [m, { seq }] of state.clients.entries()) {
      if (seq === 0) continue;
      const { from, id } = this.#configuration.messages[m]!;
      const there = mailbox.messages[seq - 1];
      if (there === undefined || nameOf(mailbox.side, there) !== `${from}:${id}`) throw new Violation(`message ${m + 1}, acknowledged as seq ${seq}, ${why}`);
    }
  }

  /** A read that begins now is served from memory where the version is the store's. */
  #reads(state: State, stored: readonly [Mailbox, Mailbox]): void {
    for (const [p, { lanes }] of state.processes.entries()) {
      for (const side of [HOME, OTHER] as const) {
        const { cache } = lanes[side];
        if (cache === 0) continue;
        const { mailbox } = this.#planner.caches.at(cache);
        const now = stored[side];
        const certain = this.#configuration.owners === 1 || bugOf(this.#configuration)('no-validation');
        if (mailbox.version !== now.version && !certain) continue;
        this.#acknowledged(state, mailbox, `is not in what process ${p} reads of ${NAMES[side]}`);
        for (const { seq } of mailbox.messages)
          if (side === HOME && !now.messages[seq - 1]) throw new Violation(`process ${p} reads seq ${seq}, which is not in ${NAMES[side]}`);
        if (mailbox.id !== now.id && mailbox.version === now.version)
          throw new Violation(`what process ${p} has of ${NAMES[side]} is not version ${now.version}`);
      }
    }
  }

  /** Every process starts again cold, what was under way is gone, and sweeps run one after the other: both mailboxes become equal, and no mark stays. */
  #heals(from: State): void {
    let state: State = { ...from, processes: [newProcess()], late: [], crashes: 0, unknowns: 0, sweeps: 0 };
    for (let step = 0; step < HEALING_STEPS_MAX; step++) {
      const following: State[] = [];
      const take = (next: State) => following.push(next);
      if (state.processes[0]!.tasks.length === 0) this.#steps.sweep(state, 0, take);
      else this.#steps.all(state, take, true);
      if (following[0] === undefined) {
        this.#healed(state);
        return;
      }
      state = following[0];
    }
    throw new Violation('healing: sweeps find no end');
  }

  #healed({ mailboxes, marks, processes }: State): void {
    const [home, other] = [this.#planner.mailboxes.at(mailboxes[HOME]), this.#planner.mailboxes.at(mailboxes[OTHER])];
    if (processes[0]!.tasks.length > 0) throw new Violation('healing: a sweep is stuck');
    if (home.messages.length !== other.messages.length)
      throw new Violation(`healing: the home has ${home.messages.length} messages, the other mailbox ${other.messages.length}`);
    if (marks.length > 0) throw new Violation(`healing: marks are left: ${marks}`);
  }
}

/** The other mailbox holds the beginning of what the home holds: the same messages at the same places, with the same times and contents. */
function samePrefix(home: Mailbox, other: Mailbox): void {
  if (other.messages.length > home.messages.length) throw new Violation(`the other mailbox has seq ${other.messages.length}, the home has not`);
  for (const [i, copy] of other.messages.entries()) {
    const original = home.messages[i]!;
    const same = nameOf(HOME, original) === nameOf(OTHER, copy) && original.content === copy.content && original.sentTimestamp === copy.sentTimestamp;
    if (!same) throw new Violation(`seq ${i + 1} is ${nameOf(HOME, original)} in the home and ${nameOf(OTHER, copy)} in the other mailbox`);
  }
}
