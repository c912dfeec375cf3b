/**
 * Every limit of the LevelDB store; those of the engine stand in model/limits.ts. The first group can be set by the options of `new LevelStore`,
 * between the bounds beside it.
 */

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** Bytes of LevelDB's block cache: default. */
export const CACHE_BYTES = 8 * MIB;
/** The most that it can be set to. */
export const CACHE_BYTES_MAX = 64 * GIB;
/** Bytes of LevelDB's write buffer: default. */
export const WRITE_BUFFER_BYTES = 4 * MIB;
/** Where LevelDB clips it. */
export const WRITE_BUFFER_BYTES_MIN = 64 * KIB;
/** Where LevelDB clips it. */
export const WRITE_BUFFER_BYTES_MAX = GIB;
/** Free bytes below which no open is tried: reopening needs about the size of LevelDB's log, and a failed open can leave another file behind. Default. */
export const FREE_BYTES_MIN = 16 * MIB;
/** Partitions whose version stays in memory: default. */
export const VERSIONS_CACHED = 100_000;
/** The most that it can be set to. */
export const VERSIONS_CACHED_MAX = 10_000_000;

/** Bytes of LevelDB's write buffer while a checkpoint is written: larger tables, fewer of them. */
export const CHECKPOINT_BUFFER_BYTES = 16 * MIB;

/** Bytes that one step of a scan may hold: a page is one step. */
export const SCAN_STEP_BYTES = MIB;
/** Keys that one iterator of a listing gives before it is closed, so that a slow caller holds no iterator, and with it no old files, open. */
export const LISTING_KEYS_MAX = 256;

/** How often a wait for another owner looks again, in milliseconds. */
export const OWNER_POLL_MS = 50;
/** How often a kernel name that is taken, but whose owner is gone when asked, is tried again at once. */
export const OWNER_NAME_TRIES = 5;
/** How long an asker waits for an answer, in milliseconds. A holder that has accepted but does not answer counts as a holder. */
export const OWNER_ANSWER_MS = 1_000;
/** Bytes of an answer that are read. */
export const OWNER_ANSWER_BYTES_MAX = 1_024;
/** How often one that hangs up is asked. */
export const OWNER_ASK_TRIES = 3;
/** How often the first of several openers looks again whether the others have withdrawn. */
export const OWNER_ROUNDS_MAX = 20;
/** How long it waits in between, in milliseconds. */
export const OWNER_ROUND_MS = 25;
/** How much older than one's own a subfolder without a published socket is when it counts as a dead one's, in milliseconds. */
export const OWNER_UNPUBLISHED_MS = 60_000;
