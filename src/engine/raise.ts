import { ByteWriter } from '../mailbox/byte-writer.js';
import { planRestore } from '../mailbox/plan-restore.js';
import { corrupt } from '../model/errors.js';
import { userOf } from '../model/ids.js';
import { RESTORE_MARGIN_MS } from '../model/limits.js';
import type { PartitionWrite, Store } from '../store/store.js';
import { isIdentityPartition, restoredAt } from './identity.js';

/** Mailboxes that are raised by one commit, where a store takes several. */
const BATCH_MAILBOXES = 256;

/** How raising is watched and given up. */
export interface RaiseOptions {
  readonly signal: AbortSignal | undefined;
  readonly onRaised: (mailboxes: number) => void;
}

/**
 * Raises every mailbox of a restored store above all numbers that it can have given after the backup was taken. Nobody else may use the store meanwhile.
 *
 * @param above the clock, or where an earlier restore began
 * @returns where this one begins: the greatest version there is now
 * @throws `MAILRING_CORRUPT`, the signal's reason, what the store throws
 */
export async function raiseMailboxes(store: Store, above: number, { signal, onRaised }: RaiseOptions): Promise<number> {
  const size = store.capabilities.atomicAcrossPartitions ? BATCH_MAILBOXES : 1;
  const writer = new ByteWriter();
  // Also above the store's own last restore, which mailboxes that are new since are above as well.
  const base = Math.max(above, await restoredAt(store));
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
