import { join } from 'node:path';
import { checkKeys, requireObject } from '../model/arguments.js';
import { type Clock, systemClock } from '../model/clock.js';
import { loadHash64 } from '../model/hash.js';
import { DEFAULT_LIMITS, LIMITS, type Limits, TIMEOUT_MS_MAX } from '../model/limits.js';
import { type Logger, silentLogger } from '../model/logger.js';
import { Ring } from '../ring/ring.js';
import { Shard } from '../shard/shard.js';
import type { Store } from '../store/store.js';
import { aborted, readInteger, readSignal, readString } from './arguments.js';
import { closeAll, Engine } from './engine.js';
import { insistOnIdentity } from './identity.js';

/** What to open: a folder, or a store. */
export interface OpenOptions {
  /** Folder of an embedded LevelDB; made when it is not there. */
  readonly location?: string | undefined;
  /** A store of your own: memory, level, or any other that passes the conformance suite. */
  readonly store?: Store | undefined;
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

const OPEN_KEYS = ['location', 'store', 'openWaitMs', 'limits', 'clock', 'logger', 'signal'] as const;

/** The one shard of a mailring that was not told otherwise. */
const FIRST_SHARD = 'shard-0';

/** Opens the stores, checks that they are what they are opened as, and puts the engine together. Nothing stays open when it fails. */
export async function openEngine(options: OpenOptions): Promise<Engine> {
  const given = requireObject(options, 'the options of Mailring.open') as OpenOptions;
  checkKeys(given, OPEN_KEYS, 'the options of Mailring.open');
  const openWaitMs = readInteger(given.openWaitMs, 'openWaitMs', 0, TIMEOUT_MS_MAX) ?? 0;
  const limits = readLimits(given.limits);
  const clock = readClock(given.clock);
  const logger = readLogger(given.logger);
  const signal = readSignal(given.signal);
  const { location } = given;
  const store = given.store === undefined ? undefined : readStore(given.store);
  if ((location === undefined) === (store === undefined)) throw new TypeError('Mailring.open takes one of location and store');
  if (location !== undefined && readString(location, 'location') === '') throw new RangeError('location must not be empty');
  if (signal?.aborted) throw aborted(signal.reason);

  const [hash, ring, opened] = await Promise.all([loadHash64(), Ring.create({ shards: [FIRST_SHARD] }), store ?? levelStore(location!)]);
  const shard = new Shard({ name: FIRST_SHARD, store: opened, clock, limits, logger });
  try {
    await shard.open({ openWaitMs, ...(signal && { signal }) });
    insistOnCapabilities(opened);
    await insistOnIdentity(opened, { shard: FIRST_SHARD, shards: [FIRST_SHARD], ring: ring.fingerprint });
  } catch (error) {
    await closeAll([shard]);
    throw error;
  }
  return new Engine(clock, hash, ring, new Map([[FIRST_SHARD, shard]]));
}

/** What this version of the engine stands on: both copies of a message in one batch, and a cache that nobody can write behind. */
function insistOnCapabilities({ capabilities }: Store): void {
  if (capabilities.atomicAcrossPartitions && capabilities.exclusive) return;
  const { atomicAcrossPartitions, exclusive } = capabilities;
  throw new RangeError(
    `this version takes only stores that are atomic across partitions and exclusive. atomicAcrossPartitions=\`${atomicAcrossPartitions}\` exclusive=\`${exclusive}\``,
  );
}

/** Loaded only here, so that a mailring over another store needs no native code. */
async function levelStore(location: string): Promise<Store> {
  const { LevelStore } = await import('../store/level/level-store.js');
  return new LevelStore({ location: join(location, FIRST_SHARD) });
}

/** @throws `TypeError` */
function readStore(store: unknown): Store {
  const given = requireObject(store, 'store') as Partial<Store>;
  const methods = ['open', 'load', 'validate', 'read', 'scan', 'apply', 'scanMarks', 'partitions', 'close'] as const;
  const missing = methods.find((name) => typeof given[name] !== 'function');
  if (missing !== undefined || typeof given.capabilities !== 'object') throw new TypeError(`store must be a Store. missing=\`${missing ?? 'capabilities'}\``);
  return given as Store;
}

/** @throws `TypeError` */
function readClock(clock: unknown): Clock {
  if (clock === undefined) return systemClock;
  const given = requireObject(clock, 'clock') as Partial<Clock>;
  const missing = (['now', 'after', 'soon'] as const).find((name) => typeof given[name] !== 'function');
  if (missing !== undefined) throw new TypeError(`clock must be a Clock. missing=\`${missing}\``);
  return given as Clock;
}

/** @throws `TypeError` */
function readLogger(logger: unknown): Logger {
  if (logger === undefined) return silentLogger;
  const given = requireObject(logger, 'logger') as Partial<Logger>;
  const missing = (['info', 'warn', 'error'] as const).find((name) => typeof given[name] !== 'function');
  if (missing !== undefined) throw new TypeError(`logger must be a Logger, such as console. missing=\`${missing}\``);
  return given as Logger;
}

function readLimits(given: Partial<Limits> | undefined): Limits {
  if (given === undefined) return DEFAULT_LIMITS;
  const names = Object.keys(LIMITS) as (keyof Limits)[];
  checkKeys(requireObject(given, 'limits'), names, 'limits');
  const limits = { ...DEFAULT_LIMITS };
  for (const name of names) limits[name] = readInteger(given[name], `limits.${name}`, 1, LIMITS[name].max) ?? limits[name];
  return limits;
}
