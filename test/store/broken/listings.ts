import type { MemoryStore } from 'mailring/memory';
import { MARK_SLOTS } from '../../../src/model/limits.js';
import type { Mark, MarkChange, Partition, Store } from '../../../src/store/store.js';
import { all, type BrokenStore, hexOf, own, turn } from './broken-store.js';

/** A store that keeps the rows of a partition under another name. */
function renaming(inner: MemoryStore, rename: (partition: Partition) => Partition): Partial<Store> {
  return {
    load: (partition) => inner.load(rename(partition)),
    validate: (partition) => inner.validate(rename(partition)),
    read: (partition, keys) => inner.read(rename(partition), keys),
    scan: (partition, range) => inner.scan(rename(partition), range),
    apply: (writes, marks) =>
      inner.apply(
        writes.map((write) => ({ ...write, partition: rename(write.partition) })),
        marks,
      ),
  };
}

/** A fault that changes the marks of each commit. */
const marking =
  (change: (mark: MarkChange) => readonly MarkChange[]): BrokenStore['breaks'] =>
  (inner) => ({ apply: async (writes, marks = []) => inner.apply(writes, marks.flatMap(change)) });

/** A fault that changes what scanMarks finds. */
function finding(find: (inner: MemoryStore, slot: number) => Promise<readonly Mark[]>): BrokenStore['breaks'] {
  return (inner) => ({
    scanMarks: async function* (slot) {
      yield* await find(inner, slot);
    },
  });
}

/** A fault that changes what partitions() lists. */
function listing(list: (inner: MemoryStore) => Promise<readonly Partition[]>): BrokenStore['breaks'] {
  return (inner) => ({
    partitions: async function* () {
      yield* await list(inner);
    },
  });
}

const sets = (marks: readonly MarkChange[]) => marks.filter((mark) => mark.type === 'set');
const clears = (marks: readonly MarkChange[]) => marks.filter((mark) => mark.type === 'clear');
const slots = Array.from({ length: MARK_SLOTS }, (_, slot) => slot);
/** The mark's partition without its first two bytes, run together with the name. */
const runTogether = ({ partition, name }: Mark) => hexOf(partition.subarray(2)) + hexOf(name);

/** Faults of partitions and of marks. */
export const BROKEN_LISTINGS: readonly BrokenStore[] = [
  {
    name: 'takes names for UTF-8',
    caughtBy: ['each partition has its own rows, head, log and version, however alike the names are'],
    breaks: (inner) => renaming(inner, (partition) => Buffer.from(Buffer.from(partition).toString())),
  },
  {
    name: 'looks at the first 128 bytes of a name',
    caughtBy: ['each partition has its own rows, head, log and version, however alike the names are'],
    breaks: (inner) => renaming(inner, (partition) => new Uint8Array(partition.slice(1, 127))),
  },
  {
    name: 'keeps eight bytes of a name',
    caughtBy: ['many partitions each keep their own version'],
    breaks: (inner) => renaming(inner, (partition) => new Uint8Array(partition.slice(0, 8))),
  },
  {
    name: 'joins name and key without a border',
    caughtBy: ['a key that continues the name of its partition is not taken for a row of a longer name'],
    breaks: (inner) => ({
      read: async (partition, keys) => {
        const shorter = Uint8Array.of(partition[0]!, partition[1]! - 1, ...partition.subarray(2, -1));
        const joined = await inner.read(
          shorter,
          keys.map((key) => Uint8Array.of(partition.at(-1)!, ...key)),
        );
        return (await inner.read(new Uint8Array(partition), keys)).map((value, i) => value ?? joined[i]);
      },
    }),
  },
  {
    name: 'deletes a range in every partition',
    caughtBy: ['a range over all keys of a partition ends at its borders, in scans and deletes'],
    breaks: (inner) => ({
      apply: async (writes, marks) => {
        const [copies, changes] = own(writes, marks);
        const result = await inner.apply(copies, changes);
        const ops = copies.flatMap((write) => write.ops.filter((op) => op.type === 'deleteRange' && op.gte[0] !== 0x20));
        if (!result.applied || ops.length === 0) return result;
        for (const partition of await all(inner.partitions())) {
          const { version, note } = await inner.load(partition);
          if (!copies.some((write) => hexOf(write.partition) === hexOf(partition)))
            await inner.apply([{ partition, expectVersion: version, version: version + 1, note: note!, ops }]);
        }
        return result;
      },
    }),
  },
  {
    name: 'lists partitions twice',
    caughtBy: ['partitions() lists every partition once, whatever it holds'],
    breaks: listing(async (inner) => (await all(inner.partitions())).flatMap((partition) => [partition, partition])),
  },
  {
    name: 'lists partitions by their rows',
    caughtBy: ['partitions() lists a partition whose rows are all gone but its log row, and none that was only refused'],
    breaks: listing(async (inner) => {
      const partitions = await all(inner.partitions());
      const rows = await Promise.all(
        partitions.map((partition) => inner.scan(partition, { gte: Uint8Array.of(0x21), lt: Uint8Array.of(0xff, 0xff), limit: 1 })),
      );
      return partitions.filter((_, i) => rows[i]!.length > 0);
    }),
  },
  {
    name: 'lists a hundred partitions',
    caughtBy: ['hundreds of partitions are all listed'],
    breaks: listing(async (inner) => (await all(inner.partitions())).slice(0, 100)),
  },
  {
    name: 'lists the same buffers again',
    caughtBy: ['what scanMarks and partitions return is the caller’s to overwrite'],
    breaks: (inner) => {
      const held = new Map<string, Partition>();
      return listing(async () => {
        for (const partition of await all(inner.partitions())) if (!held.has(hexOf(partition))) held.set(hexOf(partition), partition);
        return [...held.values()];
      })(inner, turn);
    },
  },
  {
    name: 'keeps marks as rows of their partition',
    caughtBy: ['a mark is no row of its partition and no partition'],
    breaks: (inner) => ({
      apply: (writes, marks = []) =>
        inner.apply(
          writes.map((write) => ({
            ...write,
            ops: [...write.ops, ...sets(marks).map(({ name }) => ({ type: 'put', key: Uint8Array.of(0xfe, ...name), value: new Uint8Array() }) as const)],
          })),
          marks,
        ),
    }),
  },
  {
    name: 'finds the marks of all slots in each',
    caughtBy: ['a mark set with a commit is found in its slot, and in no other'],
    breaks: finding(async (inner, slot) => (await Promise.all(slots.map((each) => all(inner.scanMarks(each))))).flat().map((mark) => ({ ...mark, slot }))),
  },
  { name: 'has no slot 0', caughtBy: ['the first and the last slot hold marks'], breaks: marking((mark) => (mark.slot === 0 ? [] : [mark])) },
  {
    name: 'finds a mark as often as it was set',
    caughtBy: ['a mark set again is there once'],
    breaks: (inner) => {
      const added: MarkChange[] = [];
      const found = finding(async (below, slot) => {
        const here = await all(below.scanMarks(slot));
        return here.flatMap((mark) =>
          added.filter((each) => each.slot === slot && hexOf(each.partition) === hexOf(mark.partition) && hexOf(each.name) === hexOf(mark.name)),
        );
      })(inner, turn);
      return {
        ...found,
        apply: (writes, marks) => {
          added.push(...own([], sets(marks ?? []))[1]);
          return inner.apply(writes, marks);
        },
      };
    },
  },
  {
    name: 'keeps the marks of the last commit only',
    caughtBy: ['a mark stays over commits that do not name it'],
    breaks: (inner) => ({
      apply: async (writes, marks = []) => {
        const [copies, changes] = own(writes, marks);
        const old = (await Promise.all(slots.map((slot) => all(inner.scanMarks(slot))))).flat();
        return inner.apply(copies, [...old.map((mark) => ({ ...mark, type: 'clear' }) as const), ...changes]);
      },
    }),
  },
  {
    name: 'clears all marks of a partition',
    caughtBy: ['a commit clears exactly the mark it names: slot, partition and name'],
    breaks: (inner) => ({
      apply: async (writes, marks = []) => {
        const [copies, changes] = own(writes, marks);
        const cleared = new Set(clears(changes).map(({ partition }) => hexOf(partition)));
        const old = (await Promise.all(slots.map((slot) => all(inner.scanMarks(slot))))).flat();
        const more = old.filter(({ partition }) => cleared.has(hexOf(partition))).map((mark) => ({ ...mark, type: 'clear' }) as const);
        return inner.apply(copies, [...more, ...changes]);
      },
    }),
  },
  {
    name: 'runs partition and name together',
    caughtBy: ['partition and name are not run together'],
    breaks: (inner) => ({
      apply: async (writes, marks = []) => {
        const [copies, changes] = own(writes, marks);
        const cleared = new Set(clears(changes).map(runTogether));
        const old = (await Promise.all(slots.map((slot) => all(inner.scanMarks(slot))))).flat();
        const more = old.filter((mark) => cleared.has(runTogether(mark))).map((mark) => ({ ...mark, type: 'clear' }) as const);
        return inner.apply(copies, [...more, ...changes]);
      },
    }),
  },
  {
    name: 'takes names of marks for UTF-8',
    caughtBy: ['names of 1 to 130 bytes, with any bytes, come back as they were given'],
    breaks: marking((mark) => [{ ...mark, name: Buffer.from(Buffer.from(mark.name).toString()) }]),
  },
  {
    name: 'rejects a clear of what was never set',
    caughtBy: ['clearing a mark that was never set is nothing'],
    breaks: (inner) => ({
      apply: async (writes, marks = []) => {
        const [copies, changes] = own(writes, marks);
        for (const mark of clears(changes)) {
          const names = (await all(inner.scanMarks(mark.slot))).map(({ name }) => hexOf(name));
          if (!names.includes(hexOf(mark.name))) throw new RangeError('no such mark');
        }
        return inner.apply(copies, changes);
      },
    }),
  },
  {
    name: 'clears marks although it refuses the commit',
    caughtBy: ['a refused commit clears no mark'],
    breaks: (inner) => ({
      apply: async (writes, marks = []) => {
        const [copies, changes] = own(writes, marks);
        const result = await inner.apply(copies, changes);
        if (!result.applied) await inner.apply([], changes);
        return result;
      },
    }),
  },
  {
    name: 'gives the partition one mark, even when it refuses',
    caughtBy: ['a refused commit may leave the marks it set, and nothing else'],
    breaks: (inner) => ({
      apply: async (writes, marks = []) => {
        const [copies, changes] = own(writes, marks);
        const result = await inner.apply(copies, changes);
        if (result.applied || sets(changes).length === 0) return result;
        for (const mark of await all(inner.scanMarks(changes[0]!.slot))) await inner.apply([], [{ ...mark, type: 'clear' }]);
        await inner.apply([], changes);
        return result;
      },
    }),
  },
  {
    name: 'looks at the first change of marks only',
    caughtBy: ['one commit can set and clear'],
    breaks: (inner) => ({ apply: async (writes, marks = []) => inner.apply(writes, marks.slice(0, 1)) }),
  },
  {
    name: 'finds a hundred marks',
    caughtBy: ['hundreds of marks of one slot are all found'],
    breaks: finding(async (inner, slot) => (await all(inner.scanMarks(slot))).slice(0, 100)),
  },
];
