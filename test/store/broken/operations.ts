import { noteKey, type Op, type PartitionWrite } from '../../../src/store/store.js';
import { after, type BrokenStore, changing, hexOf, own, pastPrefix } from './broken-store.js';

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

/** Faults of `apply`: what operations do, and in which order. */
export const BROKEN_OPERATIONS: readonly BrokenStore[] = [
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
];
