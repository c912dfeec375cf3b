import xxhash, { type XXHashAPI } from 'xxhash-wasm';
import { MARK_SLOTS } from './limits.js';

/** xxHash64 of bytes, seed 0, as an unsigned 64-bit integer. Everything that is placed by a hash (users, tokens, home sides, marks) uses this one. */
export type Hash64 = (bytes: Uint8Array) => bigint;

/** Where the marks of a mailbox stand. Part of the stored format: never change. */
export function markSlotOf(partition: Uint8Array, hash: Hash64): number {
  return Number(hash(partition) % BigInt(MARK_SLOTS));
}

let loading: Promise<XXHashAPI> | undefined;

/**
 * Makes the hash ready. It is WebAssembly, which can only be started asynchronously: `open` and `Ring.create` wait for it, so that
 * everything after them is synchronous and importing mailring does no work.
 */
export async function loadHash64(): Promise<Hash64> {
  loading ??= xxhash().catch((error) => {
    loading = undefined;
    throw error;
  });
  const { h64Raw } = await loading;
  return (bytes) => h64Raw(bytes, 0n);
}
