/** One step of a call: what happens, and how long after the step before. */
export interface CallStep {
  readonly afterMs: number;
  run(): void;
}

/** A call under way as its handle sees it, whatever it answers. */
export type CallUnderWay = Pick<SimulatedCall<unknown>, 'isApply' | 'done' | 'orphan' | 'finish' | 'finishSilently' | 'stop' | 'abandon'>;

/** A call of a simulated store that is under way. It goes on by a clock, or is finished, left alone or stopped by what happens to its handle. */
export class SimulatedCall<T> {
  readonly answer: Promise<T>;
  /** Whether it changes anything. */
  readonly isApply: boolean;
  /** Steps that have been run. */
  done = 0;
  /** Its caller is gone: what it does from now on is late. */
  orphan = false;
  #hangs = false;
  readonly #steps: readonly CallStep[];
  readonly #outcome: () => T;
  readonly #after: (delayMs: number, task: () => void) => void;
  #stopped = false;
  #answered = false;
  #resolve!: (value: T) => void;
  #reject!: (error: unknown) => void;
  readonly #onEnd: () => void;

  /** `outcome`: gives the answer when all steps have been run, or throws what the call fails with. */
  constructor(isApply: boolean, steps: readonly CallStep[], outcome: () => T, after: (delayMs: number, task: () => void) => void, onEnd: () => void) {
    this.isApply = isApply;
    this.#steps = steps;
    this.#outcome = outcome;
    this.#after = after;
    this.#onEnd = onEnd;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Runs its steps, one after the other, and answers after `answerMs`; `hang`: never. */
  start(answerMs: number, hang: boolean): void {
    this.#hangs = hang;
    const next = (i: number): void => {
      if (this.#stopped || i !== this.done) return;
      const step = this.#steps[i];
      if (step !== undefined) {
        this.#after(step.afterMs, () => {
          if (this.#stopped || i !== this.done) return;
          this.done++;
          step.run();
          next(i + 1);
        });
      } else if (!hang) this.#after(answerMs, () => this.#end());
    };
    next(0);
  }

  /** Takes effect and answers at once. */
  finish(error: () => unknown): void {
    while (this.done < this.#steps.length) this.#steps[this.done++]!.run();
    if (this.#hangs) this.giveUp(error());
    else this.#end();
  }

  /** Takes effect at once; nobody hears of it. */
  finishSilently(): void {
    while (this.done < this.#steps.length) this.#steps[this.done++]!.run();
    this.stop();
  }

  /** Does nothing more and never answers. */
  stop(): void {
    this.#stopped = true;
    this.#answered = true;
  }

  /** Never answers, but may go on. */
  abandon(): void {
    this.#answered = true;
    this.orphan = true;
  }

  /** The caller no longer waits; what was begun goes on. */
  giveUp(error: unknown): void {
    if (this.#answered) return;
    this.#answered = true;
    this.orphan = true;
    this.#onEnd();
    this.#reject(error);
  }

  #end(): void {
    if (this.#answered) return;
    this.#answered = true;
    this.#onEnd();
    try {
      this.#resolve(this.#outcome());
    } catch (error) {
      this.#reject(error);
    }
  }
}
