/** Runs tasks side by side, at most `limit` at a time. The first one that fails ends it: every later call throws that error. */
export class InFlight {
  readonly #limit: number;
  #running = 0;
  #wake: (() => void) | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Starts the task; waits first until there is room for it. For one caller at a time. */
  async start(task: () => Promise<void>): Promise<void> {
    await this.#until(() => this.#running < this.#limit);
    this.#running++;
    task()
      .catch((error) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#running--;
        this.#wake?.();
      });
  }

  /** Waits until nothing runs. */
  idle(): Promise<void> {
    return this.#until(() => this.#running === 0);
  }

  async #until(reached: () => boolean): Promise<void> {
    while (!reached()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
