import assert from 'node:assert/strict';
import { systemClock } from '../../model/clock.js';
import type { Mark, MarkChange, Op, Partition, PartitionWrite, Row, Store, Version } from '../../store/store.js';

/** The two functions that a test runner must have; those of vitest, node:test and jest fit, of mocha `{ describe, test: it }`. */
export interface TestApi {
  /** Groups tests. */
  describe(name: string, define: () => void): void;
  /** One test; it fails when its promise rejects. */
  test(name: string, run: () => Promise<void>): void;
}

/** Makes a store that holds nothing and is not open; called once a test. */
export type MakeStore = () => Store | Promise<Store>;

/** What a backend can offer beside its store, to be tested for more. */
export interface StoreConformanceHooks {
  /** Given a store that was closed: a store over the same data, not open; what a new process would see. Tests persistence. */
  readonly reopen?: (store: Store) => Store | Promise<Store>;
  /** Given an open store: a second one over the same data, not open, where two may be open at once. Tests two writers. */
  readonly peer?: (store: Store) => Store | Promise<Store>;
  /**
   * For a store whose apply has two steps: from now on it awaits `pause` in each apply, after the marks to set are durable and before the commit is
   * sent. Tests their order without waiting for luck.
   */
  readonly afterMarks?: (store: Store, pause: () => Promise<void>) => void;
  /** Where the random tests begin; stands in their names. */
  readonly seed?: number;
}

/** Registers tests that bring an open store of their own and leave nothing open. */
export class Suite {
  readonly hooks: StoreConformanceHooks;
  readonly #api: TestApi;
  readonly #makeStore: MakeStore;

  constructor(api: TestApi, makeStore: MakeStore, hooks: StoreConformanceHooks) {
    this.#api = api;
    this.#makeStore = makeStore;
    this.hooks = hooks;
  }

  test(name: string, run: (store: Store) => Promise<void>): void {
    this.#api.test(name, async () => {
      const store = await this.#makeStore();
      await using(store, () => run(store));
    });
  }
}

/** Opens a store, runs, and closes it whatever happened. */
export async function using(store: Store, run: () => Promise<void>): Promise<void> {
  await store.open({ clock: systemClock });
  try {
    await run();
  } finally {
    await store.close();
  }
}

/** Lets everything that is waiting in the event loop have a turn. */
export function turn(): Promise<void> {
  return new Promise((resolve) => systemClock.soon(resolve));
}

/** The same bytes as a plain view into the middle of a larger buffer: finds whoever takes the whole `buffer` or needs a `Buffer`. */
export function view(source: Uint8Array): Uint8Array {
  const arena = new Uint8Array(source.length + 8).fill(0xaa);
  arena.set(source, 3);
  return arena.subarray(3, 3 + source.length);
}

/** Bytes written in hexadecimal, blanks allowed. */
export function hex(text: string): Uint8Array {
  return view(Buffer.from(text.replaceAll(' ', ''), 'hex'));
}

/** Bytes of a text. */
export function bytes(text: string): Uint8Array {
  return view(Buffer.from(text));
}

/** Bytes in hexadecimal, for comparing and for messages. */
export function hexOf(value: Uint8Array): string {
  assert.ok(value instanceof Uint8Array, 'bytes are returned as Uint8Array');
  return Buffer.from(value).toString('hex');
}

/** Bytes as the text they stand for. */
export function textOf(value: Uint8Array): string {
  assert.ok(value instanceof Uint8Array, 'bytes are returned as Uint8Array');
  return Buffer.from(value).toString();
}

/** A partition in the contract's form: kind ‖ length ‖ name. */
export function partitionOf(name: string | Uint8Array, kind = 0x01): Partition {
  const tail = typeof name === 'string' ? Buffer.from(name) : name;
  return view(Uint8Array.of(kind, tail.length, ...tail));
}

/** A put; the key in hexadecimal, the value as text. */
export function put(key: string, value = ''): Op {
  return { type: 'put', key: hex(key), value: bytes(value) };
}

/** A delete; the key in hexadecimal. */
export function del(key: string): Op {
  return { type: 'delete', key: hex(key) };
}

/** A deleteRange; the bounds in hexadecimal. */
export function delRange(gte: string, lt: string): Op {
  return { type: 'deleteRange', gte: hex(gte), lt: hex(lt) };
}

/** What a commit may bring beside its versions. */
export interface Change {
  readonly ops?: readonly Op[];
  readonly head?: string;
  readonly note?: string;
}

/** A write of one partition; the log row says `note <version>` unless told otherwise. */
export function write(
  partition: Partition,
  expectVersion: Version,
  version: Version,
  { ops = [], head, note = `note ${version}` }: Change = {},
): PartitionWrite {
  return { partition, expectVersion, version, note: bytes(note), ops, ...(head !== undefined && { head: bytes(head) }) };
}

/** Applies, and insists that it was applied. */
export async function commit(store: Store, writes: PartitionWrite | readonly PartitionWrite[], marks?: readonly MarkChange[]): Promise<void> {
  const result = await store.apply([writes].flat(), marks);
  assert.deepEqual(result, { applied: true }, 'the commit is applied');
}

/** Applies, insists that it was refused, and gives the names that were said to be stale, in order of their bytes. */
export async function refuse(store: Store, writes: PartitionWrite | readonly PartitionWrite[], marks?: readonly MarkChange[]): Promise<string[]> {
  const result = await store.apply([writes].flat(), marks);
  assert.equal(result.applied, false, 'the commit is refused');
  return result.applied ? [] : result.stale.map(hexOf).sort();
}

/** Several writes at once where the store can, one after the other where it takes one partition a call. */
export async function commitAll(store: Store, writes: readonly PartitionWrite[], marks: readonly MarkChange[] = []): Promise<void> {
  if (store.capabilities.atomicAcrossPartitions) return commit(store, writes, marks);
  for (const [i, one] of writes.entries()) await commit(store, one, i === 0 ? marks : []);
}

/** A bound above every key that the tests use. */
const END = 'ff'.repeat(40);

/** Rows of a range as `key=value`, key in hexadecimal, value as text. */
export async function scan(store: Store, partition: Partition, gte: string, lt: string, more: { reverse?: boolean; limit?: number } = {}): Promise<string[]> {
  return (await store.scan(partition, { gte: hex(gte), lt: hex(lt), limit: 10_000, ...more })).map(rowText);
}

/** A row as `key=value`. */
export function rowText({ key, value }: Row): string {
  return `${hexOf(key)}=${textOf(value)}`;
}

/** All rows of a partition but its log. */
export async function rowsOf(store: Store, partition: Partition): Promise<string[]> {
  return [...(await scan(store, partition, '', '20')), ...(await scan(store, partition, '21', END))];
}

/** The values of keys given in hexadecimal, as text. */
export async function read(store: Store, partition: Partition, ...keys: string[]): Promise<(string | undefined)[]> {
  return (await store.read(partition, keys.map(hex))).map((value) => value && textOf(value));
}

/** Everything that can be seen of a partition. */
export interface Seen {
  readonly version: Version;
  readonly head: string | undefined;
  readonly note: string | undefined;
  readonly rows: readonly string[];
}

/** Everything that can be seen of a partition; `load` and `validate` must agree. */
export async function see(store: Store, partition: Partition): Promise<Seen> {
  const { version, head, note } = await store.load(partition);
  assert.equal(await store.validate(partition), version, 'validate answers the version that load answers');
  return { version, head: head && textOf(head), note: note && textOf(note), rows: await scan(store, partition, '', END) };
}

/** A mark to set or clear; the name as text. */
export function mark(type: 'set' | 'clear', slot: number, partition: Partition, name: string): MarkChange {
  return { type, slot, partition, name: bytes(name) };
}

/** The marks of a slot as `partition name`, both in hexadecimal, in order. */
export async function marksOf(store: Store, slot: number): Promise<string[]> {
  const found: string[] = [];
  for await (const one of store.scanMarks(slot)) {
    assert.equal(one.slot, slot, 'a mark says its slot');
    found.push(markText(one));
  }
  return found.sort();
}

/** A mark as {@link marksOf} shows it. */
export function markText({ partition, name }: Mark): string {
  return `${hexOf(partition)} ${hexOf(name)}`;
}

/** All partitions in hexadecimal, in order. */
export async function partitionsOf(store: Store): Promise<string[]> {
  const found: string[] = [];
  for await (const partition of store.partitions()) found.push(hexOf(partition));
  return found.sort();
}
