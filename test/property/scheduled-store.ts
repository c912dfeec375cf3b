import type { Scheduler } from 'fast-check';
import type { ApplyResult, LoadedPartition, Mark, MarkChange, Op, Partition, PartitionWrite, Row, ScanRange, Store, StoreOpenOptions, Version } from 'mailring';

const copy = (bytes: Uint8Array) => new Uint8Array(bytes);

function copyOp(op: Op): Op {
  if (op.type === 'put') return { ...op, key: copy(op.key), value: copy(op.value) };
  return op.type === 'delete' ? { ...op, key: copy(op.key) } : { ...op, gte: copy(op.gte), lt: copy(op.lt) };
}

function copyWrite(write: PartitionWrite): PartitionWrite {
  const { partition, note, head, ops } = write;
  return { ...write, partition: copy(partition), note: copy(note), ...(head && { head: copy(head) }), ops: ops.map(copyOp) };
}

/**
 * A store whose calls take effect, and answer, when a scheduler says so: in any order that the contract allows. Like every store it copies what it is given before
 * its call returns.
 */
export class ScheduledStore implements Store {
  readonly #inner: Store;
  readonly #versions = new Map<string, Version>();
  /** Absent: calls go through at once. */
  scheduler: Scheduler | undefined;

  constructor(inner: Store, scheduler: Scheduler) {
    this.#inner = inner;
    this.scheduler = scheduler;
  }

  get capabilities() {
    return this.#inner.capabilities;
  }

  /** The version of a user's mailbox that was stored last. */
  versionOf(user: string): Version {
    const id = Buffer.from(user);
    return this.#versions.get(Buffer.concat([Uint8Array.of(1, id.length), id]).toString('hex')) ?? 0;
  }

  open(options: StoreOpenOptions): Promise<void> {
    return this.#inner.open(options);
  }

  load(partition: Partition): Promise<LoadedPartition> {
    const given = copy(partition);
    return this.#delayed('load', () => this.#inner.load(given));
  }

  validate(partition: Partition): Promise<Version> {
    const given = copy(partition);
    return this.#delayed('validate', () => this.#inner.validate(given));
  }

  read(partition: Partition, keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    const given = { partition: copy(partition), keys: keys.map(copy) };
    return this.#delayed('read', () => this.#inner.read(given.partition, given.keys));
  }

  scan(partition: Partition, range: ScanRange): Promise<Row[]> {
    const given = { partition: copy(partition), range: { ...range, gte: copy(range.gte), lt: copy(range.lt) } };
    return this.#delayed('scan', () => this.#inner.scan(given.partition, given.range));
  }

  apply(writes: readonly PartitionWrite[], marks: readonly MarkChange[] = []): Promise<ApplyResult> {
    const given = writes.map(copyWrite);
    return this.#delayed('apply', async () => {
      const result = await this.#inner.apply(given, marks);
      if (result.applied) for (const { partition, version } of given) this.#versions.set(Buffer.from(partition).toString('hex'), version);
      return result;
    });
  }

  scanMarks(slot: number): AsyncIterable<Mark> {
    return this.#inner.scanMarks(slot);
  }

  partitions(): AsyncIterable<Partition> {
    return this.#inner.partitions();
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  async #delayed<T>(name: string, effect: () => Promise<T>): Promise<T> {
    await this.scheduler?.schedule(Promise.resolve(), name);
    const result = await effect();
    await this.scheduler?.schedule(Promise.resolve(), `${name} answers`);
    return result;
  }
}
