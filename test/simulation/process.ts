import { Mailring } from 'mailring';
import type { SimulatedStore } from 'mailring/testing';
import type { Store } from '../../src/store/store.js';
import { ProcessClock } from './process-clock.js';
import type { World } from './world.js';

/** How a call ended; `lost`: its engine died first. */
export type Ending<T> = { readonly value: T } | { readonly error: unknown } | { readonly lost: true };

interface OpenCall {
  readonly since: number;
  readonly users: readonly [string, string] | undefined;
  lose(): void;
}

const RESTART_MS_MAX = 300;
const WATCH_MS = 5_000;
/** A call that takes longer than this, where nothing can hang, will never end. */
const STUCK_MS = 120_000;
/** Where calls can hang, somebody ends the process after this. */
const HUNG_MS = 15_000;

/** A process with one engine in it: it is started, dies, is closed, and starts again as another life with another name. */
export class Process {
  readonly name: string;
  status: 'down' | 'starting' | 'up' | 'closing' = 'down';
  life = 0;
  clock: ProcessClock;
  /** In heal nothing may hang, and nothing restarts by itself. */
  healing = false;
  readonly #world: World;
  readonly #calls = new Set<OpenCall>();
  #mailring: Mailring | undefined;
  #stores: SimulatedStore[] = [];
  #since = 0;

  constructor(world: World, name: string) {
    this.#world = world;
    this.name = name;
    this.clock = new ProcessClock(world.scheduler, world.count, 0);
    this.#watch();
  }

  /** Name of the engine of this life. */
  get engine(): string {
    return `${this.name}.${this.life}`;
  }

  get mailring(): Mailring {
    return this.#mailring!;
  }

  get idle(): boolean {
    return this.#calls.size === 0;
  }

  async start(): Promise<void> {
    const { scheduler, datas, random, setting, count, observer, trace } = this.#world;
    const life = ++this.life;
    const { engine } = this;
    const skewMs = this.healing ? 0 : setting.faults.has('clocks differ') ? random.integer(-2_000, 2_000) : this.clock.skewMs;
    this.clock = new ProcessClock(scheduler, count, skewMs);
    observer.nowOf.set(engine, () => this.clock.now());
    this.#stores = datas.map((data) => data.handle(engine));
    this.#become('starting');
    const stores = Object.fromEntries(this.#stores.map((store, i) => [`s${i}`, this.#observed(store, i)]));
    try {
      const mailring = await Mailring.open({ stores, clock: this.clock, limits: setting.limits });
      if (life !== this.life) return;
      this.#mailring = mailring;
      this.#become('up');
    } catch (error) {
      if (life !== this.life) return;
      trace(() => `${engine} cannot be opened: ${error}`);
      this.#insistClosed();
      this.#become('down');
      count('a failed open leaves its process to try again');
      scheduler.after(50, () => life === this.life && void this.start());
    }
  }

  /** Dies at once; starts again after a while unless told otherwise. */
  crash(restarts = true): void {
    const { random, scheduler, observer, count, trace } = this.#world;
    if (this.status === 'down' && this.#stores.length === 0 && restarts) return;
    trace(() => `${this.engine} crashes, ${this.status}, with ${this.#calls.size} calls under way`);
    if (this.status === 'starting') count('a crash while the store is opened');
    observer.crashes(
      this.engine,
      scheduler.time,
      [...this.#calls].flatMap(({ users }) => (users === undefined ? [] : [users])),
    );
    this.clock.alive = false;
    for (const store of this.#stores) store.crash();
    this.#stores = [];
    this.#mailring = undefined;
    this.life++;
    const { life } = this;
    this.#become('down');
    for (const call of [...this.#calls]) call.lose();
    if (restarts) scheduler.after(random.next() * RESTART_MS_MAX, () => life === this.life && void this.start());
  }

  /** Closes as a host does, and starts again. */
  async restart(): Promise<void> {
    const { life } = this;
    if (this.status !== 'up') return;
    await this.close();
    if (life === this.life) await this.start();
  }

  async close(): Promise<void> {
    if (this.status !== 'up') return;
    const { life } = this;
    this.#world.trace(() => `${this.engine} closes`);
    this.#become('closing');
    try {
      await this.#mailring!.close();
    } catch (error) {
      this.#world.problem(`closing fails: ${error}`);
    }
    if (life !== this.life) return;
    this.#insistClosed();
    this.clock.alive = false;
    this.#become('down');
  }

  /** Calls the engine; the answer comes also when it dies. `users`: of a send. */
  call<T>(run: (mailring: Mailring) => Promise<T>, users?: readonly [string, string]): Promise<Ending<T>> {
    return new Promise((resolve) => {
      const call: OpenCall = {
        since: this.#world.scheduler.time,
        users,
        lose: () => {
          this.#calls.delete(call);
          resolve({ lost: true });
        },
      };
      this.#calls.add(call);
      const end = (ending: Ending<T>) => {
        if (this.#calls.delete(call)) resolve(ending);
      };
      run(this.#mailring!).then(
        (value) => end({ value }),
        (error: unknown) => end({ error }),
      );
    });
  }

  #become(status: Process['status']): void {
    this.status = status;
    this.#since = this.#world.scheduler.time;
    this.#world.trace(() => `${this.engine} is ${status}`);
  }

  /** After `close`, and after an `open` that failed, nothing stays open. */
  #insistClosed(): void {
    for (const [i, store] of this.#stores.entries())
      if (this.#world.datas[i]!.open.has(store)) this.#world.problem(`a store stays open after close or a failed open: ${this.engine}`);
  }

  /** Ends a process in which something will never end. */
  #watch(): void {
    const { scheduler, setting, problem, count } = this.#world;
    scheduler.after(WATCH_MS, () => {
      const hangs = setting.faults.has('calls hang') && !this.healing;
      const since = Math.min(
        ...[...this.#calls].map((call) => call.since),
        this.status === 'up' || this.status === 'down' ? Number.POSITIVE_INFINITY : this.#since,
      );
      const waited = scheduler.time - since;
      if (waited > (hangs ? HUNG_MS : STUCK_MS)) {
        if (hangs) count('a hung call ends with a crash');
        else problem(`something never ends: ${this.engine}, ${this.status}, ${waited} ms, calls: ${this.#calls.size}`);
        this.crash();
      }
      this.#watch();
    });
  }

  #observed(store: SimulatedStore, i: number): Store {
    const { observer } = this.#world;
    return {
      capabilities: store.capabilities,
      open: () => store.open(),
      load: (partition, options) => observer.asked('load', store.owner, partition, store.load(partition, options)),
      validate: async (partition, options) => {
        const version = await observer.asked('validate', store.owner, partition, store.validate(partition, options));
        observer.validated(i, store.owner, partition, version);
        return version;
      },
      read: (partition, keys, options) => store.read(partition, keys, options),
      scan: (partition, range, options) => store.scan(partition, range, options),
      apply: (writes, marks, options) => store.apply(writes, marks, options),
      scanMarks: (slot) => store.scanMarks(slot),
      partitions: () => store.partitions(),
      close: () => store.close(),
    };
  }
}
