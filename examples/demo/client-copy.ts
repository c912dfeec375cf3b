import { type DemoMailring, fetchList, type Item, keyOf, type ListName, nameOf, placeOf, slicesSince } from './lists.js';

/** Times a page is asked again that is older than what is held. */
const TRIES_MAX = 10;

/**
 * A client that keeps a whole list on its side: it takes the pages once, then only what changed. It follows the rules of "Merging" in docs/guarantees.md; messages
 * and conversations are never deleted in the demo, so the rule of floors has nothing to do here.
 */
export class ClientCopy {
  readonly list: ListName;
  /** The cursor held after each time it caught up, the oldest first. */
  readonly cursors: number[] = [];
  readonly #pageSize: number;
  #items = new Map<string, Item>();

  constructor(list: ListName, pageSize: number) {
    this.list = list;
    this.#pageSize = pageSize;
  }

  has(key: string): boolean {
    return this.#items.has(key);
  }

  /** What is held, newest first. */
  get items(): Item[] {
    return [...this.#items.values()].sort((a, b) => placeOf(b) - placeOf(a));
  }

  /** Takes the whole list, page by page through `next`. The cursor is that of the first page: what moves meanwhile comes with the next delta. */
  async start(mailring: DemoMailring): Promise<void> {
    const first = await fetchList(mailring, this.list, { pageSize: this.#pageSize });
    await this.#replace(mailring, first.items, first.lastUpdatedTimestamp, first.next);
  }

  /** Takes what changed since the cursor held. `maxChanges` is the most changes to take as such; above it the answer is a full page, and the copy starts again. */
  async catchUp(mailring: DemoMailring, maxChanges?: number): Promise<void> {
    let cursor = this.cursors.at(-1)!;
    for await (const answer of slicesSince(mailring, this.list, cursor, { pageSize: this.#pageSize, maxChanges })) {
      if (!answer.isDeltaUpdate) return this.#replace(mailring, answer.items, answer.lastUpdatedTimestamp, answer.next);
      this.#merge(answer.items);
      cursor = answer.lastUpdatedTimestamp;
    }
    this.cursors.push(cursor);
  }

  async #replace(mailring: DemoMailring, items: readonly Item[], cursor: number, next: number | undefined): Promise<void> {
    this.#items = new Map();
    this.#merge(items);
    this.cursors.push(cursor);
    let tries = 0;
    while (next !== undefined) {
      const page = await fetchList(mailring, this.list, { pageSize: this.#pageSize, before: next });
      if (page.lastUpdatedTimestamp < cursor) {
        if (++tries === TRIES_MAX) throw new Error(`${nameOf(this.list)}: pages are older than the cursor ${cursor}, also when asked again`);
        continue;
      }
      if (page.next !== undefined && page.next >= next) throw new Error(`${nameOf(this.list)}: the page before ${next} says to go on before ${page.next}`);
      this.#merge(page.items);
      next = page.next;
    }
  }

  #merge(items: readonly Item[]): void {
    for (const item of items) {
      const held = this.#items.get(keyOf(item));
      if (held === undefined || held.lastUpdatedTimestamp <= item.lastUpdatedTimestamp) this.#items.set(keyOf(item), item);
    }
  }
}
