import { MailringError } from '../../model/errors.js';
import type { StoreOpenOptions } from '../store.js';
import { checkFolder } from './check-folder.js';
import { BYTES, type ByteDatabase } from './database.js';
import { assertFreeBytes, isFolder, syncFolder } from './folder.js';
import { type Guard, guardDatabase, guardFolder } from './guard.js';
import { type Failure, translateError } from './translate-error.js';

/** A database that is open and guarded. */
export interface OpenDatabase {
  readonly db: ByteDatabase;
  /** Ours, so known: it copies what `put` gets before it returns, gives only what it does not keep, and its encodings are bytes. */
  readonly driverCopies: boolean;
  /** Closes the database, then lets go of the guard. When closing fails, it stays guarded, and can be tried again. */
  close(): Promise<void>;
}

/** The settings of a folder. */
export interface LocationSettings {
  readonly location: string;
  readonly cacheBytes: number;
  readonly writeBufferBytes: number;
}

/** Opens a folder with classic-level: guard first, then free space, then a look at the files, then the database, then its name made durable. */
export async function openLocation(settings: LocationSettings, freeBytesMin: number, options: StoreOpenOptions): Promise<OpenDatabase> {
  const { ClassicLevel } = await importClassicLevel();
  const { location, cacheBytes, writeBufferBytes } = settings;
  return opening({ what: `opening ${location}`, location }, async (taken) => {
    const folder = (await taken.guard(guardFolder(location, options))).folder!;
    await assertFreeBytes(folder.path, freeBytesMin);
    await checkFolder(folder.path);
    const db: ByteDatabase = new ClassicLevel(folder.path, { ...BYTES, cacheSize: cacheBytes, writeBufferSize: writeBufferBytes });
    await taken.database(db);
    await syncFolder(folder);
    return { db, driverCopies: true };
  });
}

/** Opens a database of the host; its folder is guarded too, when it has one. */
export async function openDatabase(db: ByteDatabase, freeBytesMin: number, options: StoreOpenOptions): Promise<OpenDatabase> {
  const guardOwnFolder = async (taken: Taken): Promise<Guard | undefined> =>
    (await isFolder(db.location)) ? taken.guard(guardFolder(db.location as string, options)) : undefined;
  return opening({ what: 'opening the database' }, async (taken) => {
    await taken.guard(guardDatabase(db, options));
    let guard = await guardOwnFolder(taken);
    if (guard !== undefined) await assertFreeBytes(guard.folder!.path, freeBytesMin);
    await taken.database(db);
    // A new database makes its folder when it is opened.
    guard ??= await guardOwnFolder(taken);
    if (guard !== undefined) await syncFolder(guard.folder!);
    return { db, driverCopies: false };
  });
}

/** What an open has taken so far; given back in reverse, the guard only after the database is closed. */
class Taken {
  readonly #releases: (() => Promise<void>)[] = [];

  async guard(taking: Promise<Guard>): Promise<Guard> {
    const guard = await taking;
    this.#releases.push(() => guard.release());
    return guard;
  }

  async database(db: ByteDatabase): Promise<void> {
    await db.open();
    this.#releases.push(() => db.close());
  }

  async giveBack(): Promise<void> {
    for (let release = this.#releases.at(-1); release !== undefined; release = this.#releases.at(-1)) {
      await release();
      this.#releases.pop();
    }
  }
}

async function opening(failure: Failure, open: (taken: Taken) => Promise<Omit<OpenDatabase, 'close'>>): Promise<OpenDatabase> {
  const taken = new Taken();
  const close = async (): Promise<void> => {
    try {
      await taken.giveBack();
    } catch (error) {
      throw translateError(error, { what: 'closing' });
    }
  };
  try {
    return { ...(await open(taken)), close };
  } catch (error) {
    // Its failure would hide the one that matters; what could not be closed stays guarded.
    await close().catch(() => undefined);
    throw translateError(error, failure);
  }
}

/** The driver, loaded when it is first needed. @throws `MAILRING_NATIVE_MISSING` */
export async function importClassicLevel(): Promise<typeof import('classic-level')> {
  try {
    return await import('classic-level');
  } catch (error) {
    const details = { platform: `${process.platform}-${process.arch}`, node: process.version };
    const text =
      'classic-level has no LevelDB build that loads here: install it again with install scripts allowed, or run ' +
      '`npm rebuild classic-level --build-from-source`, or open with another store';
    throw new MailringError('MAILRING_NATIVE_MISSING', `${text}. platform=\`${details.platform}\` node=\`${details.node}\``, { cause: error, details });
  }
}
