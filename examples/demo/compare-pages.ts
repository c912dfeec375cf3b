import type { Totals } from 'mailring';
import type { Findings } from './findings.js';
import { type Answer, type DemoMailring, fetchList, type Item, type ListName, nameOf } from './lists.js';

/** What a list must be: its items, newest first, at this version of the mailbox, and for conversations the totals. */
export interface ExpectedList {
  readonly items: readonly Item[];
  readonly version: number;
  readonly totals?: Totals | undefined;
}

/** All items of a list, page by page through `next`; each page is full but the last. `most` items are expected: a list that goes on beyond is cut there. */
export async function readThroughNext(mailring: DemoMailring, list: ListName, pageSize: number, most: number, findings: Findings): Promise<ExpectedList> {
  const items: Item[] = [];
  let before: number | undefined;
  for (;;) {
    const page = await fetchList(mailring, list, { pageSize, before });
    const { lastUpdatedTimestamp: version, totals, next } = page;
    findings.pages++;
    items.push(...page.items);
    const border = page.hasMore ? { items: pageSize, next: typeof next === 'number' } : { items: page.items.length, next: false };
    findings.equal(() => `${nameOf(list)}, page of ${pageSize} before ${before}`, { items: page.items.length, next: next !== undefined }, border);
    if (next === undefined || items.length > most) return { items, version, totals };
    before = next;
  }
}

/** Pages through `next`, against what the list must be. */
export async function comparePagesThroughNext(
  mailring: DemoMailring,
  list: ListName,
  expected: ExpectedList,
  pageSize: number,
  findings: Findings,
): Promise<void> {
  const { items, version, totals } = await readThroughNext(mailring, list, pageSize, expected.items.length, findings);
  findings.equalLists(() => `${nameOf(list)}, pages of ${pageSize} through next`, items, expected.items);
  findings.equal(() => `${nameOf(list)}, page of ${pageSize}`, { version, totals }, { version: expected.version, totals: expected.totals });
}

/** Pages by number, against what the list must be, and the empty one behind a last page that is full. */
export async function comparePagesByNumber(
  mailring: DemoMailring,
  list: ListName,
  expected: ExpectedList,
  pageSize: number,
  findings: Findings,
): Promise<void> {
  for (let from = 0; from <= expected.items.length; from += pageSize) {
    const pageNumber = from / pageSize + 1;
    const where = () => `${nameOf(list)}, page ${pageNumber} of ${pageSize}`;
    const { items, next, ...rest } = await fetchList(mailring, list, { pageNumber, pageSize });
    findings.pages++;
    findings.equalLists(where, items, expected.items.slice(from, from + pageSize));
    const hasMore = from + pageSize < expected.items.length;
    findings.equal(where, { ...rest, next: next !== undefined }, { ...frameOf(expected), hasMore, next: hasMore });
  }
}

/** What an answer says beside its items, when it is a page. */
export function frameOf({ version, totals }: ExpectedList): Omit<Answer, 'items' | 'hasMore'> {
  return { isDeltaUpdate: false, lastUpdatedTimestamp: version, ...(totals && { totals }) };
}
