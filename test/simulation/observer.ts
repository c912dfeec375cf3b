import type { SimulatedData, StoreEvent } from 'mailring/testing';
import { conversationPrefix, conversationRange, parseKey } from '../../src/mailbox/keys.js';
import { bytesKey } from '../../src/model/bytes.js';
import { partitionOf, type UserId, userOf } from '../../src/model/ids.js';
import type { PartitionWrite } from '../../src/store/store.js';
import type { Count } from './sometimes.js';

/** Milliseconds. */
const RIGHT_AFTER_MS = 5;

/** Watches stores and calls from outside and counts the rare states they come through. */
export class Observer {
  /** Faults by what they did. */
  readonly faults: Record<string, number> = {};
  datas: readonly SimulatedData[] = [];
  /** Messages that some caller was told are sent. */
  readonly acknowledged = new Set<string>();
  /** The time that an engine's clock tells, by the engine's name. */
  readonly nowOf = new Map<string, () => number>();
  readonly #count: Count;
  /** By partition and version: who planned on it, and what version they gave. */
  readonly #plans = new Map<string, { readonly owner: string; readonly version: number }>();
  /** Partitions that a late write can still change, and whether they were loaded since. */
  readonly #late = new Map<string, boolean>();
  readonly #opened = new Set<string>();
  /** Sends under way, by engine and pair. */
  readonly #sending = new Map<string, number>();
  readonly #known = new Map<string, number>();
  /** Loads and validations under way, by engine and user. */
  readonly #asked = new Map<string, number>();
  /** When an engine has last acknowledged a send. */
  readonly #acknowledgedAt = new Map<string, number>();
  /** Mailboxes that a sweep has touched, and the version it found. */
  readonly #touched = new Map<string, number>();

  constructor(count: Count) {
    this.#count = count;
  }

  fault(name: string): void {
    this.faults[name] = (this.faults[name] ?? 0) + 1;
  }

  event(store: number, event: StoreEvent): void {
    const { type, owner, call, fault } = event;
    switch (type) {
      case 'call':
        if (call?.kind === 'apply') this.#plan(store, owner, call.writes ?? []);
        else if (call?.kind === 'load') {
          const name = `${store} ${bytesKey(call.partition!)}`;
          if (this.#late.has(name)) this.#late.set(name, true);
        }
        break;
      case 'fault':
        this.fault(`${call?.kind} ${fault}`);
        if (fault === 'late') for (const { partition } of call?.writes ?? []) this.#late.set(`${store} ${bytesKey(partition)}`, false);
        if (call?.kind === 'open') this.#count('a store cannot be opened');
        if ((fault === 'late' || fault === 'fail-after') && isDelivery(call?.writes ?? [])) this.#count('the outcome of a delivery is not known');
        break;
      case 'applied':
        if (event.late) this.#lateApplied(store, call?.writes ?? []);
        else this.#applied(store, owner, call?.writes ?? [], (call?.marks ?? []).length > 0);
        for (const { partition, version } of call?.writes ?? []) this.#known.set(`${owner} ${store} ${bytesKey(partition)}`, version);
        break;
      case 'refused':
        this.#count(event.late ? 'a late write is refused' : 'a batch is refused');
        if (isDelivery(call?.writes ?? [])) this.#count('a delivery is refused');
        for (const { partition, expectVersion } of event.late ? (call?.writes ?? []) : [])
          if (this.#touched.get(`${store} ${bytesKey(partition)}`) === expectVersion) this.#count('a commit comes too late for its touched mark');
        break;
      case 'cleared':
        this.#count((call?.writes ?? []).length === 0 ? 'a dead mark is taken away' : 'a mark is taken away when idle');
        break;
      case 'survived':
        this.#count('a crash leaves a write that nobody heard of');
        break;
      case 'lost':
        this.#count('a crash takes a write that nobody heard of');
        break;
      case 'between':
        this.#count('a crash between mark and commit');
        break;
      case 'opened':
        if (this.#opened.has(`${store} ${owner}`)) this.#count('a store is fenced and opened again');
        this.#opened.add(`${store} ${owner}`);
        break;
      case 'open-failed':
        this.#count('a store has no space to be opened');
        break;
      default:
        break;
    }
    if (['crashed', 'reverted', 'disk-full', 'corrupted'].includes(type)) this.fault(type);
  }

  /** The answer of a validation. */
  validated(store: number, owner: string, partition: Uint8Array, version: number): void {
    const name = `${owner} ${store} ${bytesKey(partition)}`;
    if (version > (this.#known.get(name) ?? version)) this.#count('validation finds a newer version');
    this.#known.set(name, version);
  }

  sendBegins(engine: string, a: string, b: string): void {
    const name = `${engine} ${pair(a, b)}`;
    this.#sending.set(name, (this.#sending.get(name) ?? 0) + 1);
  }

  sendEnds(engine: string, a: string, b: string): void {
    const name = `${engine} ${pair(a, b)}`;
    this.#sending.set(name, this.#sending.get(name)! - 1);
  }

  /** An engine has told that a message is sent, at this simulated time. */
  acknowledge(engine: string, messageId: string, time: number): void {
    this.acknowledged.add(messageId);
    this.#acknowledgedAt.set(engine, time);
  }

  /** A question to a store, and its answer. */
  asked<T>(what: 'load' | 'validate', owner: string, partition: Uint8Array, answer: Promise<T>): Promise<T> {
    const name = `${what} ${owner} ${userOf(partition)}`;
    const add = (by: number) => this.#asked.set(name, (this.#asked.get(name) ?? 0) + by);
    add(1);
    // The answer itself, untouched: one turn more would make every seed another one.
    const end = () => add(-1);
    answer.then(end, end);
    return answer;
  }

  readBegins(engine: string, user: string): void {
    if ((this.#asked.get(`load ${engine} ${user}`) ?? 0) > 0) this.#count('a read begins while its mailbox is loaded');
    if ((this.#asked.get(`validate ${engine} ${user}`) ?? 0) > 0) this.#count('a read begins while its mailbox is validated');
  }

  /** Before an engine crashes, with the pairs whose sends it had under way. */
  crashes(engine: string, time: number, pairs: readonly (readonly [string, string])[]): void {
    if (time - (this.#acknowledgedAt.get(engine) ?? Number.NEGATIVE_INFINITY) <= RIGHT_AFTER_MS) this.#count('a crash right after an acknowledgement');
    if (pairs.some(([a, b]) => a !== b && this.lastSeq(a, b) !== this.lastSeq(b, a))) this.#count('a crash between the two commits');
  }

  /** How far a mailbox holds a conversation, as it is stored now. */
  lastSeq(user: string, peer: string): number {
    const partition = partitionOf(user as UserId);
    for (const { rows } of this.datas) {
      const found = rows.scan(partition, { ...conversationRange(conversationPrefix(peer as UserId)), limit: 2 }).map(({ key }) => parseKey(key));
      for (const key of found) if (key?.kind === 'message') return key.seq;
    }
    return 0;
  }

  #plan(store: number, owner: string, writes: readonly PartitionWrite[]): void {
    for (const { partition, expectVersion, version } of writes) {
      const name = `${store} ${bytesKey(partition)} ${expectVersion}`;
      const other = this.#plans.get(name);
      if (other !== undefined && other.owner !== owner) {
        this.#count('two owners plan on one version');
        if (other.version === version) this.#count('two owners give one version');
      }
      this.#plans.set(name, { owner, version });
      if (version > (this.nowOf.get(owner)?.() ?? version)) this.#count('a version runs ahead of the clock');
    }
  }

  #lateApplied(store: number, writes: readonly PartitionWrite[]): void {
    this.#count('a late write is applied');
    if (writes.some(({ partition }) => this.#late.get(`${store} ${bytesKey(partition)}`))) this.#count('a late write is applied after a reload');
  }

  #applied(store: number, owner: string, writes: readonly PartitionWrite[], marked: boolean): void {
    for (const { partition, expectVersion, ops, head } of writes) {
      const user = userOf(partition);
      if (user === undefined) continue;
      if (ops.length === 0 && head === undefined && !marked) {
        this.#count('a sweep touches a mark');
        this.#touched.set(`${store} ${bytesKey(partition)}`, expectVersion);
      }
      const keys = ops.map(({ type, ...op }) => (type === 'put' && 'key' in op ? parseKey(op.key) : undefined)).filter((key) => key !== undefined);
      const messages = keys.filter((key) => key.kind === 'message');
      const ids = keys.filter((key) => key.kind === 'dedupe').length;
      if (ids > 1) this.#count('a batch holds several sends');
      if (ids > 0 || messages.length === 0 || writes.length > 1) continue;
      if (messages.length > 1) this.#count('a delivery brings several messages');
      if (messages.some(({ peer }) => (this.#sending.get(`${owner} ${pair(user, peer)}`) ?? 0) === 0)) this.#count('a sweep delivers a tail');
    }
  }
}

const pair = (a: string, b: string) => [a, b].sort().join(' ');

/** Whether a batch brings copies from a home, and nothing else. */
function isDelivery(writes: readonly PartitionWrite[]): boolean {
  const kinds = writes.flatMap(({ ops }) => ops.map((op) => (op.type === 'put' ? parseKey(op.key)?.kind : undefined)));
  return writes.length === 1 && kinds.includes('message') && !kinds.includes('dedupe');
}
