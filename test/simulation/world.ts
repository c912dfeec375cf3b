import type { HistoryCall, SimulatedData } from 'mailring/testing';
import type { Observer } from './observer.js';
import type { Scheduler } from './scheduler.js';
import type { SeededRandom } from './seeded-random.js';
import type { Setting } from './setting.js';
import type { Count } from './sometimes.js';

/** What everything in one simulation shares. */
export interface World {
  readonly setting: Setting;
  readonly random: SeededRandom;
  readonly scheduler: Scheduler;
  readonly datas: readonly SimulatedData[];
  readonly observer: Observer;
  readonly count: Count;
  /** What callers asked and were told. */
  readonly calls: HistoryCall[];
  /** The next place in the order of begins and ends. */
  tick(): number;
  /** Something that must not be. */
  problem(text: string): void;
  trace(line: () => string): void;
}
