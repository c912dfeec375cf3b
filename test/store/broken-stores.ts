import type { BrokenStore } from './broken/broken-store.js';
import { BROKEN_BUFFERS } from './broken/buffers.js';
import { BROKEN_COMMITS } from './broken/commits.js';
import { BROKEN_LISTINGS } from './broken/listings.js';
import { BROKEN_LIVES } from './broken/lives.js';
import { BROKEN_OPERATIONS } from './broken/operations.js';
import { BROKEN_PRECONDITIONS } from './broken/preconditions.js';
import { BROKEN_READS } from './broken/reads.js';

/** Stores that break the contract in one way each, over an honest memory store: the suite must catch them all. */
export const BROKEN_STORES: readonly BrokenStore[] = [
  ...BROKEN_COMMITS,
  ...BROKEN_OPERATIONS,
  ...BROKEN_PRECONDITIONS,
  ...BROKEN_READS,
  ...BROKEN_BUFFERS,
  ...BROKEN_LISTINGS,
  ...BROKEN_LIVES,
];
