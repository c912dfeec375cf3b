import { MailringError } from '../../model/errors.js';
import { pause } from '../../model/pause.js';
import type { StoreOpenOptions } from '../store.js';
import type { ByteDatabase } from './database.js';
import { type Folder, makeFolder } from './folder.js';
import { type Claim, claimFolder } from './folder-socket.js';
import { OWNER_NAME_TRIES, OWNER_POLL_MS } from './limits.js';
import { claimInProcess, disclaimInProcess, type Holder, lockedBy, type Owner, ownerHere } from './owner.js';
import { askAt, listenAt } from './owner-socket.js';

/**
 * The guard: one owner per folder. LevelDB's LOCK file does not protect: it is a POSIX `fcntl` lock, which goes as soon as its process closes *any*
 * descriptor of that file, and a second open in the same process that is refused does just that. So nothing here touches, opens or deletes LOCK, and the
 * guard is taken before a database object exists:
 *
 * 1. a registry of this process, by real path and by device and inode, under `Symbol.for`: other copies of the package see it;
 * 2. a name in the kernel, released by it when the process dies, whatever the death: an abstract unix socket on Linux, a named pipe on Windows.
 *    An abstract socket is seen in one network namespace;
 * 3. a socket in the folder (not on Windows), for containers that share a volume, and for macOS, which has no abstract ones.
 *
 * The owner answers on both who it is. Sockets never keep the process alive.
 */
export interface Guard extends Claim {
  /** The folder that is guarded; absent for a database that has none. */
  readonly folder?: Folder;
}

/** Length of an abstract socket's name: all of it, because Node's versions differ in whether they fill it up. */
const ABSTRACT_NAME_LENGTH = 108;
/** What binding says on a file system that takes no sockets. */
const NO_SOCKETS_HERE = ['EPERM', 'EOPNOTSUPP', 'ENOTSUP', 'ENOSYS', 'EINVAL'];

/** Takes the folder at `location`, making it when it is missing. @throws `MAILRING_LOCKED`, `MAILRING_ABORTED`, the file system's errors */
export async function guardFolder(location: string, options: StoreOpenOptions): Promise<Guard> {
  return untilFree(`the data folder ${location}`, options, async () => {
    const folder = await makeFolder(location);
    const owner = ownerHere(options.clock);
    const claim = await claimAll([
      () => claimKeys([`folder ${folder.dev}:${folder.ino}`, `path ${folder.path}`], owner),
      () => claimKernelName(folder, owner, options),
      () => claimSocket(folder, owner, options),
    ]);
    return 'release' in claim ? { ...claim, folder } : claim;
  });
}

/** Takes a database object of the host. @throws `MAILRING_LOCKED`, `MAILRING_ABORTED` */
export async function guardDatabase(db: ByteDatabase, options: StoreOpenOptions): Promise<Guard> {
  return untilFree('the database', options, async () => claimKeys([db], ownerHere(options.clock)));
}

async function untilFree(what: string, { clock, openWaitMs = 0, signal, deadline }: StoreOpenOptions, take: () => Promise<Guard | Holder>): Promise<Guard> {
  // Counted in waits, not by the clock, which may stand still or go back.
  for (let waitedMs = 0; ; waitedMs += OWNER_POLL_MS) {
    if (signal?.aborted || (deadline !== undefined && clock.now() >= deadline)) {
      throw new MailringError('MAILRING_ABORTED', 'the open was given up by its signal; open again if it still matters', {
        retryable: true,
        cause: signal?.reason,
      });
    }
    const taken = await take();
    if ('release' in taken) return taken;
    if (waitedMs >= openWaitMs) throw lockedBy(what, taken);
    await pause(clock, Math.min(OWNER_POLL_MS, openWaitMs - waitedMs));
  }
}

/** Claims in order; when one is held, gives back those before it. */
async function claimAll(claims: readonly (() => Promise<Claim | Holder>)[]): Promise<Claim | Holder> {
  const held: Claim[] = [];
  const release = async (): Promise<void> => {
    for (const claim of held.reverse()) await claim.release();
  };
  try {
    for (const take of claims) {
      const claim = await take();
      if (!('release' in claim)) {
        await release();
        return claim;
      }
      held.push(claim);
    }
  } catch (error) {
    await release();
    throw error;
  }
  return { release };
}

async function claimKeys(keys: readonly unknown[], owner: Owner): Promise<Claim | Holder> {
  return claimInProcess(keys, owner) ?? { release: async () => disclaimInProcess(keys) };
}

function kernelNameOf({ dev, ino }: Folder): string | undefined {
  const name = `mailring-level-${dev}-${ino}-`;
  if (process.platform === 'linux') return `\0${name}`.padEnd(ABSTRACT_NAME_LENGTH, '-');
  return process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : undefined;
}

async function claimKernelName(folder: Folder, owner: Owner, { clock }: StoreOpenOptions): Promise<Claim | Holder> {
  const name = kernelNameOf(folder);
  if (name === undefined) return { release: async () => undefined };
  for (let tries = 0; tries < OWNER_NAME_TRIES; tries++) {
    try {
      const server = await listenAt(name, () => owner);
      return { release: async () => void server.close() };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
    const holder = await askAt(name, clock);
    if (holder !== undefined) return holder;
  }
  return {};
}

async function claimSocket(folder: Folder, owner: Owner, { clock }: StoreOpenOptions): Promise<Claim | Holder> {
  if (process.platform === 'win32') return { release: async () => undefined };
  try {
    return await claimFolder(folder.path, owner, clock);
  } catch (error) {
    // Where the folder takes no sockets, the kernel's name has to do.
    const { code = '' } = error as NodeJS.ErrnoException;
    if (kernelNameOf(folder) === undefined || !NO_SOCKETS_HERE.includes(code)) throw error;
    return { release: async () => undefined };
  }
}
