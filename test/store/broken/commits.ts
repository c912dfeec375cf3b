import { noteKey } from '../../../src/store/store.js';
import { all, type BrokenStore, changing, forced, own, turn } from './broken-store.js';

/** Faults of `apply`: versions, atomicity, head and log rows. */
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
