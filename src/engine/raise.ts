import { ByteWriter } from '../mailbox/byte-writer.js';
import { planRestore } from '../mailbox/plan-restore.js';
import { corrupt } from '../model/errors.js';
import { userOf } from '../model/ids.js';
import { RESTORE_MARGIN_MS } from '../model/limits.js';
import type { PartitionWrite, Store } from '../store/store.js';
import { decodeIdentity, IDENTITY_PARTITION, identityWrite, isIdentityPartition } from './identity.js';

/** Mailboxes that are raised by one commit, where a store takes several. */
const BATCH_MAILBOXES = 256;

/** What is raised, and how that is watched and given up. */
export interface RaiseOptions {
  /** Which one the store has to be. */
  readonly shard: string;
  readonly signal: AbortSignal | undefined;
  readonly onRaised: (mailboxes: number) => void;
}

/**
 * Raises every mailbox of a restored store above all numbers that it can have given after the backup was taken. Nobody else may use the store meanwhile.
 *
 * @param above the clock, or where an earlier restore began
 * @returns where this one begins: the greatest version there is now
 * @throws `MAILRING_CORRUPT`, `MAILRING_FORMAT`, the signal's reason, what the store throws
 */
export async function raiseMailboxes(store: Store, above: number, { shard, signal, onRaised }: RaiseOptions): Promise<number> {
  // Also above the store's own last restore, which mailboxes that are new since are above as well.
  const base = Math.max(above, (await insistOnIdentity(store, shard)).version);
  const size = store.capabilities.atomicAcrossPartitions ? BATCH_MAILBOXES : 1;
  const writer = new ByteWriter();
  let began = base + RESTORE_MARGIN_MS;
  let writes: PartitionWrite[] = [];
  const commit = async () => {
    if (writes.length === 0) return;
    if (!(await store.apply(writes)).applied) throw corrupt('a mailbox changes while it is being restored');
    onRaised(writes.length);
    writes = [];
    writer.reset();
  };
  for await (const partition of store.partitions()) {
    signal?.throwIfAborted();
    if (isIdentityPartition(partition)) continue;
    if (userOf(partition) === undefined) throw corrupt("a partition is no user's", { partition: Buffer.from(partition).toString('hex') });
    const write = planRestore(partition, await store.load(partition), base, writer);
    began = Math.max(began, write.version);
    if (writes.push(write) === size) await commit();
  }
  await commit();
  return began;
}

/** Says in a store where its last restore began: mailboxes that are new to it begin above. @throws `MAILRING_CORRUPT`, what the store throws */
export async function markRestored(store: Store, began: number): Promise<void> {
  const { version, head } = await insistOnIdentity(store);
  if (!(await store.apply([identityWrite(version, began, head)])).applied) throw corrupt('the identity of a store changes while it is being restored');
}

async function insistOnIdentity(store: Store, shard?: string): Promise<{ readonly version: number; readonly head: Uint8Array }> {
  const { version, head } = await store.load(IDENTITY_PARTITION);
  if (head === undefined) throw corrupt('a store has no identity');
  const stored = decodeIdentity(head);
  if (shard !== undefined && stored.shard !== shard) throw corrupt(`a store is another shard. stored=\`${stored.shard}\` expected=\`${shard}\``);
  return { version, head };
}
