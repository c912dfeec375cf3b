import { MemoryStore } from 'mailring/memory';
import { storeConformance } from 'mailring/testing';
import { describe, test } from 'vitest';
import type { Store } from '../../src/store/store.js';

/** A second handle over the same data, for the hooks. */
function handleOf(store: Store): Store {
  if (!(store instanceof MemoryStore)) throw new TypeError('not a MemoryStore');
  return store.handle();
}

for (const atomicAcrossPartitions of [true, false]) {
  for (const exclusive of [true, false]) {
    describe(`MemoryStore, atomic across partitions: ${atomicAcrossPartitions}, exclusive: ${exclusive}`, () => {
      const hooks = exclusive ? { reopen: handleOf } : { reopen: handleOf, peer: handleOf };
      storeConformance({ describe, test }, () => new MemoryStore({ atomicAcrossPartitions, exclusive }), hooks);
    });
  }
}
