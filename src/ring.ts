export type { RingBalance } from './ring/balance.js';
export type { MovedRange, MovedRanges } from './ring/moved-ranges.js';
export { Ring, type RingChange, type RingOptions } from './ring/ring.js';
export type { RingShard } from './ring/shards.js';
