import type { ApplyResult, LoadedPartition, PartitionWrite, Row, ScanRange, Store } from 'mailring';

/** What stands around the calls of a store: each hook is given the call and may hold it, hold its answer, fail it or change what it gives. */
export interface StoreHooks {
  open?: ((run: () => Promise<void>) => Promise<void>) | undefined;
  close?: ((run: () => Promise<void>) => Promise<void>) | undefined;
  load?: ((run: () => Promise<LoadedPartition>, partition: Uint8Array) => Promise<LoadedPartition>) | undefined;
  read?: ((run: () => Promise<(Uint8Array | undefined)[]>) => Promise<(Uint8Array | undefined)[]>) | undefined;
  scan?: ((run: () => Promise<Row[]>, range: ScanRange) => Promise<Row[]>) | undefined;
  apply?: ((run: () => Promise<ApplyResult>, writes: readonly PartitionWrite[]) => Promise<ApplyResult>) | undefined;
}

/** A store whose calls go through `hooks`, which may be set and removed at any time. It claims to be exclusive unless told otherwise, whether it is or not. */
export function hookedStore(
  store: Store,
  { exclusive = true, applyBytesMax = store.capabilities.applyBytesMax }: { exclusive?: boolean; applyBytesMax?: number | undefined } = {},
): { readonly store: Store; readonly hooks: StoreHooks } {
  const hooks: StoreHooks = {};
  const around = <T>(hook: ((run: () => Promise<T>) => Promise<T>) | undefined, run: () => Promise<T>): Promise<T> => (hook === undefined ? run() : hook(run));
  const hooked: Store = {
    get capabilities() {
      return { ...store.capabilities, exclusive, applyBytesMax };
    },
    open: (options) => around(hooks.open, () => store.open(options)),
    load: (partition, options) => {
      const { load } = hooks;
      return around(load && ((run) => load(run, partition)), () => store.load(partition, options));
    },
    validate: (partition, options) => store.validate(partition, options),
    read: (partition, keys, options) => around(hooks.read, () => store.read(partition, keys, options)),
    scan: (partition, range, options) => {
      const { scan } = hooks;
      return around(scan && ((run) => scan(run, range)), () => store.scan(partition, range, options));
    },
    apply: (writes, marks, options) => {
      const { apply } = hooks;
      return around(apply && ((run) => apply(run, writes)), () => store.apply(writes, marks, options));
    },
    scanMarks: (slot) => store.scanMarks(slot),
    partitions: () => store.partitions(),
    close: () => around(hooks.close, () => store.close()),
  };
  return { store: hooked, hooks };
}

const closedGates = new Set<() => void>();

/** A gate: `pass` waits until it is opened, at the latest when the test ends. */
export function gate(): { readonly pass: () => Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  closedGates.add(open);
  return { pass: () => opened, open };
}

/** Opens every gate: a test that failed while it held one must not hold up those behind it. */
export function openGates(): void {
  for (const open of closedGates) open();
  closedGates.clear();
}

/** Everything a store holds, as text that can be compared: partition, version, head and rows. */
export async function contentsOf(store: Store): Promise<string[]> {
  const hex = (bytes: Uint8Array | undefined) => (bytes === undefined ? '-' : Buffer.from(bytes).toString('hex'));
  const lines: string[] = [];
  for await (const partition of store.partitions()) {
    const { version, head } = await store.load(partition);
    lines.push(`${hex(partition)} ${version} ${hex(head)}`);
    const rows = await store.scan(partition, { gte: new Uint8Array(1), lt: Uint8Array.of(0xff), limit: 1_000_000 });
    for (const { key, value } of rows) lines.push(`${hex(partition)} ${hex(key)} ${hex(value)}`);
  }
  return lines;
}
