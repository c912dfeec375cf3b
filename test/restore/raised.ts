import type { Clock, Store } from 'mailring';
import { markRestored, raiseMailboxes } from '../../src/engine/raise.js';

/** Does to a closed store what a restore does once its files are there. Gives where it began. */
export async function raise(store: Store, clock: Clock, above = clock.now()): Promise<number> {
  await store.open({ clock });
  try {
    const began = await raiseMailboxes(store, above, { shard: 'shard-0', signal: undefined, onRaised: () => undefined });
    await markRestored(store, began);
    return began;
  } finally {
    await store.close();
  }
}
