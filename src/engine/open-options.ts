import { join } from 'node:path';
import { checkKeys, requireObject } from '../model/arguments.js';
import { type Clock, systemClock } from '../model/clock.js';
import { DEFAULT_LIMITS, LIMITS, type Limits, SHARDS_MAX, U48_MAX } from '../model/limits.js';
import { type Logger, silentLogger } from '../model/logger.js';
import type { Store } from '../store/store.js';
import { readInteger, readString } from './arguments.js';

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

/** What gives the stores by the names of their shards. @throws `TypeError`, `RangeError` */
export function readStores({ location, shards, store, stores }: OpenOptions): () => Promise<Map<string, Store>> {
  if ([location, store, stores].filter((source) => source !== undefined).length !== 1)
    throw new TypeError('Mailring.open takes one of location, store and stores');
  if (shards !== undefined && location === undefined) throw new TypeError('shards goes with location: stores are named by their keys');
  if (store !== undefined) {
    const given = new Map([[shardName(0), readStore(store)]]);
    return async () => given;
  }
  if (stores !== undefined) {
    const given = Object.entries(requireObject(stores, 'stores') as Record<string, Store>).map(([name, one]) => [name, readStore(one)] as const);
    if (given.length === 0) throw new RangeError('stores must name at least one store');
    return async () => new Map(given);
  }
  const folder = readString(location, 'location');
  if (folder === '' || folder.includes('\0') || !folder.isWellFormed())
    throw new RangeError('location must be the path of a folder: not empty, well-formed, without U+0000');
  const names = readShardNames(shards);
  return async () => {
    // Loaded only here, so that a mailring over another store needs no native code.
    const { LevelStore } = await import('../store/level/level-store.js');
    return new Map(names.map((name) => [name, new LevelStore({ location: join(folder, name) })]));
  };
}

const shardName = (i: number) => `shard-${i}`;

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

/** @throws `TypeError` */
function readStore(store: unknown): Store {
  const given = requireObject(store, 'store') as Partial<Store>;
  const methods = ['open', 'load', 'validate', 'read', 'scan', 'apply', 'scanMarks', 'partitions', 'close'] as const;
  const missing = methods.find((name) => typeof given[name] !== 'function');
  if (missing !== undefined) throw new TypeError(`store must be a Store. missing=\`${missing}\``);
  const { atomicAcrossPartitions, exclusive, applyBytesMax } = requireObject(given.capabilities, 'store.capabilities') as Store['capabilities'];
  if (typeof atomicAcrossPartitions !== 'boolean' || typeof exclusive !== 'boolean' || !(Number.isInteger(applyBytesMax) && applyBytesMax > 0)) {
    throw new TypeError('store.capabilities must have atomicAcrossPartitions and exclusive, true or false, and applyBytesMax, a number of bytes');
  }
  return given as Store;
}

/** @throws `TypeError` */
export function readClock(clock: unknown): Clock {
  if (clock === undefined) return systemClock;
  const given = requireObject(clock, 'clock') as Partial<Clock>;
  const missing = (['now', 'after', 'soon'] as const).find((name) => typeof given[name] !== 'function');
  if (missing !== undefined) throw new TypeError(`clock must be a Clock. missing=\`${missing}\``);
  const now: unknown = (given as Clock).now();
  if (typeof now !== 'number' || !(now >= 0 && now <= U48_MAX)) throw new RangeError(`clock.now() must give milliseconds since 1970. now=\`${String(now)}\``);
  return given as Clock;
}

const LEVELS = ['info', 'warn', 'error'] as const;

/** @throws `TypeError` */
export function readLogger(logger: unknown): Logger {
  if (logger === undefined) return silentLogger;
  const given = requireObject(logger, 'logger') as Partial<Logger>;
  const missing = LEVELS.find((name) => typeof given[name] !== 'function');
  if (missing !== undefined) throw new TypeError(`logger must be a Logger, such as console. missing=\`${missing}\``);
  // A log that fails must not stop a shard.
  const quiet =
    (name: (typeof LEVELS)[number]): Logger[typeof name] =>
    (text, details) => {
      try {
        (given as Logger)[name](text, details);
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
