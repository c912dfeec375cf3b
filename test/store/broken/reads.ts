import { noteKey, type ScanRange } from '../../../src/store/store.js';
import { after, all, type BrokenStore, hexOf, own, pastPrefix, turn } from './broken-store.js';

const EVERYTHING = { gte: new Uint8Array(), lt: new Uint8Array(64).fill(0xff), limit: 100_000 };

/** A scan under another order of keys: bounds and sequence follow it alike, as they would in a store that compares so. */
function ordered(compare: (a: Uint8Array, b: Uint8Array) => number): BrokenStore['breaks'] {
  return (inner) => ({
    scan: async (partition, range) => {
      const { gte, lt, reverse = false, limit } = structuredClone(range);
      const rows = (await inner.scan(partition, EVERYTHING)).filter(({ key }) => compare(gte, key) <= 0 && compare(key, lt) < 0);
      rows.sort((a, b) => compare(a.key, b.key));
      return (reverse ? rows.reverse() : rows).slice(0, limit);
    },
  });
}

function compareSigned(a: Uint8Array, b: Uint8Array): number {
  const [x, y] = [Int8Array.from(a), Int8Array.from(b)];
  for (let i = 0; i < Math.min(x.length, y.length); i++) if (x[i] !== y[i]) return x[i]! - y[i]!;
  return x.length - y.length;
}

const scanning =
  (change: (range: ScanRange) => ScanRange): BrokenStore['breaks'] =>
  (inner) => ({ scan: (partition, range) => inner.scan(partition, change(range)) });

/** Faults of `load`, `validate`, `read` and `scan`. */
export const BROKEN_READS: readonly BrokenStore[] = [
  {
    name: 'leaves out the first key of a scan',
    caughtBy: ['gte is part of the range, lt is not, for every pair of keys and both directions'],
    breaks: scanning((range) => ({ ...range, gte: after(range.gte) })),
  },
  {
    name: 'scans the upper bound',
    caughtBy: ['gte is part of the range, lt is not, for every pair of keys and both directions'],
    breaks: scanning((range) => ({ ...range, lt: after(range.lt) })),
  },
  { name: 'takes a bound for a prefix', caughtBy: ['bounds need not be keys'], breaks: scanning((range) => ({ ...range, lt: pastPrefix(range.lt) })) },
  {
    name: 'turns the bounds of a scan around when they are wrong',
    caughtBy: ['an empty range holds nothing, though rows stand on both sides'],
    breaks: scanning((range) => (Buffer.compare(range.gte, range.lt) > 0 ? { ...range, gte: range.lt, lt: range.gte } : range)),
  },
  {
    name: 'ignores the limit when reversed',
    caughtBy: ['a limit takes the first rows, or the last ones when reversed'],
    breaks: scanning((range) => (range.reverse ? { ...range, limit: 100_000 } : range)),
  },
  {
    name: 'ignores reverse',
    caughtBy: ['rows come in unsigned byte order, a prefix before what it begins'],
    breaks: scanning(({ reverse: _, ...range }) => range),
  },
  {
    name: 'takes the first rows and turns them around',
    caughtBy: ['a limit takes the first rows, or the last ones when reversed'],
    breaks: (inner) => ({
      scan: async (partition, { reverse, ...range }) => {
        const rows = await inner.scan(partition, range);
        return reverse ? rows.reverse() : rows;
      },
    }),
  },
  {
    name: 'takes one row more than the limit',
    caughtBy: ['a limit takes the first rows, or the last ones when reversed'],
    breaks: scanning((range) => ({ ...range, limit: range.limit + 1 })),
  },
  { name: 'takes a limit of 0 for none', caughtBy: ['a limit of 0 takes no row'], breaks: scanning((range) => ({ ...range, limit: range.limit || 100_000 })) },
  {
    name: 'ends a scan after a thousand rows',
    caughtBy: ['a scan longer than a store would read at once is complete and in order'],
    breaks: scanning((range) => ({ ...range, limit: Math.min(range.limit, 1000) })),
  },
  { name: 'orders keys as signed bytes', caughtBy: ['rows come in unsigned byte order, a prefix before what it begins'], breaks: ordered(compareSigned) },
  {
    name: 'orders shorter keys first',
    caughtBy: ['rows come in unsigned byte order, a prefix before what it begins'],
    breaks: ordered((a, b) => a.length - b.length || Buffer.compare(a, b)),
  },
  {
    name: 'leaves rows with an empty value out of scans',
    caughtBy: ['empty values and keys of 1 to 200 bytes are rows like others'],
    breaks: (inner) => ({ scan: async (partition, range) => (await inner.scan(partition, range)).filter(({ value }) => value.length > 0) }),
  },
  {
    name: 'gives the log oldest first',
    caughtBy: ['a forward scan of the log gives the newest commit first'],
    breaks: (inner) => ({ scan: (partition, range) => inner.scan(partition, range.gte[0] === 0x20 ? { ...range, reverse: range.reverse !== true } : range) }),
  },
  {
    name: 'hides the log from scans',
    caughtBy: ['a log row stands beside the rows of its commit'],
    breaks: (inner) => ({ scan: async (partition, range) => (await inner.scan(partition, range)).filter(({ key }) => key[0] !== 0x20) }),
  },
  {
    name: 'shows the head in scans',
    caughtBy: ['the head is neither read nor scanned, and does not count towards a limit'],
    breaks: (inner) => ({
      scan: async (partition, range) => {
        const [of, asked] = structuredClone([partition, range] as const);
        const { head } = await inner.load(of);
        const rows = await inner.scan(of, asked);
        const inside = Buffer.compare(asked.gte, Uint8Array.of(0x10)) <= 0 && Buffer.compare(Uint8Array.of(0x10), asked.lt) < 0;
        return head !== undefined && inside ? [...rows, { key: Uint8Array.of(0x10), value: head }].sort((a, b) => Buffer.compare(a.key, b.key)) : rows;
      },
    }),
  },
  {
    name: 'counts the head towards a limit',
    caughtBy: ['the head is neither read nor scanned, and does not count towards a limit'],
    breaks: scanning((range) => (range.gte.length === 0 && range.limit > 0 ? { ...range, limit: range.limit - 1 } : range)),
  },
  {
    name: 'takes an empty head for none',
    caughtBy: ['an empty head and an empty log row are there, and empty'],
    breaks: (inner) => ({
      load: async (partition) => {
        const { head, ...loaded } = await inner.load(partition);
        return head === undefined || head.length === 0 ? loaded : { ...loaded, head };
      },
    }),
  },
  {
    name: 'gives a head and a log row to a partition that nobody wrote',
    caughtBy: ['a partition that nobody wrote has version 0, no head, no log row and no rows'],
    breaks: (inner) => ({ load: async (partition) => ({ head: new Uint8Array(), note: new Uint8Array(), ...(await inner.load(partition)) }) }),
  },
  {
    name: 'answers in the order of its keys',
    caughtBy: ['read answers in the order of the keys, undefined where there is no row'],
    breaks: (inner) => ({ read: (partition, keys) => inner.read(partition, [...keys].sort(Buffer.compare)) }),
  },
  {
    name: 'answers each key once',
    caughtBy: ['read answers each key as often as it is asked'],
    breaks: (inner) => ({ read: (partition, keys) => inner.read(partition, [...new Map(keys.map((key) => [hexOf(key), key])).values()]) }),
  },
  {
    name: 'just ends a listing that is given up',
    caughtBy: ['a call that is given up rejects or answers in full, never in part; a listing also when it is given up on the way'],
    breaks: (inner) => ({
      partitions: async function* (options) {
        for (const partition of await all(inner.partitions())) {
          if (options?.signal?.aborted) return;
          yield partition;
        }
      },
    }),
  },
  {
    name: 'rejects a read of no keys',
    caughtBy: ['read of no keys is an empty answer'],
    breaks: (inner) => ({
      read: async (partition, keys) => {
        if (keys.length === 0) throw new RangeError('no keys');
        return inner.read(partition, keys);
      },
    }),
  },
  {
    name: 'reads the row whose key begins with the one asked',
    caughtBy: ['a key that is the beginning of another is another key'],
    breaks: (inner) => ({
      read: async (partition, keys) => {
        const [of, asked] = structuredClone([partition, [...keys]] as const);
        return Promise.all(asked.map(async (key) => (await inner.scan(of, { gte: key, lt: pastPrefix(key), limit: 1 }))[0]?.value));
      },
    }),
  },
  {
    name: 'scans in pieces, with commits between them',
    caughtBy: ['a scan beside commits sees each of them whole or not at all'],
    breaks: (inner) => ({
      scan: async (partition, range) => {
        const [of, asked] = structuredClone([partition, range] as const);
        const first = await inner.scan(of, { ...asked, limit: Math.min(10, asked.limit) });
        const last = first.at(-1);
        if (last === undefined || first.length === asked.limit) return first;
        await turn();
        const rest = { ...asked, ...(asked.reverse ? { lt: last.key } : { gte: after(last.key) }), limit: asked.limit - first.length };
        return [...first, ...(await inner.scan(of, rest))];
      },
    }),
  },
  {
    name: 'loads version and rows at different moments',
    caughtBy: ['load beside commits gives version, head and log row of one commit, and never goes back'],
    breaks: (inner) => ({
      load: async (partition) => {
        const of = new Uint8Array(partition);
        const version = await inner.validate(of);
        await turn();
        return { ...(await inner.load(of)), version };
      },
    }),
  },
  {
    name: 'validates from what it committed itself',
    caughtBy: ['two stores over the same data: each sees what the other was acknowledged'],
    breaks: (inner) => {
      const versions = new Map<string, number>();
      return {
        apply: async (writes, marks) => {
          const [copies, changes] = own(writes, marks);
          const result = await inner.apply(copies, changes);
          if (result.applied) for (const { partition, version } of copies) versions.set(hexOf(partition), version);
          return result;
        },
        validate: async (partition) => versions.get(hexOf(partition)) ?? inner.validate(partition),
      };
    },
  },
  {
    name: 'validates one commit behind',
    caughtBy: ['validate answers the version after applied and refused commits alike'],
    breaks: (inner) => ({
      validate: async (partition) => {
        const log = await inner.scan(partition, { gte: noteKey(2 ** 48 - 1), lt: Uint8Array.of(0x21), limit: 2 });
        const older = log[1];
        return older === undefined ? 0 : 0xffff_ffff_ffff - Buffer.from(older.key).readUIntBE(1, 6);
      },
    }),
  },
];
