import { join } from 'node:path';
import { type Clock, timeOf } from '../model/clock.js';
import { type BackupShard, beginRestore, copyShard, discard, finishRestore, lastRestoreOf, readBackup, recordRestore } from '../store/level/backup-folder.js';
import { LevelStore } from '../store/level/level-store.js';
import type { Store } from '../store/store.js';
import { runFolderTask } from './folder-task.js';
import { insistOnIdentity, markRestored } from './identity.js';
import { raiseMailboxes } from './raise.js';
import type { Restoration, RestoreProgress } from './restore.js';

/** A restore whose arguments were checked. */
export interface CheckedRestore {
  readonly from: string;
  readonly location: string;
  readonly notBelow: number;
  readonly clock: Clock;
  readonly onProgress: ((restored: RestoreProgress) => void) | undefined;
}

/**
 * Makes a folder of a backup in which every mailbox goes on above all numbers that may have been given since, by what was lost or by an earlier restore, and where cursors from before
 * are answered by a full page. The two copies of a conversation need no reconciling: all shards come from one instant.
 */
export async function runRestore({ from, location, notBelow, clock, onProgress }: CheckedRestore, signal: AbortSignal | undefined): Promise<Restoration> {
  const { shards } = await readBackup(from);
  const names = shards.map(({ name }) => name);
  const task = {
    what: 'the restore',
    location,
    signal,
    onProgress,
    begin: () => beginRestore(location, from),
    discard: () => discard(location, names),
  };
  return runFolderTask<RestoreProgress, Restoration>(task, async (report) => {
    const last = Math.max(await lastRestoreOf(from), notBelow);
    // Now, and not after hours, is seen that it cannot be written.
    await recordRestore(from, last);
    let restored = { bytes: 0, mailboxes: 0 };
    const add = ({ bytes = 0, mailboxes = 0 }: Partial<RestoreProgress>) => {
      restored = { bytes: restored.bytes + bytes, mailboxes: restored.mailboxes + mailboxes };
      report(restored);
    };
    for (const shard of shards) await copyShard(from, location, shard, signal, (bytes) => add({ bytes }));

    const each = <T>(use: (store: Store, shard: BackupShard) => Promise<T>) => eachStore(location, shards, clock, use);
    const above = Math.max(timeOf(clock), last);
    const begins = await each(async (store, shard) => {
      await insistOnIdentity(store, shard.name);
      return raiseMailboxes(store, above, { signal, onRaised: (mailboxes) => add({ mailboxes }) });
    });
    const began = Math.max(...begins);
    await each((store) => markRestored(store, began));
    await recordRestore(from, began);
    await finishRestore(location);
    report(restored);
    return { began, shards: names, ...restored };
  });
}

async function eachStore<T>(
  location: string,
  shards: readonly BackupShard[],
  clock: Clock,
  use: (store: Store, shard: BackupShard) => Promise<T>,
): Promise<T[]> {
  const answers: T[] = [];
  for (const shard of shards) {
    const store = new LevelStore({ location: join(location, shard.name) });
    await store.open({ clock });
    try {
      answers.push(await use(store, shard));
    } finally {
      await store.close();
    }
  }
  return answers;
}
