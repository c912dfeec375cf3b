import { checkKeys, readInteger, requireObject } from '../model/arguments.js';
import { type Clock, systemClock } from '../model/clock.js';
import { APPLY_BYTES_MIN, DEFAULT_LIMITS, LIMITS, type Limits, SHARDS_MAX, U48_MAX } from '../model/limits.js';
import { type Logger, silentLogger } from '../model/logger.js';
import type { Store } from '../store/store.js';
import { readString } from './arguments.js';

/** What to open: a folder, or stores. */
export interface OpenOptions {
  /** Folder of embedded LevelDBs, one a shard; made when it is not there. */
  readonly location?: string | undefined;
  /** With `location`: how many shards, or their names; `n` stands for the names `shard-0` … `shard-(n−1)`, and 1 is the default. The same at every open. */
  readonly shards?: number | readonly string[] | undefined;
  /** A store of your own: memory, level, or any other that passes the conformance suite. */
  readonly store?: Store | undefined;
  /** Several stores of your own, by the names of their shards. The same names at every open. */
  readonly stores?: Readonly<Record<string, Store>> | undefined;
  /** How long to wait for another owner of the folder to leave, in milliseconds; 0 when absent. */
  readonly openWaitMs?: number | undefined;
  /** Limits that differ from their defaults; see docs/limits.md. */
  readonly limits?: Partial<Limits> | undefined;
  /** Where the time comes from; the machine's clock when absent. */
  readonly clock?: Clock | undefined;
  /** Where failures that no caller is told are reported; nowhere when absent. */
  readonly logger?: Logger | undefined;
  /** Gives the opening up. */
  readonly signal?: AbortSignal | undefined;
}

/** The keys of {@link OpenOptions}. */
export const OPEN_KEYS = ['location', 'shards', 'store', 'stores', 'openWaitMs', 'limits', 'clock', 'logger', 'signal'] as const;

/** Where the stores come from: given, by the names of their shards, or a folder with one LevelDB a shard. */
export type StoreSource = { readonly stores: ReadonlyMap<string, Store> } | { readonly folder: string; readonly names: readonly string[] };

/** @throws `TypeError`, `RangeError` */
export function readSource({ location, shards, store, stores }: OpenOptions): StoreSource {
  if ([location, store, stores].filter((source) => source !== undefined).length !== 1)
    throw new TypeError('Mailring.open takes one of location, store and stores');
  if (shards !== undefined && location === undefined) throw new TypeError('shards goes with location: stores are named by their keys');
  if (location !== undefined) {
    return { folder: readFolder(location, 'location'), names: readShardNames(shards) };
  }
  const given = stores === undefined ? { [shardName(0)]: store } : requireObject(stores, 'stores');
  const named = new Map(Object.entries(given).map(([name, one]) => [name, readStore(one)]));
  if (named.size < 1 || named.size > SHARDS_MAX) throw new RangeError(`stores must name 1 to ${SHARDS_MAX} stores. names=\`${named.size}\``);
  return { stores: named };
}

/** @throws `TypeError`, `RangeError` */
export function readFolder(value: unknown, name: string): string {
  const folder = readString(value, name);
  if (folder === '' || folder.includes('\0') || !folder.isWellFormed()) {
    throw new RangeError(`${name} must be the path of a folder: not empty, well-formed, without U+0000`);
  }
  return folder;
}

/** Name of a shard that the host did not name. */
export const shardName = (i: number) => `shard-${i}`;

/** Shards become folders beside each other: only names that are the same on every file system. */
const FOLDER_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

function readShardNames(shards: unknown): readonly string[] {
  if (!Array.isArray(shards)) return Array.from({ length: readInteger(shards, 'shards', 1, SHARDS_MAX) ?? 1 }, (_, i) => shardName(i));
  for (const name of shards) {
    if (!FOLDER_NAME.test(readString(name, 'a name of shards'))) {
      throw new RangeError(`the name of a shard is a folder: 1 to 64 of a-z, 0-9, '.', '_', '-', beginning with a letter or digit. name=\`${name}\``);
    }
  }
  if (shards.length < 1 || shards.length > SHARDS_MAX) throw new RangeError(`shards must name 1 to ${SHARDS_MAX} shards. names=\`${shards.length}\``);
  if (new Set(shards).size < shards.length) throw new RangeError('shards must name each shard once');
  return [...shards];
}

/** An object of the host that has all of these methods. @throws `TypeError` that names the missing one */
function readMethods<T extends object>(value: unknown, what: string, names: readonly (keyof T & string)[]): T {
  const given = requireObject(value, what) as T;
  const missing = names.find((name) => typeof given[name] !== 'function');
  if (missing !== undefined) throw new TypeError(`${what} lacks a method. missing=\`${missing}\``);
  return given;
}

/** @throws `TypeError` */
function readStore(store: unknown): Store {
  const given = readMethods<Store>(store, 'store', ['open', 'load', 'validate', 'read', 'scan', 'apply', 'scanMarks', 'partitions', 'close']);
  const { atomicAcrossPartitions, exclusive, applyBytesMax } = requireObject(given.capabilities, 'store.capabilities') as Store['capabilities'];
  if (typeof atomicAcrossPartitions !== 'boolean' || typeof exclusive !== 'boolean' || !Number.isInteger(applyBytesMax)) {
    throw new TypeError('store.capabilities must have atomicAcrossPartitions and exclusive, true or false, and applyBytesMax, a number of bytes');
  }
  if (applyBytesMax < APPLY_BYTES_MIN)
    throw new RangeError(`store.capabilities.applyBytesMax has no room for a send. bytes=\`${applyBytesMax}\` min=\`${APPLY_BYTES_MIN}\``);
  return given;
}

/** @throws `TypeError` */
export function readClock(clock: unknown): Clock {
  if (clock === undefined) return systemClock;
  const given = readMethods<Clock>(clock, 'clock', ['now', 'after', 'soon']);
  const now: unknown = given.now();
  if (typeof now !== 'number' || !(Math.abs(now) <= U48_MAX)) throw new RangeError(`clock.now() must give milliseconds since 1970. now=\`${String(now)}\``);
  return given;
}

const LEVELS = ['info', 'warn', 'error'] as const;

/** @throws `TypeError` */
export function readLogger(logger: unknown): Logger {
  if (logger === undefined) return silentLogger;
  const given = readMethods<Logger>(logger, 'logger', LEVELS);
  // A log that fails must not stop a shard.
  const quiet =
    (name: (typeof LEVELS)[number]): Logger[typeof name] =>
    (text, details) => {
      try {
        given[name](text, details);
      } catch {
        return;
      }
    };
  return { info: quiet('info'), warn: quiet('warn'), error: quiet('error') };
}

/** @throws `TypeError`, `RangeError` */
export function readLimits(given: Partial<Limits> | undefined): Limits {
  if (given === undefined) return DEFAULT_LIMITS;
  const names = Object.keys(LIMITS) as (keyof Limits)[];
  checkKeys(requireObject(given, 'limits'), names, 'limits');
  const limits = { ...DEFAULT_LIMITS };
  for (const name of names) limits[name] = readInteger(given[name], `limits.${name}`, 1, LIMITS[name].max) ?? limits[name];
  return limits;
}
