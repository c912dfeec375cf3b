import { resolve } from 'node:path';
import { checkKeys, readInteger, typeOf } from '../../model/arguments.js';
import type { ByteDatabase } from './database.js';
import {
  CACHE_BYTES,
  CACHE_BYTES_MAX,
  FREE_BYTES_MIN,
  VERSIONS_CACHED,
  VERSIONS_CACHED_MAX,
  WRITE_BUFFER_BYTES,
  WRITE_BUFFER_BYTES_MAX,
  WRITE_BUFFER_BYTES_MIN,
} from './limits.js';

/** A folder of this machine, opened with classic-level. */
export interface LevelLocationOptions {
  /** The folder; made when it is missing. A relative path is resolved when the store is constructed. */
  readonly location: string;
  /** Bytes of LevelDB's block cache. Default 8 MiB. */
  readonly cacheBytes?: number;
  /** Bytes of LevelDB's write buffer; its log, which is read at each open, grows to about twice that. Default 4 MiB. */
  readonly writeBufferBytes?: number;
  /** Free bytes that the disk must have before an open is tried. Default 16 MiB, or four write buffers where that is more. */
  readonly freeBytesMin?: number;
  /** Partitions whose version stays in memory; any other costs a commit one seek. Default 100,000, about 150 bytes each. */
  readonly versionsCached?: number;
}

/** A database of the host: `level`, `memory-level`, or another abstract-level database that stores bytes. */
export interface LevelDatabaseOptions {
  /** The store opens it in `open` and closes it in `close`; nothing else may write to it meanwhile. */
  readonly db: ByteDatabase;
  /** As for a folder; looked at only when the database has a `location` that is a folder. */
  readonly freeBytesMin?: number;
  /** As for a folder. */
  readonly versionsCached?: number;
}

/** What a `LevelStore` is made of: a folder or a database. */
export type LevelStoreOptions = LevelLocationOptions | LevelDatabaseOptions;

const LOCATION_KEYS = ['location', 'cacheBytes', 'writeBufferBytes', 'freeBytesMin', 'versionsCached'];
const DATABASE_KEYS = ['db', 'freeBytesMin', 'versionsCached'];

/** Checked options with nothing left open. */
export interface Settings {
  readonly source: { readonly location: string; readonly cacheBytes: number; readonly writeBufferBytes: number } | { readonly db: ByteDatabase };
  readonly freeBytesMin: number;
  readonly versionsCached: number;
}

/** Text would put keys in another order, and lose bytes that are no UTF-8. */
function checkStoresBytes(db: ByteDatabase): void {
  try {
    db.keyEncoding('view');
  } catch (error) {
    throw new TypeError("db must be a database that stores bytes: one with the storeEncoding 'buffer' or 'view'", { cause: error });
  }
}

/** Checks what `new LevelStore` was given. @throws `TypeError`, `RangeError` */
export function settingsOf(options: LevelStoreOptions): Settings {
  if (typeof options !== 'object' || options === null) throw new TypeError('LevelStore takes { location } or { db }');
  const byLocation = 'location' in options && options.location !== undefined;
  checkKeys(options, byLocation ? LOCATION_KEYS : DATABASE_KEYS, `the options of LevelStore with ${byLocation ? 'location' : 'db'}`);
  const versionsCached = readInteger(options.versionsCached, 'versionsCached', 1, VERSIONS_CACHED_MAX) ?? VERSIONS_CACHED;
  const freeBytesMin = readInteger(options.freeBytesMin, 'freeBytesMin', 0, Number.MAX_SAFE_INTEGER);
  if (!byLocation) {
    const db = (options as LevelDatabaseOptions).db;
    if (typeof db?.batch !== 'function' || typeof db.keys !== 'function')
      throw new TypeError('LevelStore takes { location } or { db }, an abstract-level database');
    checkStoresBytes(db);
    return { source: { db }, versionsCached, freeBytesMin: freeBytesMin ?? FREE_BYTES_MIN };
  }
  const { location, cacheBytes, writeBufferBytes } = options as LevelLocationOptions;
  const buffer = readInteger(writeBufferBytes, 'writeBufferBytes', WRITE_BUFFER_BYTES_MIN, WRITE_BUFFER_BYTES_MAX) ?? WRITE_BUFFER_BYTES;
  const source = {
    location: resolve(readLocation(location)),
    cacheBytes: readInteger(cacheBytes, 'cacheBytes', 0, CACHE_BYTES_MAX) ?? CACHE_BYTES,
    writeBufferBytes: buffer,
  };
  return { source, versionsCached, freeBytesMin: freeBytesMin ?? Math.max(FREE_BYTES_MIN, 4 * buffer) };
}

/** Two texts that are not well-formed can name one folder. */
function readLocation(location: unknown): string {
  if (typeof location !== 'string') throw new TypeError(`location must be a string. type=\`${typeOf(location)}\``);
  if (location === '' || location.includes('\0') || !location.isWellFormed()) {
    throw new RangeError('location must be the path of a folder: not empty, well-formed, without U+0000');
  }
  return location;
}
