import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { folderDamage } from './folder-damage.js';
import { readLog } from './log-file.js';
import { logNumberOf, type Sequences, sequencesOf } from './log-records.js';

/**
 * Looks at a folder before LevelDB opens it, and changes nothing. LevelDB opens a damaged folder as well as it can and says nothing of what it lost:
 *
 * - Of a log it drops what fails its checksum, and with it what follows in the same block of 32 KiB; a length that is wrong in the last block ends the
 *   log; of a batch that lacks a block it takes the first operations.
 * - A log that is missing is a log without records.
 * - A folder without CURRENT is a new one: the tables in it are deleted.
 *
 * So acknowledged messages would be gone, and nobody would know. What a crash leaves is no damage: a last record that was never written to its end. Only
 * empty logs may follow it: opens that did not come to their end made them. A log that takes records is begun only when the one before is complete, or no
 * longer needed.
 *
 * What cannot be seen: that a log was cut off between two records, and that the newest of two logs is missing while the MANIFEST does not name it yet.
 *
 * Source: LevelDB 1.20, DBImpl::Recover, VersionSet::Recover, DBImpl::MakeRoomForWrite.
 *
 * @throws `MAILRING_CORRUPT`, the file system's errors
 */
export async function checkFolder(location: string): Promise<void> {
  const names = await readdir(location);
  if (!names.includes('CURRENT')) return checkNew(location, names);
  const needed = await neededLog(location);
  const logs = names.filter((name) => LOG.test(name) && numberOf(name) >= needed).sort((a, b) => numberOf(a) - numberOf(b));
  // 0: made, and never opened to the end.
  if (needed > 0 && !logs.some((name) => numberOf(name) === needed)) throw folderDamage(`log ${needed} is missing`, { location });
  await checkLogs(location, logs);
}

const LOG = /^\d+\.log$/;
const MANIFEST = /^MANIFEST-\d+$/;
/** What the first moments of a new folder can leave without a CURRENT. */
const BEGUN = 'MANIFEST-000001';

function numberOf(name: string): number {
  return Number.parseInt(name, 10);
}

/** The logs that LevelDB will read, oldest first. */
async function checkLogs(location: string, logs: readonly string[]): Promise<void> {
  let torn: string | undefined;
  let last: Sequences | undefined;
  const refuse = (record: Buffer): string | undefined => {
    const found = sequencesOf(record);
    if (found === undefined) return 'a batch has not the operations that it says';
    if (last !== undefined && found.first !== last.next) return `a batch does not follow the one before: ${found.first} where ${last.next} is due`;
    last = found;
    return undefined;
  };
  for (const file of logs) {
    const contents = await readLog(join(location, file), refuse);
    if (contents.state === 'damaged') throw folderDamage(contents.reason, { location, file, offset: contents.offset });
    if (torn !== undefined && contents.state !== 'empty') throw folderDamage(`it ends inside a record, and ${file} goes on`, { location, file: torn });
    if (contents.state === 'torn') torn = file;
  }
}

/** Insists that a folder without CURRENT holds nothing that CURRENT would lead to. */
async function checkNew(location: string, names: readonly string[]): Promise<void> {
  for (const file of names) {
    const isUsed = /\.(?:ldb|sst)$/.test(file) || (MANIFEST.test(file) && file !== BEGUN) || (LOG.test(file) && (await stat(join(location, file))).size > 0);
    if (isUsed) throw folderDamage(`CURRENT is missing, and ${file} is there`, { location, file: 'CURRENT' });
  }
}

/** Number of the oldest log that is needed. */
async function neededLog(location: string): Promise<number> {
  const file = (await readFile(join(location, 'CURRENT'), 'latin1')).replace(/\n$/, '');
  if (!MANIFEST.test(file)) throw folderDamage('it names no MANIFEST', { location, file: 'CURRENT' });
  let needed: number | undefined;
  const look = (edit: Buffer): undefined => {
    needed = logNumberOf(edit) ?? needed;
  };
  const contents = await readLog(join(location, file), look).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    throw folderDamage('it is missing', { location, file }, error);
  });
  if (contents.state === 'damaged') throw folderDamage(contents.reason, { location, file, offset: contents.offset });
  if (needed === undefined) throw folderDamage('it names no log', { location, file });
  return needed;
}
