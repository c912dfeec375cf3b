import { join } from 'node:path';
import { isMailringError, unavailable } from '../../model/errors.js';
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

/** A store is closed only in order to be opened again: that the mailring was closed is asked before. */
function whatFailed(error: unknown): unknown {
  if (!isMailringError(error, 'MAILRING_CLOSED')) return error;
  return unavailable('a store is being opened again, so nothing was copied; try again later', { cause: error });
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
    const stop = new AbortController();
    const options = { signal: AbortSignal.any(signal === undefined ? [stop.signal] : [stop.signal, signal]), onProgress: add };
    // All in one turn: that is the instant.
    const copies = [...stores].map(([name, store]) => store.checkpoint!(join(to, name), options));
    // The first that fails stops the others; nothing is taken away before all of them have ended.
    await Promise.all(copies.map((copy) => copy.catch((error) => stop.abort(error))));
    if (stop.signal.aborted) throw whatFailed(stop.signal.reason);
    await finishBackup(to, takenAt, names, signal);
    report(copied);
    return copied;
  });
}
