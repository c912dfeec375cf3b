import type { PlantedBug } from './planted-bug.js';

const CACHE = { files: ['test/engine/cache.test.ts'] };
const FORMAT = { files: ['test/mailbox/stored-format.test.ts'] };
const CONFORMANCE = { files: ['test/store/level-conformance.test.ts'] };
const COUNTS = { files: ['test/store/level-counts.test.ts'] };
const FENCE = { files: ['test/store/level-fence.test.ts'] };
const VERSIONS = { files: ['test/store/level-versions.test.ts'] };

/** Bugs in stored bytes, in the LevelDB store and in the ring. */
export const STORE_BUGS: readonly PlantedBug[] = [
  {
    name: 'format-crc-without-partition',
    what: 'the checksum of a row does not cover its partition',
    file: 'mailbox/mailbox-state.ts',
    find: 'this.partitionCrc = crc32(this.partition);',
    replace: 'this.partitionCrc = crc32(this.partition, 0, 0, 0);',
    suite: CACHE,
  },
  {
    name: 'format-digest-short',
    what: 'the digest of a request has 15 bytes',
    file: 'mailbox/content-digest.ts',
    find: '.slice(0, 16)',
    replace: '.slice(0, 15)',
    suite: FORMAT,
  },
  {
    name: 'format-message-key-order',
    what: 'messages stand oldest first',
    file: 'mailbox/keys.ts',
    find: 'key(prefix, MESSAGE_TAG, ...inv48(seq))',
    replace: 'key(prefix, MESSAGE_TAG, ...inv48(U48_MAX - seq))',
    suite: FORMAT,
  },
  {
    name: 'format-home-side',
    what: "a conversation's home is always the lower user's mailbox",
    file: 'model/ids.ts',
    find: 'return Number(hash(pairBytes(participants)) & 1n) as 0 | 1;',
    replace: 'return Number(hash(pairBytes(participants)) & 0n) as 0 | 1;',
    suite: FORMAT,
  },
  {
    name: 'level-no-sync',
    what: 'a commit is acknowledged before it is on disk',
    file: 'store/level/level-handle.ts',
    find: 'const SYNC = { sync: true } as const;',
    replace: 'const SYNC = { sync: false as boolean as true };',
    suite: COUNTS,
  },
  {
    name: 'level-no-compare',
    what: 'a commit is applied whatever version it expects',
    file: 'store/level/level-handle.ts',
    find: 'if (stale.length > 0) return { applied: false, stale };',
    replace: 'if (stale.length > writes.length) return { applied: false, stale };',
    suite: CONFORMANCE,
  },
  {
    name: 'level-no-fence',
    what: 'the handle takes writes after one has failed',
    file: 'store/level/level-handle.ts',
    find: '    if (this.#failure !== undefined) {\n',
    replace: '    if (this.#failure !== undefined && this.#closed) {\n',
    suite: FENCE,
  },
  {
    name: 'level-version-goes-back',
    what: 'a read that ends after a commit brings the older version back',
    file: 'store/level/known-versions.ts',
    find: 'if (version > entry.version) entry.version = version;',
    replace: 'entry.version = version;',
    suite: VERSIONS,
  },
  {
    name: 'level-mark-survives',
    what: 'a mark that was cleared stays',
    file: 'store/level/batch-builder.ts',
    find: 'else batch.del(markKey(mark), this.#encodings);',
    replace: 'else batch.put(markKey(mark), NOTHING, this.#encodings);',
    suite: CONFORMANCE,
  },
];
