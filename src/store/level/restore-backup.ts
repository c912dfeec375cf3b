import { type Clock, timeOf } from '../../model/clock.js';
import type { Store } from '../store.js';
import { beginRestore, copyShard, discard, finishRestore, lastRestoreOf, readBackup, recordRestore, shardBeingRestored } from './backup-folder.js';
import { runFolderTask } from './folder-task.js';
import { LevelStore } from './level-store.js';
import { translateError } from './translate-error.js';

/** What was restored so far. */
export interface RestoredSoFar {
  readonly bytes: number;
  readonly mailboxes: number;
}

/** A restore that is to be made. */
export interface RestoreTask {
  readonly from: string;
  readonly location: string;
  /** Where a restore began that the backup does not know of; 0 for none. */
  readonly notBelow: number;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((restored: RestoredSoFar) => void) | undefined;
  /** Makes one shard's mailboxes go on above a number, and above all they had; gives the greatest version there is then. */
  raise(store: Store, shard: string, above: number, onRaised: (mailboxes: number) => void): Promise<number>;
  /** Says in a store where its restore began. */
  mark(store: Store, began: number): Promise<void>;
}

/**
 * Makes a folder of a backup. The two copies of a conversation need no reconciling: all shards come from one instant. Where the restore began stands in the backup before the folder can be
 * opened, so that no other begins there.
 *
 * @throws `MAILRING_FORMAT`, `MAILRING_CORRUPT`, `MAILRING_UNAVAILABLE`, `RangeError`, the signal's reason, what `onProgress`, `raise` and `mark` throw
 */
export async function restoreBackup(restore: RestoreTask): Promise<RestoredSoFar & { readonly began: number; readonly shards: readonly string[] }> {
  const { from, location, notBelow, clock, signal, onProgress } = restore;
  const { shards } = await readBackup(from).catch((error) => {
    throw translateError(error, { what: 'reading the backup', location: from });
  });
  const names = shards.map(({ name }) => name);
  const begin = () => beginRestore(location, from);
  const task = { what: 'the restore', location, signal, onProgress, begin, discard: () => discard(location, names) };
  return runFolderTask(task, async (report) => {
    const last = Math.max(await lastRestoreOf(from), notBelow);
    // Now, and not after hours, is seen that it cannot be written.
    await recordRestore(from, last);
    let restored: RestoredSoFar = { bytes: 0, mailboxes: 0 };
    const add = ({ bytes = 0, mailboxes = 0 }: Partial<RestoredSoFar>) => {
      restored = { bytes: restored.bytes + bytes, mailboxes: restored.mailboxes + mailboxes };
      report(restored);
    };
    for (const shard of shards) await copyShard(from, location, shard, signal, (bytes) => add({ bytes }));

    let began = 0;
    const each = async (use: (store: Store, shard: string) => Promise<void>) => {
      for (const name of names) await withStore(shardBeingRestored(location, name), clock, (store) => use(store, name));
    };
    const above = Math.max(timeOf(clock), last);
    await each(async (store, shard) => {
      began = Math.max(began, await restore.raise(store, shard, above, (mailboxes) => add({ mailboxes })));
    });
    await each((store) => restore.mark(store, began));
    await recordRestore(from, began);
    await finishRestore(location, names);
    report(restored);
    return { began, shards: names, ...restored };
  });
}

async function withStore(location: string, clock: Clock, use: (store: Store) => Promise<void>): Promise<void> {
  const store = new LevelStore({ location });
  await store.open({ clock });
  try {
    await use(store);
  } finally {
    await store.close();
  }
}
