import { conversationPrefix, conversationRange, parseKey } from '../mailbox/keys.js';
import { decodeHead, decodeMessage } from '../mailbox/rows.js';
import { openRow } from '../mailbox/verify-row.js';
import { compareBytes } from '../model/bytes.js';
import { crc32 } from '../model/crc32.js';
import { markSlotOf } from '../model/hash.js';
import { homeSideOf, participantsOf, partitionOf, type UserId } from '../model/ids.js';
import type { Shard } from '../shard/shard.js';
import { HEAD_KEY, type Store } from '../store/store.js';
import type { Engine } from './engine.js';

/** Asks the store of a shard for one verification. */
export interface StoreAsker {
  ask<T>(shard: Shard, question: (store: Store) => Promise<T>): Promise<T>;
}

/**
 * Whether the end of a conversation is still to be delivered from its home to the other mailbox: whether a mark that a sweep would follow is stored. A delivery that is
 * under way has one too, since the home's commit sets it and only a commit that finds everything delivered takes it away.
 */
export async function isOwed(asker: StoreAsker, engine: Engine, user: UserId, peer: UserId): Promise<boolean> {
  const participants = participantsOf(user, peer);
  const side = homeSideOf(participants, engine.hash);
  const home = participants[side];
  const other = participants[1 - side]!;
  const shard = engine.shardOf(home);
  const { atomicAcrossPartitions } = shard.store.capabilities;
  if (atomicAcrossPartitions && shard === engine.shardOf(other)) return false;
  const partition = partitionOf(home);
  return asker.ask(shard, async (store) => {
    const name = atomicAcrossPartitions ? partitionOf(other) : await baseBelow(store, home, other);
    if (name === undefined) return false;
    for await (const mark of store.scanMarks(markSlotOf(partition, engine.hash))) {
      if (compareBytes(mark.partition, partition) === 0 && compareBytes(mark.name, name) === 0) return true;
    }
    return false;
  });
}

/** Name of the mark that the home's head stores, where it is below the newest message of the conversation: a sweep looks at what came above it. */
async function baseBelow(store: Store, home: UserId, other: UserId): Promise<Uint8Array | undefined> {
  const partition = partitionOf(home);
  const partitionCrc = crc32(partition);
  const { head } = await store.load(partition);
  const name = head && openRow({ key: HEAD_KEY, value: head }, partitionCrc, decodeHead, '', ignore)?.markName;
  if (name === undefined || name.length === 0) return undefined;
  const rows = await store.scan(partition, { ...conversationRange(conversationPrefix(other)), limit: 2 });
  const newest = rows.find(({ key }) => parseKey(key)?.kind === 'message');
  const message = newest && openRow(newest, partitionCrc, decodeMessage, '', ignore);
  return message !== undefined && message.number > Buffer.from(name).readUIntBE(0, name.length) ? name : undefined;
}

const ignore = (): void => undefined;
