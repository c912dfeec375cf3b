import { MemoryStore } from 'mailring/memory';
import type { StoreConformanceHooks } from 'mailring/testing';
import type { MarkChange, PartitionWrite, Store } from '../../../src/store/store.js';

/** What a fault replaces, given the honest store below and the two-step pause, when there is one. */
type Fault = (inner: MemoryStore, pause: () => Promise<void>) => Partial<Store>;

/** A store with one fault, and the tests of the suite that must fail because of it. */
export interface BrokenStore {
  readonly name: string;
  /** Names of the tests that are there to catch this; others may fail as well. */
  readonly caughtBy: readonly string[];
  readonly breaks: Fault;
  /** The store has two steps, mark and commit: the suite gets the hook that pauses between them. */
  readonly twoSteps?: boolean;
}

/** Tells apart the stores that one `makeStore` made, for the hooks. */
interface Made {
  readonly inner: MemoryStore;
  pause: () => Promise<void>;
}

/** `makeStore` and hooks for the suite, over memory stores with this fault; with no fault they are honest. */
export function storesWith({ breaks, twoSteps = false }: Pick<BrokenStore, 'breaks' | 'twoSteps'>): { make: () => Store; hooks: StoreConformanceHooks } {
  const made = new WeakMap<Store, Made>();
  const madeOf = (store: Store): Made => {
    const found = made.get(store);
    if (found === undefined) throw new TypeError('not a store of this fault');
    return found;
  };
  const build = (inner: MemoryStore): Store => {
    const self: Made = { inner, pause: async () => undefined };
    // Descriptors, not values: a fault may be a getter.
    const faults = Object.getOwnPropertyDescriptors(breaks(inner, () => self.pause()));
    const store: Store = Object.defineProperties(delegate(inner), faults);
    made.set(store, self);
    return store;
  };
  const another = (store: Store): Store => build(madeOf(store).inner.handle());
  const afterMarks = (store: Store, pause: () => Promise<void>): void => {
    madeOf(store).pause = pause;
  };
  return { make: () => build(new MemoryStore({ exclusive: false })), hooks: { reopen: another, peer: another, ...(twoSteps && { afterMarks }) } };
}

/** All calls handed on as they are. */
function delegate(inner: MemoryStore): Store {
  return {
    capabilities: inner.capabilities,
    open: () => inner.open(),
    load: (partition) => inner.load(partition),
    validate: (partition) => inner.validate(partition),
    read: (partition, keys) => inner.read(partition, keys),
    scan: (partition, range) => inner.scan(partition, range),
    apply: (writes, marks) => inner.apply(writes, marks),
    scanMarks: (slot, options) => inner.scanMarks(slot, options),
    partitions: (options) => inner.partitions(options),
    close: () => inner.close(),
  };
}

/** A fault that changes each write before it is applied. */
export function changing(change: (write: PartitionWrite) => PartitionWrite): Fault {
  return (inner) => ({ apply: async (writes, marks) => inner.apply(writes.map(change), marks) });
}

/** Deep copies, taken before the first await: so that a fault under test is the only one. */
export function own(writes: readonly PartitionWrite[], marks: readonly MarkChange[] = []): [PartitionWrite[], MarkChange[]] {
  return structuredClone([[...writes], [...marks]]);
}

/** The writes with the versions that are now right: applies whatever happened meanwhile. */
export async function forced(inner: MemoryStore, writes: readonly PartitionWrite[]): Promise<PartitionWrite[]> {
  return Promise.all(
    writes.map(async (write) => {
      const expectVersion = await inner.validate(write.partition);
      return { ...write, expectVersion, version: Math.max(write.version, expectVersion + 1) };
    }),
  );
}

/** The key right after `key`. */
export function after(key: Uint8Array): Uint8Array {
  return Uint8Array.of(...key, 0x00);
}

/** The first key that does not begin with `key`. */
export function pastPrefix(key: Uint8Array): Uint8Array {
  const end = [...key];
  while (end.at(-1) === 0xff) end.pop();
  const last = end.pop();
  return last === undefined ? new Uint8Array(64).fill(0xff) : Uint8Array.of(...end, last + 1);
}

/** A later turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Bytes as a map key. */
export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** All items of a listing. */
export async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}
