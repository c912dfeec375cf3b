import type { StoreStatus } from './store-keeper.js';

/** Counters and gauges of one shard. */
export interface ShardStats {
  /** Of the store. */
  readonly status: StoreStatus;
  /** Writes that wait or are being written. */
  readonly waitingWrites: number;
  /** Reads that are under way. */
  readonly activeReads: number;
  /** Batches given to the store. */
  readonly batches: number;
  /** Batches that the store refused because somebody else had written. */
  readonly refusedBatches: number;
  /** Times the store was fenced after a failed write. */
  readonly fences: number;
  /** Mailboxes in memory. */
  readonly cachedMailboxes: number;
  /** Mailboxes that a read or write uses now. */
  readonly mailboxesInUse: number;
  /** Bytes that they take, estimated. */
  readonly cachedBytes: number;
}
