import { LRUCache } from 'lru-cache';
import { bytesKey } from '../../model/bytes.js';
import type { Partition, Version } from '../store.js';

/** The version of one partition, and the one that a commit in flight will give it. */
export interface KnownVersion {
  readonly name: string;
  version: Version;
  /** Set by the commit in flight; counts only once that is confirmed. */
  next: Version;
  /** Number of the last apply that looked at this entry: the same number twice means that a partition occurs twice. */
  apply: number;
  /** How many entries had come in when it came in or was last moved to the front. */
  kept: number;
  /** Whether the map has dropped it. */
  dropped: boolean;
}

/** Reads of one partition's version that are on their way. */
interface Learning {
  readers: number;
  /** What the map knew and dropped while they were. */
  dropped: KnownVersion | undefined;
}

/** What stands for a partition in the map: `bytesKey`, without the view that it makes of what may not be a Buffer. */
export function nameOf(partition: Partition): string {
  return Buffer.isBuffer(partition) ? partition.toString('latin1') : bytesKey(partition);
}

/**
 * A bounded map partition → version, so that a commit compares versions without a read. Names are {@link nameOf} of partitions.
 *
 * It never goes back: a read that began before a commit and ends after it brings an older version, and must not replace the newer one, also when the map
 * dropped the newer one in between. With an older version in the map a write that was planned before that commit would pass.
 */
export class KnownVersions {
  readonly #entries: LRUCache<string, KnownVersion>;
  readonly #learning = new Map<string, Learning>();
  #kept = 0;

  constructor(max: number) {
    this.#entries = new LRUCache<string, KnownVersion>({
      max,
      dispose: (entry, name, reason) => {
        if (reason !== 'evict') return;
        entry.dropped = true;
        const learning = this.#learning.get(name);
        if (learning !== undefined) learning.dropped = entry;
      },
    });
  }

  get(name: string): KnownVersion | undefined {
    // Moving to the front costs more than finding, and is of use only when so many others came in that the entry is on its way out.
    const entry = this.#entries.peek(name);
    if (entry !== undefined && this.#kept - entry.kept >= this.#entries.max / 4) {
      entry.kept = this.#kept;
      this.#entries.get(name);
    }
    return entry;
  }

  /** Runs `read`, which gives what a partition is at some moment in between, and remembers its version unless a newer one is known. */
  async learn<Found extends { readonly version: Version }>(
    name: string,
    read: () => Promise<Found>,
  ): Promise<{ readonly found: Found; readonly entry: KnownVersion }> {
    const learning = this.#learning.get(name) ?? { readers: 0, dropped: undefined };
    this.#learning.set(name, learning);
    learning.readers++;
    try {
      const found = await read();
      return { found, entry: this.#remember(name, found.version, learning.dropped) };
    } finally {
      if (--learning.readers === 0) this.#learning.delete(name);
    }
  }

  /** The commit that set `next` is durable. */
  confirm(entry: KnownVersion): void {
    if (entry.next > entry.version) entry.version = entry.next;
    if (entry.dropped) this.#keep(entry);
  }

  #remember(name: string, version: Version, dropped: KnownVersion | undefined): KnownVersion {
    const entry = this.#entries.peek(name) ?? dropped ?? { name, version, next: 0, apply: 0, kept: 0, dropped: true };
    if (version > entry.version) entry.version = version;
    if (entry.dropped) this.#keep(entry);
    return entry;
  }

  #keep(entry: KnownVersion): void {
    entry.dropped = false;
    entry.kept = ++this.#kept;
    this.#entries.set(entry.name, entry);
  }
}
