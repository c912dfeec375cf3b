import { join } from 'node:path';
import type { Store } from '../store.js';
import { beginBackup, discard, FOLDER_NAME, finishBackup } from './backup-folder.js';
import { runFolderTask } from './folder-task.js';

/** What was copied so far. */
export interface CopiedRows {
  readonly rows: number;
  readonly bytes: number;
}

/** A backup that is to be made. */
export interface BackupTask {
  readonly to: string;
  readonly takenAt: number;
  /** By the names of their shards. */
  readonly stores: ReadonlyMap<string, Store>;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((copied: CopiedRows) => void) | undefined;
  /** Throws where the mailring was closed: that is then why it failed. */
  insistOpen(): void;
}

/**
 * Copies all stores as they are at one instant. A delivery is begun when its home's commit was acknowledged, so no shard has a copy whose home lacks the message; what is still to be
 * delivered then has its mark in the copy.
 *
 * @throws `TypeError`, `RangeError`, the signal's reason, what `insistOpen` and `onProgress` throw, `MAILRING_UNAVAILABLE`, `MAILRING_CORRUPT`
 */
export async function writeBackup({ to, takenAt, stores, signal, onProgress, insistOpen }: BackupTask): Promise<CopiedRows> {
  const names = [...stores.keys()];
  for (const [name, store] of stores) {
    if (store.checkpoint === undefined)
      throw new TypeError(`backup copies stores in LevelDB; back up this one by the means of its database. shard=\`${name}\``);
    if (!FOLDER_NAME.test(name)) throw new RangeError(`backup needs names of shards that can be folders: a-z, 0-9, '.', '_', '-'. shard=\`${name}\``);
  }
  const begin = () => beginBackup(to, takenAt);
  const task = { what: 'the backup', location: to, signal, onProgress, begin, discard: () => discard(to, names), insistOpen };
  return runFolderTask(task, async (report) => {
    insistOpen();
    let copied: CopiedRows = { rows: 0, bytes: 0 };
    const add = ({ rows, bytes }: CopiedRows) => {
      copied = { rows: copied.rows + rows, bytes: copied.bytes + bytes };
      report(copied);
    };
    // All in one turn: that is the instant.
    const copies = [...stores].map(([name, store]) => store.checkpoint!(join(to, name), { signal, onProgress: add }));
    const failed = (await Promise.allSettled(copies)).find((copy) => copy.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    await finishBackup(to, takenAt, names, signal);
    report(copied);
    return copied;
  });
}
