import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, rmdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { MailringError } from '../../model/errors.js';
import { MANIFEST, notRestorable, RECORD, UNFINISHED } from './backup-names.js';
import { makeFolder, syncFiles, syncFolder, syncName } from './folder.js';

/**
 * A backup is a folder:
 *
 *   <shard>/        a LevelDB with everything that the shard's had at one instant, never opened since
 *   backup.json     BackupManifest; written first as unfinished, replaced when everything else is durable
 *   restored.json   RestoreRecord, written by restores of this backup: kept outside the data that they make
 *
 * A folder that is being restored into has restore.json until it is complete, and its shards below .restoring/ until all of them are: whoever opens one by its path finds it complete, or not
 * there. Part of the stored format: never change, only add.
 */
/** No name of a shard. */
const RESTORING = '.restoring';
const FORMAT = 1;

/** A file of a backup. */
export interface BackupFile {
  readonly name: string;
  readonly bytes: number;
  /** In hexadecimal. */
  readonly sha256: string;
}

/** One shard of a backup. */
export interface BackupShard {
  /** Name of the shard, and of its folder. */
  readonly name: string;
  readonly files: readonly BackupFile[];
}

/** What a backup says of itself; a folder whose manifest names no shards is none yet. */
export interface BackupManifest {
  readonly format: typeof FORMAT;
  /** Of the clock when it began, in milliseconds since 1970. */
  readonly takenAt: number;
  readonly shards?: readonly BackupShard[];
}

/** What restores of a backup leave with it. */
interface RestoreRecord {
  readonly format: typeof FORMAT;
  /** The greatest number that one of them began at. */
  readonly began: number;
}

/** What a shard's folder may be called: the same on every file system. */
export const FOLDER_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;
/** What LevelDB calls the files it needs. Its lock and its diary are of no use elsewhere. */
const DATA_FILE = /^(?:CURRENT|MANIFEST-\d+|\d+\.(?:ldb|sst|log))$/;

/** Makes an empty folder for a backup or a restore; what is to be written there has this name until it is complete. @throws `RangeError` where something is in it */
async function makeEmpty(location: string, name: 'to' | 'location', file: string, content: object): Promise<void> {
  const folder = await makeFolder(location);
  if ((await readdir(location)).length > 0) throw new RangeError(`${name} must be a folder that is empty or not there yet. ${name}=\`${location}\``);
  await writeJson(join(location, file), content, 'wx');
  await syncFolder(folder);
}

/** Begins a backup. */
export async function beginBackup(to: string, takenAt: number): Promise<void> {
  await makeEmpty(to, 'to', MANIFEST, { format: FORMAT, takenAt } satisfies BackupManifest);
}

/** Says that a backup is complete. Until then nobody takes it for one. */
export async function finishBackup(to: string, takenAt: number, names: readonly string[], signal: AbortSignal | undefined): Promise<void> {
  const shards: BackupShard[] = [];
  for (const name of names) {
    const files: BackupFile[] = [];
    for (const file of (await readdir(join(to, name))).filter((one) => DATA_FILE.test(one)).sort()) {
      const { bytes, sha256 } = await passOn(join(to, name, file), undefined, signal);
      files.push({ name: file, bytes, sha256 });
    }
    shards.push({ name, files });
  }
  await replaceJson(to, MANIFEST, { format: FORMAT, takenAt, shards } satisfies BackupManifest);
}

/** Takes away what a backup or a restore that failed has begun in a folder that was empty; what is left is told from a complete one. */
export async function discard(location: string, names: readonly string[]): Promise<void> {
  for (const name of [...names, RESTORING]) await rm(join(location, name), { recursive: true, force: true });
  for (const file of [MANIFEST, UNFINISHED]) await rm(join(location, file), { force: true });
}

/** Reads what a complete backup says of itself. @throws `MAILRING_FORMAT` */
export async function readBackup(from: string): Promise<Required<BackupManifest>> {
  const manifest = await readJson<BackupManifest>(from, MANIFEST);
  if (manifest === undefined) throw notRestorable('this folder holds no backup: give the folder that backup({ to }) has written', from);
  if (manifest.format !== FORMAT) throw notRestorable('this backup was written by a newer mailring; upgrade the package', from, { format: manifest.format });
  const { shards } = manifest;
  if (shards === undefined) throw notRestorable('this backup was never finished; take another one', from);
  if (!isComplete(shards)) throw notRestorable('the manifest of this backup is damaged; take another backup', from);
  return { ...manifest, shards };
}

function isComplete(shards: readonly BackupShard[]): boolean {
  return (
    Array.isArray(shards) &&
    shards.length > 0 &&
    shards.every(({ name, files }) => FOLDER_NAME.test(name) && Array.isArray(files) && files.every((file) => DATA_FILE.test(file.name)))
  );
}

/** Where the last restore of a backup began; 0 where there was none. */
export async function lastRestoreOf(from: string): Promise<number> {
  const record = await readJson<RestoreRecord>(from, RECORD);
  if (record !== undefined && !Number.isSafeInteger(record.began)) throw notRestorable(`${RECORD} is damaged; take another copy of this backup`, from);
  return record?.began ?? 0;
}

/** Keeps where a restore of a backup began: never lower than one before. @throws `MAILRING_UNAVAILABLE` where the backup cannot be written to */
export async function recordRestore(from: string, began: number): Promise<void> {
  try {
    await replaceJson(from, RECORD, { format: FORMAT, began } satisfies RestoreRecord);
  } catch (error) {
    const text =
      'a restore is recorded in the backup, so that no other gives the same numbers again, and this one cannot be written to: copy it to a folder that can';
    throw new MailringError('MAILRING_UNAVAILABLE', `${text}. from=\`${from}\``, { cause: error, details: { from } });
  }
}

/** Begins a restore. */
export async function beginRestore(location: string, from: string): Promise<void> {
  await makeEmpty(location, 'location', UNFINISHED, { format: FORMAT, from: resolve(from) });
  await mkdir(join(location, RESTORING));
}

/** Where a shard stands until the restore is complete. */
export function shardBeingRestored(location: string, name: string): string {
  return join(location, RESTORING, name);
}

/** Says that a restored folder is complete. */
export async function finishRestore(location: string, names: readonly string[]): Promise<void> {
  for (const name of names) await rename(shardBeingRestored(location, name), join(location, name));
  await rmdir(join(location, RESTORING));
  await syncName(location);
  await rm(join(location, UNFINISHED));
  await syncName(location);
}

/** Copies one shard of a backup, file by file. @throws `MAILRING_CORRUPT` for a file that is not what was backed up */
export async function copyShard(
  from: string,
  location: string,
  { name, files }: BackupShard,
  signal: AbortSignal | undefined,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const folder = shardBeingRestored(location, name);
  await mkdir(folder);
  for (const file of files) {
    const [source, target] = [join(from, name, file.name), join(folder, file.name)];
    const copied = await passOn(source, target, signal).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      throw damagedBackup('a file is missing', source, error);
    });
    if (copied.sha256 !== file.sha256) throw damagedBackup('a file is not what was backed up', source);
    onBytes(copied.bytes);
  }
  await syncFiles(folder);
}

/** Reads a file to its end, writing it to another where one is named; gives its size and digest. */
async function passOn(path: string, target: string | undefined, signal: AbortSignal | undefined): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const hash = createHash('sha256');
  const output = target === undefined ? undefined : await open(target, 'wx');
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>) {
      signal?.throwIfAborted();
      hash.update(chunk);
      await output?.appendFile(chunk);
      bytes += chunk.length;
    }
  } finally {
    await output?.close();
  }
  return { bytes, sha256: hash.digest('hex') };
}

function damagedBackup(reason: string, file: string, cause?: unknown): MailringError {
  return new MailringError('MAILRING_CORRUPT', `the backup is damaged, nothing was restored: take another copy of it. reason=\`${reason}\` file=\`${file}\``, {
    cause,
    details: { file },
  });
}

async function readJson<T>(folder: string, file: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, file), 'utf8')) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    if (error instanceof SyntaxError) throw notRestorable(`${file} cannot be read; take another copy of this backup`, folder);
    throw error;
  }
}

async function writeJson(path: string, content: object, flag: 'w' | 'wx'): Promise<void> {
  const handle = await open(path, flag);
  try {
    await handle.writeFile(`${JSON.stringify(content, undefined, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Replaces a file by another content, or not at all. */
async function replaceJson(folder: string, file: string, content: object): Promise<void> {
  await writeJson(join(folder, `${file}.new`), content, 'w');
  await rename(join(folder, `${file}.new`), join(folder, file));
  await syncName(folder);
}
