import type { Op, PartitionWrite } from '../../../src/store/store.js';
import { noteKey } from '../../../src/store/store.js';
import { after, all, type BrokenStore, changing, forced, hexOf, own, pastPrefix, turn } from './broken-store.js';

/** What Cassandra makes of a batch sent as it is: range deletes first, a delete beats a put, the greater value beats the smaller. */
function withoutOrder({ ops, ...write }: PartitionWrite): PartitionWrite {
  const deleted = new Set(ops.flatMap((op) => (op.type === 'delete' ? [hexOf(op.key)] : [])));
  const puts = ops.filter((op) => op.type === 'put').sort((a, b) => Buffer.compare(a.value, b.value));
  return { ...write, ops: [...ops.filter((op) => op.type !== 'put'), ...puts.filter((op) => !deleted.has(hexOf(op.key)))] };
}

const ranges = (change: (op: Op & { type: 'deleteRange' }) => Op) =>
  changing((write) => ({ ...write, ops: write.ops.map((op) => (op.type === 'deleteRange' ? change(op) : op)) }));
const puts = (change: (op: Op & { type: 'put' }) => Op) =>
  changing((write) => ({ ...write, ops: write.ops.map((op) => (op.type === 'put' ? change(op) : op)) }));
const deletes = (change: (op: Op & { type: 'delete' }) => Op) =>
  changing((write) => ({ ...write, ops: write.ops.map((op) => (op.type === 'delete' ? change(op) : op)) }));

/** The random histories of the suite; the seeds are those it has without a hook. */
const RANDOM = [20_261_125, 20_261_126, 20_261_127, 20_261_128].map((seed) => `a random history agrees with a model of the contract (seed ${seed})`);

/** Faults of `apply`: versions, atomicity, and the order of operations. */
export const BROKEN_COMMITS: readonly BrokenStore[] = [
  {
    name: 'ignores expectVersion',
    caughtBy: [
      'a commit planned on an older, a later or no version is refused and names its partition',
      'a commit repeated on the version it was planned on is refused',
      'a refused commit with every kind of operation leaves nothing behind',
    ],
    breaks: (inner) => ({
      apply: async (writes, marks) => {
        const [copies, changes] = own(writes, marks);
        return inner.apply(await forced(inner, copies), changes);
      },
    }),
  },
  {
    name: 'refuses only what is planned on an older version',
    caughtBy: ['the first commit of a partition is refused unless it expects version 0'],
    breaks: (inner) => ({
      apply: async (writes, marks) => {
        const [copies, changes] = own(writes, marks);
        const versions = await Promise.all(copies.map((write) => inner.validate(write.partition)));
        return inner.apply(
          copies.map((write, i) => ({ ...write, expectVersion: Math.min(write.expectVersion, versions[i]!) })),
          changes,
        );
      },
    }),
  },
  {
    name: 'commits although it says refused',
    caughtBy: ['a refused commit leaves rows, head, log row and version as they were, and the right one is applied after it'],
    breaks: (inner) => ({
      apply: async (writes, marks) => {
        const [copies, changes] = own(writes, marks);
        const result = await inner.apply(copies, changes);
        if (!result.applied) await inner.apply(await forced(inner, copies));
        return result;
      },
    }),
  },
  {
    name: 'answers before it writes',
    caughtBy: ['read and scan begun after a commit was acknowledged see it'],
    breaks: (inner) => ({
      apply: async (writes, marks) => {
        const [copies, changes] = own(writes, marks);
        const versions = await Promise.all(copies.map((write) => inner.validate(write.partition)));
        const stale = copies.filter((write, i) => write.expectVersion !== versions[i]).map((write) => write.partition);
        if (stale.length > 0) return { applied: false, stale };
        // A late failure is nobody's: this store has already answered.
        setImmediate(() => inner.apply(copies, changes).catch(() => undefined));
        return { applied: true };
      },
    }),
  },
  {
    name: 'checks first and writes a turn later',
    caughtBy: [
      'of two commits begun on one version exactly one is applied, and only its rows are there',
      'of many commits begun on one version exactly one is applied',
      'writers that load again after a refusal lose no update',
      'two stores over the same data: of two commits on one version exactly one is applied',
    ],
    breaks: (inner) => ({
      apply: async (writes, marks) => {
        const [copies, changes] = own(writes, marks);
        const versions = await Promise.all(copies.map((write) => inner.validate(write.partition)));
        const stale = copies.filter((write, i) => write.expectVersion !== versions[i]).map((write) => write.partition);
        if (stale.length > 0) return { applied: false, stale };
        await turn();
        return inner.apply(await forced(inner, copies), changes);
      },
    }),
  },
  {
    name: 'is not atomic over partitions',
    caughtBy: [
      'one stale partition of several refuses them all, wherever it stands, and only it is named',
      'of two applies over the same two partitions one wins both, whatever order they are named in',
    ],
    breaks: (inner) => ({
      apply: async (writes, marks) => {
        const [copies, changes] = own(writes, marks);
        const stale: Uint8Array[] = [];
        for (const [i, write] of copies.entries()) {
          const result = await inner.apply([write], i === 0 ? changes : []);
          if (!result.applied) stale.push(...result.stale);
        }
        return stale.length === 0 ? { applied: true } : { applied: false, stale };
      },
    }),
  },
  {
    name: 'commits only the first of several partitions',
    caughtBy: ['an apply over several partitions commits each of them'],
    breaks: (inner) => ({ apply: async (writes, marks) => inner.apply(writes.slice(0, 1), marks) }),
  },
  {
    name: 'names every partition as stale',
    caughtBy: ['stale names exactly the partitions that have another version'],
    breaks: (inner) => ({
      apply: async (writes, marks) => {
        const [copies, changes] = own(writes, marks);
        const result = await inner.apply(copies, changes);
        return result.applied ? result : { applied: false, stale: copies.map((write) => write.partition) };
      },
    }),
  },
  {
    name: 'names only the first stale partition',
    caughtBy: ['stale names exactly the partitions that have another version'],
    breaks: (inner) => ({
      apply: async (writes, marks) => {
        const result = await inner.apply(writes, marks);
        return result.applied ? result : { applied: false, stale: result.stale.slice(0, 1) };
      },
    }),
  },
  {
    name: 'takes one commit at a time and refuses the others',
    caughtBy: ['concurrent commits of different partitions are all applied'],
    breaks: (inner) => {
      let busy = false;
      return {
        apply: async (writes, marks) => {
          const [copies, changes] = own(writes, marks);
          if (busy) return { applied: false, stale: copies.map((write) => write.partition) };
          busy = true;
          await turn();
          busy = false;
          return inner.apply(copies, changes);
        },
      };
    },
  },
  {
    name: 'has one version for all partitions',
    caughtBy: ['a commit in one partition does not move the version of another'],
    breaks: (inner) => {
      const newest = async () => Math.max(0, ...(await Promise.all((await all(inner.partitions())).map((partition) => inner.validate(partition)))));
      return { validate: newest, load: async (partition) => ({ ...(await inner.load(partition)), version: await newest() }) };
    },
  },
  {
    name: 'keeps 32 bits of a version',
    caughtBy: ['a version may be any integer up to 2^48 − 1, and may jump'],
    breaks: (inner) => ({
      validate: async (partition) => (await inner.validate(partition)) >>> 0,
      load: async (partition) => {
        const loaded = await inner.load(partition);
        return { ...loaded, version: loaded.version >>> 0 };
      },
    }),
  },
  {
    name: 'drops commits without operations',
    caughtBy: ['a commit without operations moves the version'],
    breaks: (inner) => ({
      apply: async (writes, marks) =>
        inner.apply(
          writes.filter((write) => write.ops.length > 0),
          marks,
        ),
    }),
  },
  {
    name: 'sends a batch without order',
    caughtBy: [
      'delete, put: there',
      'two puts: the last one, though its value is smaller',
      'put, range delete over it: gone',
      'the same operations on a partition that held nothing',
      ...RANDOM,
    ],
    breaks: changing(withoutOrder),
  },
  {
    name: 'runs puts after deletes',
    caughtBy: ['put, delete: gone', 'delete, put, delete: gone', 'range delete, put, range delete: gone'],
    breaks: changing((write) => ({ ...write, ops: [...write.ops.filter((op) => op.type !== 'put'), ...write.ops.filter((op) => op.type === 'put')] })),
  },
  {
    name: 'runs range deletes last',
    caughtBy: [
      'range delete, put in it: there',
      'put, range delete, put: the last',
      'a range delete takes puts before it and leaves puts after it',
      'overlapping range deletes with puts between them',
    ],
    breaks: changing((write) => ({
      ...write,
      ops: [...write.ops.filter((op) => op.type !== 'deleteRange'), ...write.ops.filter((op) => op.type === 'deleteRange')],
    })),
  },
  {
    name: 'runs operations backwards',
    caughtBy: ['put, delete, put: the last'],
    breaks: changing((write) => ({ ...write, ops: [...write.ops].reverse() })),
  },
  {
    name: 'runs operations on what was there before the commit',
    caughtBy: ['range delete, put, delete: gone'],
    breaks: changing((write) => ({ ...write, ops: [...write.ops.filter((op) => op.type === 'delete'), ...write.ops.filter((op) => op.type !== 'delete')] })),
  },
  {
    name: 'deletes the upper bound of a range',
    caughtBy: ['a range delete takes its first key and leaves its last'],
    breaks: ranges((op) => ({ ...op, lt: after(op.lt) })),
  },
  {
    name: 'leaves the first key of a range',
    caughtBy: ['a range delete takes its first key and leaves its last', 'a range delete that ends at a longer key takes the prefix'],
    breaks: ranges((op) => ({ ...op, gte: after(op.gte) })),
  },
  {
    name: 'turns the bounds of a range delete around when they are wrong',
    caughtBy: ['a range delete from a key to a lower one deletes nothing'],
    breaks: ranges((op) => (Buffer.compare(op.gte, op.lt) > 0 ? { ...op, gte: op.lt, lt: op.gte } : op)),
  },
  {
    name: 'takes a range delete from a key to itself for a delete',
    caughtBy: ['a range delete from a key to itself deletes nothing'],
    breaks: ranges((op) => (Buffer.compare(op.gte, op.lt) === 0 ? { type: 'delete', key: op.gte } : op)),
  },
  {
    name: 'rejects a delete of what is not there',
    caughtBy: ['deleting what is not there is nothing'],
    breaks: (inner) => ({
      apply: async (writes, marks) => {
        const [copies, changes] = own(writes, marks);
        for (const { partition, ops } of copies) {
          const keys = ops.flatMap((op) => (op.type === 'delete' ? [op.key] : []));
          if ((await inner.read(partition, keys)).includes(undefined)) throw new RangeError('no such row');
        }
        return inner.apply(copies, changes);
      },
    }),
  },
  {
    name: 'deletes what begins with the key as well',
    caughtBy: ['a delete takes one key, not those that begin with it'],
    breaks: deletes((op) => ({ type: 'deleteRange', gte: op.key, lt: pastPrefix(op.key) })),
  },
  {
    name: 'ignores range deletes',
    caughtBy: ['a range delete below the head and one from just above the log leave head and log alone'],
    breaks: changing((write) => ({ ...write, ops: write.ops.filter((op) => op.type !== 'deleteRange') })),
  },
  {
    name: 'drops rows with an empty value',
    caughtBy: ['an empty value is a row'],
    breaks: puts((op) => (op.value.length === 0 ? { type: 'delete', key: op.key } : op)),
  },
  {
    name: 'keeps the greater value of a row over commits',
    caughtBy: ['a put replaces the row of an earlier commit, a delete removes it, and it can come back'],
    breaks: (inner) => ({
      apply: async (writes, marks) => {
        const [copies, changes] = own(writes, marks);
        for (const write of copies) {
          const held = await inner.read(
            write.partition,
            write.ops.map((op) => (op.type === 'put' ? op.key : noteKey(0))),
          );
          Object.assign(write, { ops: write.ops.filter((op, i) => op.type !== 'put' || held[i] === undefined || Buffer.compare(op.value, held[i]) > 0) });
        }
        return inner.apply(copies, changes);
      },
    }),
  },
  {
    name: 'cuts values at 64 KiB',
    caughtBy: ['a value of nearly applyBytesMax is stored whole'],
    breaks: puts((op) => ({ ...op, value: op.value.slice(0, 65_536) })),
  },
  {
    name: 'loses what is past the first thousand operations',
    caughtBy: ['thousands of rows of nearly applyBytesMax in one commit are all stored'],
    breaks: changing((write) => ({ ...write, ops: write.ops.slice(0, 1000) })),
  },
  {
    name: 'forgets the head with a commit that brings none',
    caughtBy: ['a head stays until a commit brings another'],
    breaks: (inner) => ({
      apply: async (writes, marks) =>
        inner.apply(
          writes.map((write) => ({ ...write, head: write.head ?? new Uint8Array() })),
          marks,
        ),
      load: async (partition) => {
        const { head, ...loaded } = await inner.load(partition);
        return head === undefined || head.length === 0 ? loaded : { ...loaded, head };
      },
    }),
  },
  {
    name: 'writes the head once',
    caughtBy: ['load gives the version, the head and the log row of the last commit'],
    breaks: (inner) => ({
      apply: async (writes, marks) => {
        const [copies, changes] = own(writes, marks);
        const loaded = await Promise.all(copies.map((write) => inner.load(write.partition)));
        return inner.apply(
          copies.map((write, i) => ({ ...write, ...(loaded[i]?.head !== undefined && { head: loaded[i].head }) })),
          changes,
        );
      },
    }),
  },
  {
    name: 'keeps only the newest log row',
    caughtBy: ['the log row of every commit is read under its key'],
    breaks: changing((write) => ({ ...write, ops: [...write.ops, { type: 'deleteRange', gte: noteKey(write.version - 1), lt: Uint8Array.of(0x21) }] })),
  },
  {
    name: 'keeps log rows for ever',
    caughtBy: ['older log rows can be deleted one by one and by range; version, head and newest log row stay'],
    breaks: changing((write) => ({ ...write, ops: write.ops.filter((op) => (op.type === 'deleteRange' ? op.gte : op.key)[0] !== 0x20) })),
  },
];
