import fc from 'fast-check';
import type { World } from './world.js';

/** What one command does to the engine and its model. */
export type Action<A> = (world: World, args: A) => Promise<void>;

let executed = 0;

/** Commands executed so far, those of shrinking included. */
export const commandsExecuted = (): number => executed;

class Command<A> implements fc.AsyncCommand<World, World> {
  readonly #name: string;
  readonly #args: A;
  readonly #action: Action<A>;

  constructor(name: string, args: A, action: Action<A>) {
    this.#name = name;
    this.#args = args;
    this.#action = action;
  }

  check(): boolean {
    return true;
  }

  async run(world: World): Promise<void> {
    await this.#action(world, this.#args);
    executed++;
  }

  toString(): string {
    return `${this.#name}(${fc.stringify(this.#args)})`;
  }
}

/** Commands of one kind; every one of them can run at any time. */
export function command<A>(name: string, args: fc.Arbitrary<A>, action: Action<A>): fc.Arbitrary<fc.AsyncCommand<World, World>> {
  return args.map((chosen) => new Command(name, chosen, action));
}
