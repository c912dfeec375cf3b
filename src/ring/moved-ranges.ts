import type { PlacedShard } from './shards.js';
import type { TokenTable } from './token-table.js';

/** The points of the token space: 0 … 2^64−1. */
const SPACE = 2n ** 64n;

/**
 * A part of the token space whose owner changes: every point with `after` < point <= `upTo` goes from shard `from` to shard `to`. A part that would wrap
 * is given as two, so that this comparison is always right: one ends at 2^64−1, the other begins with `after` = −1, before the point 0.
 */
export interface MovedRange {
  /** −1 … 2^64−2. */
  readonly after: bigint;
  /** 0 … 2^64−1. */
  readonly upTo: bigint;
  /** Owner before. */
  readonly from: string;
  /** Owner after. */
  readonly to: string;
}

/** What changes hands between two rings. */
export interface MovedRanges {
  /** In ascending order and disjoint; as few as there can be without one that wraps. */
  readonly ranges: readonly MovedRange[];
  /** Share of the token space that changes its owner: 0 … 1. */
  readonly share: number;
}

interface Side {
  readonly shards: readonly PlacedShard[];
  readonly table: TokenTable;
}

/** The ranges that `before` and `after` give to different shards: one walk over the tokens of both, since between two of them no owner changes. */
export function movedRanges(before: Side, after: Side): MovedRanges {
  const ranges: MovedRange[] = [];
  let moved = 0n;
  const walks = [new Walk(before), new Walk(after)] as const;
  let start = -1n;
  while (start < SPACE - 1n) {
    const [was, is] = walks;
    const end = (was.upTo < is.upTo ? was : is).upTo;
    const [from, to] = [was.owner, is.owner];
    if (from !== to) {
      moved += end - start;
      const last = ranges.at(-1);
      if (last?.upTo === start && last.from === from && last.to === to) ranges[ranges.length - 1] = Object.freeze({ ...last, upTo: end });
      else ranges.push(Object.freeze({ after: start, upTo: end, from, to }));
    }
    start = end;
    for (const walk of walks) walk.pass(end);
  }
  return Object.freeze({ ranges: Object.freeze(ranges), share: Number(moved) / Number(SPACE) });
}

/** The parts of one ring in ascending order; the last, which wraps, ends at the end of the space. */
class Walk {
  upTo: bigint;
  owner: string;
  #position = 0;
  readonly #side: Side;

  constructor(side: Side) {
    this.#side = side;
    this.upTo = side.table.tokenAt(0);
    this.owner = this.#ownerAt(0);
  }

  #ownerAt(position: number): string {
    return this.#side.shards[this.#side.table.ownerAt(position)]!.name;
  }

  /** Goes on to the part that holds the point behind `end`. Tokens equal to one that was passed own nothing. */
  pass(end: bigint): void {
    const { table } = this.#side;
    while (this.upTo <= end && this.#position < table.length) {
      this.#position++;
      const wraps = this.#position === table.length;
      this.upTo = wraps ? SPACE - 1n : table.tokenAt(this.#position);
      this.owner = this.#ownerAt(wraps ? 0 : this.#position);
    }
  }
}
