import { bytesKey } from '../model/bytes.js';
import { type Mark, type MarkChange, noteKey, type Partition, type PartitionWrite, type Row, type ScanRange, type Version } from '../store/store.js';

/** Undoes one change. */
export type Undo = () => void;

/** A copy that shares no memory. */
export function copyBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

/** One partition: values by key, one character a byte, and the keys in order. */
interface StoredPartition {
  readonly partition: Partition;
  version: Version;
  head: Uint8Array | undefined;
  readonly keys: string[];
  readonly values: Map<string, Uint8Array>;
}

/** What a simulated store holds now. Every change gives what undoes it, so that what never became durable can be taken back, the last change first. */
export class SimulatedRows {
  readonly partitions = new Map<string, StoredPartition>();
  /** By slot, then by partition and name. */
  readonly marks = new Map<number, Map<string, Mark>>();

  find(partition: Partition): StoredPartition | undefined {
    return this.partitions.get(bytesKey(partition));
  }

  versionOf(partition: Partition): Version {
    return this.find(partition)?.version ?? 0;
  }

  scan(partition: Partition, { gte, lt, reverse = false, limit }: ScanRange): Row[] {
    const stored = this.find(partition);
    if (stored === undefined) return [];
    const found = stored.keys.slice(lowerBound(stored.keys, bytesKey(gte)), lowerBound(stored.keys, bytesKey(lt)));
    if (reverse) found.reverse();
    return found.slice(0, Math.max(0, limit)).map((key) => ({ key: new Uint8Array(Buffer.from(key, 'latin1')), value: copyBytes(stored.values.get(key)!) }));
  }

  commit(write: PartitionWrite): Undo {
    const name = bytesKey(write.partition);
    const known = this.partitions.get(name);
    const stored = known ?? { partition: copyBytes(write.partition), version: 0, head: undefined, keys: [], values: new Map() };
    const { version, head } = stored;
    const undo: Undo[] = [];
    for (const op of write.ops) {
      if (op.type === 'put') undo.push(put(stored, bytesKey(op.key), op.value));
      else if (op.type === 'delete') undo.push(remove(stored, bytesKey(op.key)));
      else for (const { key } of this.#range(stored, op.gte, op.lt)) undo.push(remove(stored, key));
    }
    undo.push(put(stored, bytesKey(noteKey(write.version)), write.note));
    stored.version = write.version;
    if (write.head !== undefined) stored.head = write.head;
    this.partitions.set(name, stored);
    return () => {
      for (const one of undo.reverse()) one();
      stored.version = version;
      stored.head = head;
      if (known === undefined) this.partitions.delete(name);
    };
  }

  mark(change: MarkChange): Undo {
    const slot = this.marks.get(change.slot) ?? new Map<string, Mark>();
    this.marks.set(change.slot, slot);
    const key = `${change.partition.length} ${bytesKey(change.partition)}${bytesKey(change.name)}`;
    const before = slot.get(key);
    if (change.type === 'clear') slot.delete(key);
    else slot.set(key, { slot: change.slot, partition: change.partition, name: change.name });
    return () => {
      if (before === undefined) slot.delete(key);
      else slot.set(key, before);
    };
  }

  *#range(stored: StoredPartition, gte: Uint8Array, lt: Uint8Array): Generator<{ readonly key: string }> {
    for (const key of stored.keys.slice(lowerBound(stored.keys, bytesKey(gte)), lowerBound(stored.keys, bytesKey(lt)))) yield { key };
  }
}

/** Index of the first key that is not below `key`: strings of one character a byte compare as the bytes do. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function put(stored: StoredPartition, key: string, value: Uint8Array): Undo {
  const before = stored.values.get(key);
  if (before === undefined) stored.keys.splice(lowerBound(stored.keys, key), 0, key);
  stored.values.set(key, value);
  return before === undefined ? () => void remove(stored, key) : () => void stored.values.set(key, before);
}

function remove(stored: StoredPartition, key: string): Undo {
  const before = stored.values.get(key);
  if (before === undefined) return () => undefined;
  stored.values.delete(key);
  stored.keys.splice(lowerBound(stored.keys, key), 1);
  return () => void put(stored, key, before);
}
