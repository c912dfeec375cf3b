import type { Limits } from 'mailring';
import type { SeededRandom } from './seeded-random.js';

/** Kinds of fault that a seed can have; some of them only in some settings. */
export const FAULT_KINDS = [
  'writes fail before',
  'writes fail after',
  'writes are unknown and come late',
  'writes fail between mark and commit',
  'reads fail',
  'calls hang',
  'calls stall',
  'values are read wrong',
  'stored values go wrong',
  'engines crash',
  'engines die between mark and commit',
  'engines restart',
  'a store is down',
  'a disk is full',
  'opening fails',
  'clocks go back',
  'clocks stand',
  'clocks run ahead',
  'clocks differ',
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

/** What one seed simulates. */
export interface Setting {
  /** `shards`: one engine over three LevelDB-like stores. `engines`: several engines over one store, or three, that all of them write. `lanes`: one engine, one store, or three, each mailbox alone. */
  readonly name: 'shards' | 'engines' | 'lanes';
  readonly engines: number;
  readonly stores: number;
  readonly atomicAcrossPartitions: boolean;
  readonly exclusive: boolean;
  readonly limits: Partial<Limits>;
  readonly faults: ReadonlySet<FaultKind>;
  /** How many of the calls that a fault can hit it hits, roughly. */
  readonly faultRate: number;
  /** Milliseconds between two events that are no call (a crash, a full disk), roughly. */
  readonly eventMs: number;
  readonly delayMsMax: number;
  readonly thinkMsMax: number;
  /** Calls that were answered, or that their engine's end has left unanswered, before it is healed. */
  readonly operations: number;
  /** How the clients make their ids. */
  readonly ids: 'increasing' | 'random';
}

/** The least that a seed has. */
export const OPERATIONS_MIN = 200;
export const USERS = 8;

const SHAPES = {
  shards: { atomicAcrossPartitions: true, exclusive: true },
  engines: { atomicAcrossPartitions: false, exclusive: false },
  lanes: { atomicAcrossPartitions: false, exclusive: true },
} as const;

export function settingOf(random: SeededRandom): Setting {
  const name = random.pick(['shards', 'shards', 'engines', 'engines', 'engines', 'lanes'] as const);
  const stores = name === 'shards' || random.chance(0.4) ? 3 : 1;
  return {
    name,
    engines: name === 'engines' ? (stores === 1 ? 3 : 2) : 1,
    stores,
    ...SHAPES[name],
    limits: limitsOf(random),
    faults: new Set(random.some(possible(name), random.integer(3, 6))),
    faultRate: random.pick([0.01, 0.03, 0.08]),
    eventMs: random.pick([300, 800, 2_000]),
    delayMsMax: random.pick([0, 2, 10, 40]),
    thinkMsMax: random.pick([20, 100, 400]),
    operations: random.integer(OPERATIONS_MIN, OPERATIONS_MIN + 20),
    ids: random.pick(['increasing', 'random']),
  };
}

function possible(name: Setting['name']): readonly FaultKind[] {
  if (name === 'engines') return FAULT_KINDS.filter((kind) => kind !== 'a disk is full');
  const shared: readonly FaultKind[] = ['clocks differ', 'engines die between mark and commit'];
  return FAULT_KINDS.filter((kind) => !shared.includes(kind) && (name === 'lanes' || kind !== 'writes fail between mark and commit'));
}

function limitsOf(random: SeededRandom): Partial<Limits> {
  return {
    // Sweeps without a pause find what is rare, and cost most of a seed.
    sweepMs: random.chance(0.15) ? 40 : random.pick([500, 1_000, 3_000]),
    reopenDelayMs: random.pick([10, 100]),
    reopenDelayMaxMs: 1_000,
    ...(random.chance(0.2) && { cacheBytes: 1 }),
    ...(random.chance(0.2) && { undeliveredPerHome: random.integer(1, 4) }),
    ...(random.chance(0.15) && { waitingWritesPerMailbox: random.integer(1, 4) }),
    ...(random.chance(0.1) && { waitingWrites: random.integer(4, 12) }),
    ...(random.chance(0.3) && { logChanges: random.pick([3, 5, 10, 20]) }),
  };
}
