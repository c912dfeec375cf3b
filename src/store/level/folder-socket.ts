import { chmod, lstat, mkdtemp, open, readdir, rename, rm, rmdir, stat, symlink, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Clock } from '../../model/clock.js';
import { pause } from '../../model/pause.js';
import { OWNER_ROUND_MS, OWNER_ROUNDS_MAX, OWNER_UNPUBLISHED_MS } from './limits.js';
import type { Holder, Owner } from './owner.js';
import { type Answer, askAt, listenAt } from './owner-socket.js';

/**
 * The owner mark inside the folder: a socket `mailring-<6 characters>/owner`, which LevelDB does not know and so does not touch. It is seen wherever the
 * folder is, also by containers that share a volume but no network namespace. (Not across machines: a network file system shows the file, not its
 * listener. LevelDB must not be shared that way.)
 *
 * Each opener publishes a socket of its own, in a subfolder that `mkdtemp` made for it alone, and only then looks at the others: of two openers at least
 * the later one sees the other. Whoever sees none that answers holds the folder. So the file of a dead one is never replaced, only removed, and no two
 * can each remove it and take its place.
 */
const SUBFOLDER = 'mailring-';
const SUBFOLDER_NAME = /^mailring-[0-9A-Za-z]{6}$/;
const SOCKET = 'owner';
/** Where a socket is bound; it gets its name when it listens, so that one which is published and refuses is always a dead one. */
const UNPUBLISHED = 'new';

/** Bytes that the path of a socket may have on every system (macOS: 104, Linux: 108, with the end). */
const SOCKET_PATH_BYTES_MAX = 100;

/** What a claim that succeeded gives. */
export interface Claim {
  release(): Promise<void>;
}

/** Claims the folder, or says who holds it. @throws the system's error where the file system takes no sockets */
export async function claimFolder(directory: string, owner: Owner, clock: Clock): Promise<Claim | Holder> {
  const short = await shorten(directory);
  try {
    return await claimBy(short.path, directory, owner, clock);
  } finally {
    await short.done();
  }
}

async function claimBy(shortPath: string, directory: string, owner: Owner, clock: Clock): Promise<Claim | Holder> {
  const own = await mkdtemp(join(directory, SUBFOLDER));
  let holds = false;
  let stopListening = (): void => undefined;
  const release = async (): Promise<void> => {
    for (const file of [SOCKET, UNPUBLISHED]) await unlink(join(own, file)).catch(() => undefined);
    stopListening();
    await rmdir(own).catch(() => undefined);
  };
  try {
    const server = await listenAt(join(shortPath, basename(own), UNPUBLISHED), () => ({ ...owner, holds }));
    stopListening = () => void server.close();
    // Whoever may open the folder should be able to ask, also as another user; one who is not counts it as held.
    await chmod(own, 0o755).catch(() => undefined);
    await chmod(join(own, UNPUBLISHED), 0o666).catch(() => undefined);
    await rename(join(own, UNPUBLISHED), join(own, SOCKET));
    const holder = await strongest(directory, shortPath, basename(own), clock);
    if (holder !== undefined) {
      await release();
      return holder;
    }
    holds = true;
    return { release };
  } catch (error) {
    await release();
    throw error;
  }
}

/** Who has the folder or will have it, other than `own`. One that holds it wins over all; of several that only try, the first by name. */
async function strongest(directory: string, shortPath: string, own: string, clock: Clock): Promise<Holder | undefined> {
  for (let round = 0; ; round++) {
    const others = await askOthers(directory, shortPath, own, clock);
    if (others.size === 0) return undefined;
    const stronger = [...others].find(([name, answer]) => answer.holds !== false || name < own);
    if (stronger !== undefined) return stronger[1];
    if (round === OWNER_ROUNDS_MAX) return [...others.values()][0];
    await pause(clock, OWNER_ROUND_MS);
  }
}

/** The others that answer, by name; the files of those that are dead are removed. */
async function askOthers(directory: string, shortPath: string, own: string, clock: Clock): Promise<Map<string, Answer>> {
  const others = new Map<string, Answer>();
  for (const name of await readdir(directory)) {
    if (name === own || !SUBFOLDER_NAME.test(name)) continue;
    const socket = join(directory, name, SOCKET);
    // One that is not published yet must not be asked: that nobody listens there would not mean that it is dead.
    if (!(await exists(socket))) {
      if (await isOlder(join(directory, name), join(directory, own))) await remove(join(directory, name), UNPUBLISHED);
      continue;
    }
    const answer = await askAt(join(shortPath, name, SOCKET), clock);
    if (answer === undefined) await remove(join(directory, name), SOCKET);
    else others.set(name, answer);
  }
  return others;
}

/** Removes what a dead one left. Where it only slept before it published its socket, it cannot publish it any more: its open fails. */
async function remove(subfolder: string, file: string): Promise<void> {
  try {
    await rm(join(subfolder, file), { force: true });
    await rmdir(subfolder);
  } catch {
    // Another opener was faster, or this one may not: a dead one is in nobody's way.
  }
}

/** Compared by the file system's own clock, which made both. */
async function isOlder(subfolder: string, own: string): Promise<boolean> {
  try {
    const [other, mine] = [await stat(subfolder), await stat(own)];
    return mine.mtimeMs - other.mtimeMs > OWNER_UNPUBLISHED_MS;
  } catch {
    return false;
  }
}

/** What cannot be looked at exists: it must be asked, and will count as held. */
async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );
}

/** Another path to `directory` by which the sockets in it have paths that a socket may have. */
async function shorten(directory: string): Promise<{ readonly path: string; done(): Promise<void> }> {
  const longest = join(directory, `${SUBFOLDER}123456`, SOCKET);
  if (Buffer.byteLength(longest) <= SOCKET_PATH_BYTES_MAX) return { path: directory, done: async () => undefined };
  if (process.platform === 'linux') {
    const handle = await open(directory, 'r');
    return { path: `/proc/self/fd/${handle.fd}`, done: () => handle.close() };
  }
  const temporary = await mkdtemp(join(tmpdir(), SUBFOLDER));
  const link = join(temporary, 'd');
  await symlink(directory, link);
  return { path: link, done: () => rm(temporary, { recursive: true }) };
}
