interface Timer {
  readonly at: number;
  readonly order: number;
  task: (() => void) | undefined;
}

const later = (a: Timer, b: Timer) => a.at > b.at || (a.at === b.at && a.order > b.order);

/** Simulated time: everything that waits, waits here. It goes on only when {@link Scheduler.step} is called, to what is next. */
export class Scheduler {
  /** Milliseconds since the beginning. */
  time = 0;
  /** Tasks that were run. */
  steps = 0;
  /** A binary heap. */
  readonly #heap: Timer[] = [];
  #order = 0;

  get idle(): boolean {
    return this.#heap.length === 0;
  }

  /** Runs a task once, `delayMs` from now, after what waits for the same moment already; the answer cancels it. */
  after(delayMs: number, task: () => void): () => void {
    const timer: Timer = { at: this.time + Math.max(0, delayMs), order: this.#order++, task };
    this.#push(timer);
    return () => {
      timer.task = undefined;
    };
  }

  /** Resolves `delayMs` from now. */
  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(delayMs, resolve);
    });
  }

  /** Goes on to the next task and runs it. */
  step(): void {
    for (let timer = this.#pop(); timer !== undefined; timer = this.#pop()) {
      if (timer.task === undefined) continue;
      this.time = timer.at;
      this.steps++;
      timer.task();
      return;
    }
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    let i = heap.push(timer) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!later(heap[parent]!, timer)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = timer;
  }

  #pop(): Timer | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    let i = 0;
    for (let child = 1; child < heap.length; child = 2 * i + 1) {
      if (child + 1 < heap.length && later(heap[child]!, heap[child + 1]!)) child++;
      if (!later(last, heap[child]!)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
    return top;
  }
}

/** Lets everything run that needs no time: all promises that can settle do. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
