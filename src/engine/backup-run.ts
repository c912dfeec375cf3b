import { join } from 'node:path';
import { timeOf } from '../model/clock.js';
import { beginBackup, discard, FOLDER_NAME, finishBackup } from '../store/level/backup-folder.js';
import type { Backup, BackupOptions, BackupProgress } from './backup.js';
import type { Engine } from './engine.js';
import { runFolderTask } from './folder-task.js';

/**
 * Copies all shards as they are at one instant. A delivery is begun when its home's commit was acknowledged, so no shard has a copy whose home lacks the message; what is still to be
 * delivered then has its mark in the copy.
 */
export function runBackup(engine: Engine, to: string, { signal, onProgress }: BackupOptions): Promise<Backup> {
  const shards = [...engine.shards.values()];
  const names = shards.map(({ name }) => name);
  const unable = shards.find(({ store }) => store.checkpoint === undefined);
  if (unable !== undefined) throw new TypeError(`backup copies stores in LevelDB; back up this one by the means of its database. shard=\`${unable.name}\``);
  const unnamed = names.find((name) => !FOLDER_NAME.test(name));
  if (unnamed !== undefined) throw new RangeError(`backup needs names of shards that can be folders: a-z, 0-9, '.', '_', '-'. shard=\`${unnamed}\``);

  const takenAt = timeOf(engine.clock);
  const task = {
    what: 'the backup',
    location: to,
    signal,
    onProgress,
    begin: () => beginBackup(to, takenAt),
    discard: () => discard(to, names),
    insistOpen: () => engine.insistOpen(),
  };
  return runFolderTask<BackupProgress, Backup>(task, async (report) => {
    engine.insistOpen();
    let copied = { rows: 0, bytes: 0 };
    const add = ({ rows, bytes }: BackupProgress) => {
      copied = { rows: copied.rows + rows, bytes: copied.bytes + bytes };
      report(copied);
    };
    // All in one turn: that is the instant.
    const copies = shards.map(({ name, store }) => store.checkpoint!(join(to, name), { signal, onProgress: add }));
    const failed = (await Promise.allSettled(copies)).find((copy) => copy.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    await finishBackup(to, takenAt, names, signal);
    report(copied);
    return { takenAt, ...copied };
  });
}
