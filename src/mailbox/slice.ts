import { DELTA_CHANGES_MAX, PAGE_BYTES_MAX } from '../model/limits.js';
import type { FullPageReason } from '../model/message.js';
import type { MailboxView } from './mailbox-view.js';
import type { Change } from './rows.js';

/** An item of a slice and the bytes of content it counts for. */
export interface SliceItem<T> {
  readonly item: T;
  readonly bytes: number;
}

/** A slice of the changes since a cursor: the oldest ones, each in its current state, and the cursor to go on from. */
export interface Slice<T> {
  readonly items: readonly T[];
  readonly cursor: number;
  readonly hasMore: boolean;
}

/** Why a cursor cannot be answered by a delta, before any change is looked at. */
export function fullPageReason({ state }: MailboxView, since: number): FullPageReason | undefined {
  if (since > state.version) return 'future';
  if (since < state.head.reset) return state.head.reason === 2 ? 'restored' : 'erased';
  return since < state.head.deltaFloor ? 'expired' : undefined;
}

/**
 * The live changes above `since`, oldest first, at most `size` of them, 1 MiB and 1,000 changes looked at. `live` gives a change's item, `null` when it is passed
 * over (another change came later, or it is none of this list), `undefined` when something has to be read first. A slice may end inside a commit: its cursor is the
 * number of the last change it consumed, never the commit's. Answers 'too-many-changes' when more than `maxChanges` items changed.
 */
export function sliceSince<T>(
  view: MailboxView,
  since: number,
  { size, maxChanges }: { readonly size: number; readonly maxChanges: number },
  live: (change: Change, number: number) => SliceItem<T> | null | undefined,
): Slice<T> | 'too-many-changes' | undefined {
  const items: T[] = [];
  let cursor = since;
  let changed = 0;
  let looked = 0;
  let bytes = 0;
  let unknown = 0;
  let full = false;
  walk: for (const row of view.logUp(since)) {
    for (let i = row.changes.length - 1; i >= 0; i--) {
      const number = row.version - i;
      if (number <= since) continue;
      if (looked++ === DELTA_CHANGES_MAX) {
        full = true;
        break walk;
      }
      const found = live(row.changes[i]!, number);
      if (found === undefined) {
        // What is unknown here is read in one go with a page of what follows.
        if (++unknown > size) break walk;
        continue;
      }
      if (found !== null && ++changed > maxChanges) return unknown > 0 ? undefined : 'too-many-changes';
      if (full) continue;
      if (found !== null && changed > 1 && (changed > size || bytes + found.bytes > PAGE_BYTES_MAX)) {
        full = true;
        if (maxChanges === Number.POSITIVE_INFINITY) break walk;
        continue;
      }
      if (found !== null) {
        items.push(found.item);
        bytes += found.bytes;
      }
      cursor = number;
    }
  }
  if (view.needs.length > 0) return undefined;
  return { items, cursor: full ? cursor : view.state.version, hasMore: full };
}
