import type { StoreCall, StoreFate, StoreFault } from 'mailring/testing';
import type { SeededRandom } from './seeded-random.js';
import type { FaultKind, Setting } from './setting.js';

/** Longest a late write takes, in milliseconds. */
export const LATE_MS_MAX = 4_000;
/** A sweep asks for 64 slots a store: a slot is hit as much less often. */
const SLOT_SHARE = 1 / 50;

/** Decides what becomes of each call of a store. */
export class Fates {
  /** Stores that are down now, by number. */
  readonly down = new Set<number>();
  /** No more faults. */
  healed = false;
  /** Ends the engine with this name, so many milliseconds from now. */
  endEngine: (engine: string, afterMs: number) => void = () => undefined;
  readonly #random: SeededRandom;
  readonly #setting: Setting;

  constructor(setting: Setting, random: SeededRandom) {
    this.#setting = setting;
    this.#random = random;
  }

  decide(store: number, call: StoreCall): StoreFate {
    if (this.healed) return { delayMs: call.kind === 'scanMarks' ? 0 : 1 };
    const random = this.#random;
    if (call.kind === 'scanMarks' && !this.down.has(store) && !random.chance(SLOT_SHARE)) return {};
    const fault = this.down.has(store) ? 'fail-before' : this.#fault(call);
    if (fault === undefined && isMarked(call) && this.#has('engines die between mark and commit') && random.chance(8 * this.#setting.faultRate)) {
      const afterMs = random.next() * random.pick([20, 300, LATE_MS_MAX / 2]);
      this.endEngine(call.owner, afterMs + 1);
      return { delayMs: 2 * afterMs };
    }
    const stalls = this.#has('calls stall') && random.chance(this.#setting.faultRate / 2);
    const longest = stalls ? 3_000 : this.#setting.delayMsMax;
    return { delayMs: random.next() * longest, answerMs: random.next() * longest, fault, lateMs: random.next() * random.pick([20, 300, LATE_MS_MAX]) };
  }

  #has(kind: FaultKind): boolean {
    return this.#setting.faults.has(kind);
  }

  #fault(call: StoreCall): StoreFault | undefined {
    const random = this.#random;
    const { kind } = call;
    const { faultRate } = this.#setting;
    if (kind === 'open') return this.#has('opening fails') && random.chance(2 * faultRate) ? 'fail-before' : undefined;
    if (this.#has('calls hang') && random.chance(faultRate / 10)) return random.pick(['hang-before', 'hang-after']);
    if (kind !== 'apply') {
      if (this.#has('reads fail') && random.chance(faultRate)) return 'fail-before';
      return this.#has('values are read wrong') && random.chance(faultRate) ? 'corrupt' : undefined;
    }
    if (this.#has('writes fail before') && random.chance(faultRate)) return 'fail-before';
    if (this.#has('writes fail after') && random.chance(faultRate)) return 'fail-after';
    if (this.#has('writes are unknown and come late') && random.chance(faultRate)) return 'late';
    if (isMarked(call) && this.#has('writes fail between mark and commit') && random.chance(5 * faultRate)) return random.pick(['fail-between', 'late-mark']);
    return undefined;
  }
}

/** Whether an apply sets a mark: half of its delay is between that and the commit. */
function isMarked({ marks }: StoreCall): boolean {
  return marks?.some(({ type }) => type === 'set') ?? false;
}
