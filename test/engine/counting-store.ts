import type { MarkChange, PartitionWrite, ScanRange, Store } from 'mailring';

/** What a store was asked for. */
export interface StoreCounts {
  loads: number;
  reads: number;
  /** Keys of all reads. */
  keysRead: number;
  scans: number;
  rowsScanned: number;
  applies: number;
  /** Rows put by all applies, log rows and heads among them. */
  rowsPut: number;
  marks: number;
}

const zero = (): StoreCounts => ({ loads: 0, reads: 0, keysRead: 0, scans: 0, rowsScanned: 0, applies: 0, rowsPut: 0, marks: 0 });

/** A store that counts what it is asked for; `take` gives the counts since the last `take`. */
export function countingStore(store: Store): { readonly store: Store; take(): StoreCounts } {
  let counts = zero();
  const counted: Store = {
    get capabilities() {
      return store.capabilities;
    },
    open: (options) => store.open(options),
    load: (partition, options) => {
      counts.loads++;
      return store.load(partition, options);
    },
    validate: (partition, options) => store.validate(partition, options),
    read: (partition, keys, options) => {
      counts.reads++;
      counts.keysRead += keys.length;
      return store.read(partition, keys, options);
    },
    scan: async (partition: Uint8Array, range: ScanRange, options) => {
      counts.scans++;
      const rows = await store.scan(partition, range, options);
      counts.rowsScanned += rows.length;
      return rows;
    },
    apply: (writes: readonly PartitionWrite[], marks: readonly MarkChange[] = [], options) => {
      counts.applies++;
      counts.marks += marks.length;
      for (const { ops, head } of writes) counts.rowsPut += 1 + ops.filter(({ type }) => type === 'put').length + (head === undefined ? 0 : 1);
      return store.apply(writes, marks, options);
    },
    scanMarks: (slot) => store.scanMarks(slot),
    partitions: () => store.partitions(),
    close: () => store.close(),
  };
  return {
    store: counted,
    take: () => {
      const taken = counts;
      counts = zero();
      return taken;
    },
  };
}
