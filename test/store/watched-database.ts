import type { ByteBatch, ByteDatabase, ByteEncodings, ByteIterator, RangeOptions } from 'mailring/level';
import { MemoryLevel } from 'memory-level';

/** A memory-level database that counts what is asked of it, and whose writes fail or wait when told to. Everything else is the real one. */
export class WatchedDatabase implements ByteDatabase {
  readonly #db: ByteDatabase;
  /** What was asked since {@link reset}, one word a call. */
  calls: string[] = [];
  /** Options of each batch write. */
  writes: unknown[] = [];
  openIterators = 0;
  /** Runs before a batch is written, in its place when it throws. */
  beforeWrite: () => Promise<void> = async () => undefined;
  /** Runs when an iterator has read, before the answer is given. */
  afterRead: () => Promise<void> = async () => undefined;

  constructor(db: ByteDatabase = new MemoryLevel()) {
    this.#db = db;
  }

  get status(): string {
    return this.#db.status;
  }

  reset(): void {
    this.calls = [];
    this.writes = [];
  }

  count(call: string): number {
    return this.calls.filter((one) => one === call).length;
  }

  async open(): Promise<void> {
    this.calls.push('open');
    await this.#db.open();
  }

  async close(): Promise<void> {
    this.calls.push('close');
    await this.#db.close();
  }

  keyEncoding(name: 'view'): unknown {
    return this.#db.keyEncoding(name);
  }

  batch(): ByteBatch {
    const batch = this.#db.batch();
    return {
      put: (key, value, options) => batch.put(key, value, options),
      del: (key, options) => batch.del(key, options),
      close: () => batch.close(),
      write: async (options) => {
        this.calls.push('write');
        this.writes.push(options);
        await this.beforeWrite();
        await batch.write(options);
      },
    };
  }

  async getMany(keys: Uint8Array[], options: ByteEncodings): Promise<(Uint8Array | undefined)[]> {
    this.calls.push('getMany');
    return this.#db.getMany(keys, options);
  }

  iterator(options: RangeOptions): ByteIterator<[Uint8Array, Uint8Array]> {
    this.calls.push('iterator');
    return this.#watch(this.#db.iterator(options));
  }

  keys(options: RangeOptions): ByteIterator<Uint8Array> {
    this.calls.push('keys');
    return this.#watch(this.#db.keys(options));
  }

  #watch<Item>(iterator: ByteIterator<Item>): ByteIterator<Item> {
    this.openIterators++;
    let open = true;
    const closed = (): void => {
      if (open) this.openIterators--;
      open = false;
    };
    const read = async <Found>(found: Promise<Found>): Promise<Found> => {
      const answer = await found;
      await this.afterRead();
      return answer;
    };
    return {
      next: () => {
        this.calls.push('next');
        return read(iterator.next());
      },
      nextv: (size) => {
        this.calls.push('nextv');
        return read(iterator.nextv(size));
      },
      all: async () => {
        this.calls.push('all');
        try {
          return await read(iterator.all());
        } finally {
          closed();
        }
      },
      seek: (target) => {
        this.calls.push('seek');
        iterator.seek(target);
      },
      close: async () => {
        closed();
        await iterator.close();
      },
    };
  }
}
