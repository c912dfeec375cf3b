import { join } from 'node:path';
import { checkKeys, readInteger, requireObject } from '../model/arguments.js';
import { loadHash64 } from '../model/hash.js';
import { TIMEOUT_MS_MAX } from '../model/limits.js';
import { Shard } from '../shard/shard.js';
import type { Store } from '../store/store.js';
import { aborted, readSignal } from './arguments.js';
import { untilAborted } from './call.js';
import { closeAll, Engine } from './engine.js';
import { Identities } from './identity.js';
import { OPEN_KEYS, type OpenOptions, readClock, readLimits, readLogger, readSource, type StoreSource } from './open-options.js';
import { placementOf } from './placement.js';
import { commitTogether } from './route.js';

/** What only mailboxes of different shards need, once it was asked for; every later open then takes the same turns. */
let loading: Promise<typeof import('./crossing.js')> | undefined;

/** Opens the stores, checks that they are what they are opened as, and puts the engine together. Nothing stays open when it fails. */
export async function openEngine(options: OpenOptions): Promise<Engine> {
  const given = requireObject(options, 'the options of Mailring.open') as OpenOptions;
  checkKeys(given, OPEN_KEYS, 'the options of Mailring.open');
  const openWaitMs = readInteger(given.openWaitMs, 'openWaitMs', 0, TIMEOUT_MS_MAX) ?? 0;
  const limits = readLimits(given.limits);
  const clock = readClock(given.clock);
  const logger = readLogger(given.logger);
  const signal = readSignal(given.signal);
  const source = readSource(given);
  if (signal?.aborted) throw aborted(signal.reason);

  const hash = await loadHash64();
  const stores = await storesOf(source);
  const placement = await placementOf([...stores.keys()], hash);
  const shards = new Map([...stores].map(([name, store]) => [name, new Shard({ name, store, clock, limits, logger, hash })]));
  const openAll = async () => {
    const identities = new Identities([...shards.values()], placement.fingerprint);
    for (const shard of shards.values()) {
      signal?.throwIfAborted();
      await shard.open({ openWaitMs, ...(signal && { signal }) });
      await identities.look(shard);
    }
    await identities.make();
  };
  try {
    await untilAborted(signal, openAll);
  } catch (error) {
    // Why it could not be opened matters more than that closing failed too.
    const closing = closeAll([...shards.values()]).catch(() => undefined);
    // A store that hangs while it is opened is left to close when it answers.
    if (signal?.aborted) throw aborted(signal.reason);
    await closing;
    throw error;
  }
  const engine = new Engine({ clock, hash, placement, shards });
  const all = [...shards.values()];
  if (!all.every((homeShard) => all.every((otherShard) => commitTogether({ homeShard, otherShard })))) {
    loading ??= import('./crossing.js');
    const { Crossing } = await loading;
    engine.crossing = new Crossing(engine, limits);
  }
  return engine;
}

/** LevelDB is loaded only here, so that a mailring over another store needs no native code. */
async function storesOf(source: StoreSource): Promise<ReadonlyMap<string, Store>> {
  if ('stores' in source) return source.stores;
  const [{ LevelStore }, { shardFolders }] = await Promise.all([import('../store/level/level-store.js'), import('../store/level/shard-folders.js')]);
  const names = await shardFolders(source.folder, source.names);
  return new Map(names.map((name) => [name, new LevelStore({ location: join(source.folder, name) })]));
}
