import type { BrokenStore } from './broken-store.js';

const EVERY_PRECONDITION = [
  'operations on the key of the head are refused',
  'puts among the log rows and deletes of the log row that the commit writes are refused',
  'an empty key is refused',
  'a version that is not an integer above expectVersion and below 2^48 is refused',
  'a partition named twice, or a second one where the store takes one a call, is refused',
  'an apply of more than applyBytesMax is refused',
  'a slot that is not an integer from 0 to MARK_SLOTS − 1 is refused, and is no slot to scan',
];

const FORM = 'a partition of another form than kind, length and as many bytes is refused by every call';

/** Faults with calls that are mistakes of the program. */
export const BROKEN_PRECONDITIONS: readonly BrokenStore[] = [
  {
    name: 'answers a mistake as if it were applied',
    caughtBy: [...EVERY_PRECONDITION, FORM],
    breaks: (inner) => ({ apply: (writes, marks) => inner.apply(writes, marks).catch(() => ({ applied: true }) as const) }),
  },
  {
    name: 'throws on a mistake, but runs what is right in the commit',
    caughtBy: EVERY_PRECONDITION.slice(0, 3),
    breaks: (inner) => ({
      apply: (writes, marks) =>
        inner.apply(writes, marks).catch(async (error: unknown) => {
          await inner.apply(writes.map((write) => ({ ...write, ops: write.ops.filter((op) => op.type === 'put' && op.key[0] === 0x31) })));
          throw error;
        }),
    }),
  },
  {
    name: 'clears marks although it throws',
    caughtBy: EVERY_PRECONDITION.slice(0, 6),
    breaks: (inner) => ({
      apply: (writes, marks) =>
        inner.apply(writes, marks).catch(async (error: unknown) => {
          await inner.apply([], marks);
          throw error;
        }),
    }),
  },
  {
    name: 'finds nothing under a name that no partition can have',
    caughtBy: [FORM],
    breaks: (inner) => ({ load: (partition) => inner.load(partition).catch(() => ({ version: 0 })) }),
  },
  {
    name: 'finds nothing in a slot that cannot be',
    caughtBy: EVERY_PRECONDITION.slice(6),
    breaks: (inner) => ({
      scanMarks: async function* (slot) {
        if (slot >= 0 && slot < 64 && Number.isInteger(slot)) yield* inner.scanMarks(slot);
      },
    }),
  },
];
