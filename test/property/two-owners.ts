import { Mailring, type Store } from 'mailring';
import type { OpenMailring } from './world.js';

/** What the owners of all runs met. */
export interface OwnersStats {
  refusedBatches: number;
}

/**
 * Several engines over one store behind the verbs of one. They take turns: calls that overlap go to one engine, so that un-awaited sends keep their order, and the next
 * call after them finds another engine, whose cache is behind.
 */
export async function openOwners(stores: readonly Store[], options: Parameters<OpenMailring>[0], stats: OwnersStats): Promise<Mailring> {
  const engines = await Promise.all(stores.map((store) => Mailring.open({ ...options, store })));
  let turn = 0;
  let running = 0;
  const call = async <T>(verb: (engine: Mailring) => Promise<T>): Promise<T> => {
    if (running++ === 0) turn = (turn + 1) % engines.length;
    try {
      return await verb(engines[turn]!);
    } finally {
      running--;
    }
  };
  const owners: Omit<Mailring, typeof Symbol.asyncDispose | 'backup' | 'scrub'> = {
    sendMessage: (...given) => call((engine) => engine.sendMessage(...given)),
    fetchConversations: (...given) => call((engine) => engine.fetchConversations(...given)),
    fetchMessages: (...given) => call((engine) => engine.fetchMessages(...given)),
    verify: (...given) => call((engine) => engine.verify(...given)),
    conversationIdOf: (...given) => engines[turn]!.conversationIdOf(...given),
    markRead: (...given) => call((engine) => engine.markRead(...given)),
    getConversation: (...given) => call((engine) => engine.getConversation(...given)),
    getMessage: (...given) => call((engine) => engine.getMessage(...given)),
    conversations: (...given) => engines[turn]!.conversations(...given),
    messages: (...given) => engines[turn]!.messages(...given),
    watch: (...given) => engines[turn]!.watch(...given),
    stats: () => ({
      ...engines[turn]!.stats(),
      shards: Object.fromEntries(engines.flatMap((one, i) => Object.entries(one.stats().shards).map(([name, shard]) => [`${name} of owner ${i}`, shard]))),
    }),
    health: () => engines[turn]!.health(),
    close: async () => {
      await Promise.all(engines.map((one) => one.close()));
      for (const one of engines) for (const { refusedBatches } of Object.values(one.stats().shards)) stats.refusedBatches += refusedBatches;
    },
  };
  return owners as Mailring;
}
