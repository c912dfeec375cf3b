import type { ClientCopy } from './client-copy.js';
import { type ExpectedList, frameOf } from './compare-pages.js';
import type { Findings } from './findings.js';
import { type DemoMailring, fetchList, type Item, nameOf, slicesSince } from './lists.js';

/** Log changes that one delta looks at: docs/limits.md. */
const DELTA_CHANGES_MAX = 1_000;

/** What deltas are compared with. */
export interface ExpectedDeltas extends ExpectedList {
  /** The number of every message of the mailbox, the oldest first: each one is a change. */
  readonly changes: readonly number[];
}

/** Deltas from every cursor a client held, taken to their end and by default; and the client's own copy, once it has caught up. */
export async function compareDeltas(mailring: DemoMailring, copy: ClientCopy, expected: ExpectedDeltas, pageSize: number, findings: Findings): Promise<void> {
  for (const cursor of new Set(copy.cursors)) {
    await compareSlices(mailring, copy, cursor, expected, pageSize, findings);
    await compareDefault(mailring, copy, cursor, expected, pageSize, findings);
  }
  await copy.catchUp(mailring, Number.POSITIVE_INFINITY);
  findings.deltas++;
  findings.equalLists(() => `${nameOf(copy.list)}, a client's copy after its last delta`, copy.items, expected.items);
}

/** Everything that changed since, oldest first, each item once. */
async function compareSlices(
  mailring: DemoMailring,
  { list }: ClientCopy,
  cursor: number,
  expected: ExpectedDeltas,
  pageSize: number,
  findings: Findings,
): Promise<void> {
  const where = () => `${nameOf(list)}, slices of ${pageSize} since ${cursor}`;
  const items: Item[] = [];
  let last = cursor;
  for await (const slice of slicesSince(mailring, list, cursor, { pageSize, maxChanges: Number.POSITIVE_INFINITY })) {
    findings.deltas++;
    items.push(...slice.items);
    last = slice.lastUpdatedTimestamp;
    findings.equal(where, { delta: slice.isDeltaUpdate, fits: slice.items.length <= pageSize }, { delta: true, fits: true });
    findings.equal(where, slice.totals, expected.totals);
  }
  findings.equalLists(where, items, changedSince(expected, cursor));
  findings.equal(where, { cursor: last }, { cursor: expected.version });
}

/** Without `maxChanges` the answer is a slice, or a full first page when more than a page of items changed. */
async function compareDefault(
  mailring: DemoMailring,
  { list }: ClientCopy,
  cursor: number,
  expected: ExpectedDeltas,
  pageSize: number,
  findings: Findings,
): Promise<void> {
  const where = () => `${nameOf(list)}, by default since ${cursor}, page size ${pageSize}`;
  const { items, hasMore, lastUpdatedTimestamp, next, ...rest } = await fetchList(mailring, list, { pageSize, lastUpdatedTimestamp: cursor });
  findings.deltas++;
  const changes = expected.changes.filter((number) => number > cursor);
  const lookedAt = new Set(changes.slice(0, DELTA_CHANGES_MAX));
  const changed = changedSince(expected, cursor).filter((item) => lookedAt.has(item.lastUpdatedTimestamp));
  const { totals } = expected;
  if (changed.length > pageSize) {
    findings.equalLists(where, items, expected.items.slice(0, pageSize));
    const page = { ...frameOf(expected), reason: 'too-many-changes', hasMore: expected.items.length > pageSize };
    findings.equal(where, { ...rest, hasMore, lastUpdatedTimestamp }, page);
  } else {
    findings.equalLists(where, items, changed);
    const slice = { isDeltaUpdate: true, hasMore: changes.length > lookedAt.size, next: undefined, ...(totals ? { totals } : { floors: [] }) };
    findings.equal(where, { ...rest, next, hasMore }, slice);
  }
}

function changedSince({ items }: ExpectedDeltas, cursor: number): Item[] {
  return items.filter((item) => item.lastUpdatedTimestamp > cursor).reverse();
}
