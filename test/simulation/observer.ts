import type { SimulatedData, StoreEvent } from 'mailring/testing';
import { conversationPrefix, conversationRange, parseKey } from '../../src/mailbox/keys.js';
import { bytesKey } from '../../src/model/bytes.js';
import { partitionOf, type UserId, userOf } from '../../src/model/ids.js';
import type { PartitionWrite } from '../../src/store/store.js';
import type { Count } from './sometimes.js';

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
        break;
      case 'applied':
        if (event.late) this.#lateApplied(store, call?.writes ?? []);
        else this.#applied(owner, call?.writes ?? [], (call?.marks ?? []).length > 0);
        for (const { partition, version } of call?.writes ?? []) this.#known.set(`${owner} ${store} ${bytesKey(partition)}`, version);
        break;
      case 'refused':
        this.#count(event.late ? 'a late write is refused' : 'a batch is refused');
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

  /** Before an engine crashes, with the pairs whose sends it had under way. */
  crashes(pairs: readonly (readonly [string, string])[]): void {
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

  #applied(owner: string, writes: readonly PartitionWrite[], marked: boolean): void {
    for (const { partition, ops, head } of writes) {
      const user = userOf(partition);
      if (user === undefined) continue;
      if (ops.length === 0 && head === undefined && !marked) this.#count('a sweep touches a mark');
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
