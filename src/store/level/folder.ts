import { mkdir, open, readdir, realpath, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { unavailable } from '../../model/errors.js';

/** A folder by what it is, however its path is spelled. */
export interface Folder {
  /** The real path. */
  readonly path: string;
  /** Device and inode. */
  readonly dev: bigint;
  readonly ino: bigint;
  /** The topmost folder that was made for it, when one was. */
  readonly made: string | undefined;
}

/** Makes the folder where it is missing, and finds out which one it is. */
export async function makeFolder(location: string): Promise<Folder> {
  const made = await makeMissing(location);
  const path = await realpath(location);
  const { dev, ino } = await stat(path, { bigint: true });
  return { path, dev, ino, made };
}

/**
 * Makes `path` and the folders above it that are missing; gives the topmost one that it made. Not `mkdir` with `recursive`: where the parent exists and
 * the file system still says ENOENT, as /proc does, Node 20 tries for ever.
 */
async function makeMissing(path: string): Promise<string | undefined> {
  if (await isFolder(path)) return undefined;
  const parent = dirname(path);
  const made = parent === path ? undefined : await makeMissing(parent);
  try {
    await mkdir(path);
  } catch (error) {
    // Somebody else may have made it meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !(await isFolder(path))) throw error;
  }
  return made ?? path;
}

/** Whether `location` is the path of a folder that exists. */
export async function isFolder(location: unknown): Promise<boolean> {
  if (typeof location !== 'string') return false;
  return stat(location).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/**
 * Makes the names in the folder durable, and its own name where it was made. Without this, images of a power loss could not be opened (measured:
 * 141 of 633): LevelDB does not do it for a folder that is new.
 */
export async function syncFolder({ path, made }: Folder): Promise<void> {
  // Windows cannot sync a folder, and does not need to.
  if (process.platform === 'win32') return;
  await sync(path);
  if (made === undefined) return;
  const top = dirname(await realpath(made));
  for (let at = dirname(path); at.length >= top.length; at = dirname(at)) {
    await sync(at);
    if (at === dirname(at)) break;
  }
}

/** Makes the files of a folder durable that nobody has open, the names in it, and its own. */
export async function syncFiles(location: string): Promise<void> {
  for (const file of await readdir(location)) await sync(join(location, file), 'r+');
  await syncName(location);
}

/** Makes the names in a folder durable, and its own. */
export async function syncName(location: string): Promise<void> {
  if (process.platform === 'win32') return;
  await sync(location);
  await sync(dirname(location));
}

async function sync(path: string, flags = 'r'): Promise<void> {
  const handle = await open(path, flags);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Refuses to go on with a disk that is nearly full: opening needs about the size of LevelDB's log, and an open that fails can leave a file behind.
 *
 * @throws `MAILRING_UNAVAILABLE`
 */
export async function assertFreeBytes(path: string, freeBytesMin: number): Promise<void> {
  const { bavail, bsize } = await statfs(path);
  const freeBytes = bavail * bsize;
  if (freeBytes >= freeBytesMin) return;
  throw unavailable(`the disk is nearly full: nothing was opened. freeBytes=\`${freeBytes}\` freeBytesMin=\`${freeBytesMin}\` location=\`${path}\``, {
    details: { freeBytes, freeBytesMin, location: path },
  });
}
