import type { BrokenStore } from './broken/broken-store.js';
import { BROKEN_COMMITS } from './broken/commits.js';
import { BROKEN_LISTINGS } from './broken/listings.js';
import { BROKEN_LIVES } from './broken/lives.js';
import { BROKEN_READS } from './broken/reads.js';

/** Stores that break the contract in one way each, over an honest memory store: the suite must catch them all. */
export const BROKEN_STORES: readonly BrokenStore[] = [...BROKEN_COMMITS, ...BROKEN_READS, ...BROKEN_LISTINGS, ...BROKEN_LIVES];
