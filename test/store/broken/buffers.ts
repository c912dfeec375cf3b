import type { Row, Store } from '../../../src/store/store.js';
import { type BrokenStore, hexOf, turn } from './broken-store.js';

/** Answers twice with the same objects until the next commit. */
function remembering(inner: Store): Partial<Store> {
  const answers = new Map<string, Promise<unknown>>();
  const once = <Answer>(name: string, ask: () => Promise<Answer>): Promise<Answer> => {
    const held = (answers.get(name) as Promise<Answer> | undefined) ?? ask();
    answers.set(name, held);
    return held;
  };
  return {
    apply: (writes, marks) => {
      answers.clear();
      return inner.apply(writes, marks);
    },
    load: (partition) => once(`load ${hexOf(partition)}`, () => inner.load(partition)),
    read: async (partition, keys) =>
      (await Promise.all(keys.map((key) => once(`read ${hexOf(partition)} ${hexOf(key)}`, () => inner.read(partition, [key]))))).flat(),
    scan: (partition, range) =>
      once(`scan ${hexOf(partition)} ${hexOf(range.gte)} ${hexOf(range.lt)} ${range.reverse} ${range.limit}`, () => inner.scan(partition, range)),
  };
}

/** Stores what its caller's buffers hold now, not what they held in the commit. */
function keepingBuffers(inner: Store): Partial<Store> {
  const kept = new Map<string, Uint8Array>();
  const now = (value: Uint8Array): Uint8Array => new Uint8Array(kept.get(hexOf(value)) ?? value);
  const nowOf = (row: Row): Row => ({ key: row.key, value: now(row.value) });
  return {
    apply: (writes, marks) => {
      for (const { note, head, ops } of writes) {
        for (const buffer of [note, ...(head === undefined ? [] : [head]), ...ops.flatMap((op) => (op.type === 'put' ? [op.value] : []))])
          kept.set(hexOf(buffer), buffer);
      }
      return inner.apply(writes, marks);
    },
    read: async (partition, keys) => (await inner.read(partition, keys)).map((value) => value && now(value)),
    scan: async (partition, range) => (await inner.scan(partition, range)).map(nowOf),
  };
}

/** Faults of the buffers that go in and out. */
export const BROKEN_BUFFERS: readonly BrokenStore[] = [
  {
    name: 'copies what it is given a turn too late',
    caughtBy: ['what is given to apply may be overwritten as soon as the call returned its promise'],
    breaks: (inner) => ({
      apply: async (writes, marks) => {
        await turn();
        return inner.apply(writes, marks);
      },
    }),
  },
  {
    name: 'looks at the lists it is given a turn too late',
    caughtBy: ['the lists given to apply may be emptied as soon as the call returned its promise'],
    breaks: (inner) => ({
      apply: async (writes, marks) => {
        const copies = writes.map((write) => ({ write: structuredClone(write), ops: write.ops }));
        await turn();
        return inner.apply(
          copies.map(({ write, ops }) => ({ ...write, ops })),
          marks,
        );
      },
    }),
  },
  { name: 'keeps its caller’s buffers', caughtBy: ['what was given to apply may be overwritten after it was applied'], breaks: keepingBuffers },
  {
    name: 'keeps the buffer that first named a partition',
    caughtBy: ['what is given to the first commit of a partition may be overwritten at once: the partition keeps its name'],
    breaks: (inner) => {
      const named = new Map<string, Uint8Array>();
      return {
        apply: (writes, marks) => {
          for (const { partition } of writes) if (!named.has(hexOf(partition))) named.set(hexOf(partition), partition);
          return inner.apply(writes, marks);
        },
        partitions: async function* () {
          for await (const partition of inner.partitions()) yield new Uint8Array(named.get(hexOf(partition)) ?? partition);
        },
      };
    },
  },
  {
    name: 'looks at keys and bounds a turn too late',
    caughtBy: ['what is given to load, validate, read and scan may be overwritten as soon as the call returned its promise'],
    breaks: (inner) => ({
      read: async (partition, keys) => {
        await turn();
        return inner.read(partition, keys);
      },
      scan: async (partition, range) => {
        await turn();
        return inner.scan(partition, range);
      },
    }),
  },
  { name: 'returns the same buffers again', caughtBy: ['what load, read and scan return is the caller’s to overwrite'], breaks: remembering },
  {
    name: 'returns its caller’s buffers as stale',
    caughtBy: ['the names in stale are not the buffers that were given'],
    breaks: (inner) => ({
      apply: async (writes, marks) => {
        const result = await inner.apply(writes, marks);
        if (result.applied) return result;
        const named = new Set(result.stale.map(hexOf));
        return { applied: false, stale: writes.map((write) => write.partition).filter((partition) => named.has(hexOf(partition))) };
      },
    }),
  },
  {
    name: 'takes over the memory of what it is given',
    caughtBy: ['one buffer given twice in a commit is stored twice'],
    breaks: (inner) => ({
      apply: async (writes, marks) => {
        const taken = new Set<Uint8Array>();
        const take = (buffer: Uint8Array): Uint8Array => {
          const empty = taken.has(buffer);
          taken.add(buffer);
          return empty ? new Uint8Array() : buffer;
        };
        return inner.apply(
          writes.map((write) => ({
            ...write,
            note: take(write.note),
            ops: write.ops.map((op) => (op.type === 'put' ? { ...op, value: take(op.value) } : op)),
          })),
          marks,
        );
      },
    }),
  },
];
