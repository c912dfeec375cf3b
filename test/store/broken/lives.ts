import type { MemoryStore } from 'mailring/memory';
import type { ApplyResult, MarkChange, PartitionWrite } from '../../../src/store/store.js';
import { type BrokenStore, forced, own, turn } from './broken-store.js';

type Steps = (inner: MemoryStore, writes: PartitionWrite[], marks: MarkChange[], pause: () => Promise<void>) => Promise<ApplyResult>;

const sets = (marks: readonly MarkChange[]) => marks.filter((mark) => mark.type === 'set');
const clears = (marks: readonly MarkChange[]) => marks.filter((mark) => mark.type === 'clear');

/** A store whose apply takes these steps. */
function inSteps(steps: Steps): BrokenStore['breaks'] {
  return (inner, pause) => ({
    apply: async (writes, marks) => {
      const [copies, changes] = own(writes, marks);
      return steps(inner, copies, changes, pause);
    },
  });
}

/** The honest order in two steps: the marks to set, then the commit with the marks to clear. */
export const HONEST_IN_TWO_STEPS: BrokenStore['breaks'] = inSteps(async (inner, writes, marks, pause) => {
  await inner.apply([], sets(marks));
  await turn();
  await pause();
  return inner.apply(writes, clears(marks));
});

const MARK_BEFORE = 'whoever sees a commit finds the mark that was set with it';
const CLEAR_AFTER = 'whoever misses a cleared mark finds the commit that cleared it';
const ACKNOWLEDGED = 'when a commit is acknowledged its marks are set and cleared';
const PAUSED = 'between mark and commit: the mark to set is there, the mark to clear still is, the commit is not';
const OVERTAKEN = 'a commit overtaken between mark and commit is refused, clears nothing, and leaves the mark it set';

/** Faults of the order of mark and commit, and of opening and closing. */
export const BROKEN_LIVES: readonly BrokenStore[] = [
  {
    name: 'sets marks after the commit',
    caughtBy: [MARK_BEFORE],
    breaks: inSteps(async (inner, writes, marks) => {
      const result = await inner.apply(writes, clears(marks));
      await turn();
      await turn();
      if (result.applied) await inner.apply([], sets(marks));
      return result;
    }),
  },
  {
    name: 'clears marks before the commit',
    caughtBy: [CLEAR_AFTER],
    breaks: inSteps(async (inner, writes, marks) => {
      await inner.apply([], clears(marks));
      await turn();
      await turn();
      return inner.apply(writes, sets(marks));
    }),
  },
  {
    name: 'sets and clears marks after it acknowledged',
    caughtBy: [ACKNOWLEDGED],
    breaks: inSteps(async (inner, writes, marks) => {
      const result = await inner.apply(writes);
      if (result.applied) setImmediate(() => inner.apply([], marks).catch(() => undefined));
      return result;
    }),
  },
  {
    name: 'sets marks after the pause, in two steps',
    twoSteps: true,
    caughtBy: [PAUSED],
    breaks: inSteps(async (inner, writes, marks, pause) => {
      await pause();
      return inner.apply(writes, marks);
    }),
  },
  {
    name: 'clears marks with those it sets, in two steps',
    twoSteps: true,
    caughtBy: [OVERTAKEN],
    breaks: inSteps(async (inner, writes, marks, pause) => {
      await inner.apply([], marks);
      await pause();
      return inner.apply(writes);
    }),
  },
  {
    name: 'checks the version before the mark only, in two steps',
    twoSteps: true,
    caughtBy: [OVERTAKEN],
    breaks: inSteps(async (inner, writes, marks, pause) => {
      for (const { partition, expectVersion } of writes) if ((await inner.validate(partition)) !== expectVersion) return { applied: false, stale: [partition] };
      await inner.apply([], sets(marks));
      await pause();
      return inner.apply(await forced(inner, writes), clears(marks));
    }),
  },
  {
    name: 'rejects a second close',
    caughtBy: ['close may be called twice, also at the same time'],
    breaks: (inner) => {
      let open = false;
      return {
        open: async () => {
          await inner.open();
          open = true;
        },
        close: async () => {
          if (!open) throw new Error('closed already');
          open = false;
          await inner.close();
        },
      };
    },
  },
  {
    name: 'forgets everything on close',
    caughtBy: ['a store opened again after close goes on with what is stored'],
    breaks: (inner) => {
      let life = 0;
      const named = (partition: Uint8Array) => Uint8Array.of(...partition, life);
      return {
        load: (partition) => inner.load(named(partition)),
        validate: (partition) => inner.validate(named(partition)),
        read: (partition, keys) => inner.read(named(partition), keys),
        scan: (partition, range) => inner.scan(named(partition), range),
        apply: async (writes, marks) => {
          const result = await inner.apply(
            writes.map((write) => ({ ...write, partition: named(write.partition) })),
            marks,
          );
          return result.applied ? result : { applied: false, stale: result.stale.map((partition) => partition.slice(0, -1)) };
        },
        partitions: async function* () {
          for await (const partition of inner.partitions()) yield partition.slice(0, -1);
        },
        close: async () => {
          life = 1;
          await inner.close();
        },
      };
    },
  },
  {
    name: 'keeps everything to the object that wrote it',
    caughtBy: ['what was acknowledged before close is there for another store over the same data'],
    breaks: (inner) => {
      const written = new Set<string>();
      const known = (partition: Uint8Array) => written.has(Buffer.from(partition).toString('hex'));
      return {
        apply: (writes, marks) => {
          for (const { partition } of writes) written.add(Buffer.from(partition).toString('hex'));
          return inner.apply(writes, marks);
        },
        load: async (partition) => (known(partition) ? inner.load(partition) : { version: 0 }),
        validate: async (partition) => (known(partition) ? inner.validate(partition) : 0),
        read: async (partition, keys) => (known(partition) ? inner.read(partition, keys) : keys.map(() => undefined)),
        scan: async (partition, range) => (known(partition) ? inner.scan(partition, range) : []),
      };
    },
  },
  {
    name: 'knows only the versions it has seen',
    caughtBy: ['a new store over many partitions knows the version of each of them'],
    breaks: (inner) => {
      const seen = new Set<string>();
      return {
        apply: async (writes, marks) => {
          const [copies, changes] = own(writes, marks);
          const unknown = copies.filter(({ partition }) => !seen.has(Buffer.from(partition).toString('hex')));
          for (const { partition } of copies) seen.add(Buffer.from(partition).toString('hex'));
          const trusted = await forced(inner, unknown);
          return inner.apply([...trusted, ...copies.filter((write) => !unknown.includes(write))], changes);
        },
      };
    },
  },
  {
    name: 'answers although it is closed',
    caughtBy: ['every call on a closed store rejects, and changes nothing'],
    breaks: (inner) => {
      let opened = false;
      let open = false;
      return {
        open: async () => {
          if (open) throw new Error('open already');
          open = true;
          if (!opened) await inner.open();
          opened = true;
        },
        close: async () => {
          open = false;
        },
      };
    },
  },
  {
    name: 'may be opened twice',
    caughtBy: ['open of an open store rejects and leaves it open'],
    breaks: (inner) => ({ open: async () => inner.open().catch(() => undefined) }),
  },
  {
    name: 'says applied of a commit that close cut off',
    caughtBy: ['close lets a commit that was begun finish: what it answers is true afterwards'],
    breaks: inSteps(async (inner, writes, marks) => {
      await turn();
      return inner.apply(writes, marks).catch(() => ({ applied: true }) as const);
    }),
  },
  {
    name: 'grows its limit with use',
    caughtBy: ['capabilities do not change while the store is open'],
    breaks: (inner) => {
      let applies = 0;
      return {
        apply: (writes, marks) => {
          applies++;
          return inner.apply(writes, marks);
        },
        get capabilities() {
          return { ...inner.capabilities, applyBytesMax: inner.capabilities.applyBytesMax + applies };
        },
      };
    },
  },
];
