/**
 * Every limit of mailring in one place: a named constant with its unit, default and maximum.
 *
 * The first group is part of the stored format or of the public contract and cannot be set. The second group, {@link LIMITS},
 * can be lowered or raised at `open` up to the maximum that stands beside each default.
 */

/** Bytes of UTF-8 that a message's content may have at most: one less than 64 KiB. */
export const MESSAGE_BYTES_MAX = 65_535;
/** Bytes of UTF-8 that a user id or a client message id may have at most; part of the stored format (one length byte). */
export const ID_BYTES_MAX = 128;
/** Greatest version, number, timestamp or seq that can be stored: 48 bits. Part of the stored format. */
export const U48_MAX = 2 ** 48 - 1;
/** Items of one page or slice. */
export const PAGE_SIZE_MAX = 200;
/** Bytes of message content (UTF-8) in one page or slice; a single message may never exceed it. */
export const PAGE_BYTES_MAX = 1024 * 1024;
/** Conversations of a page when the caller does not say. */
export const CONVERSATIONS_PAGE_SIZE = 20;
/** Messages of a page when the caller does not say. */
export const MESSAGES_PAGE_SIZE = 50;
/** Log changes one delta looks at before its slice ends. */
export const DELTA_CHANGES_MAX = 1_000;
/** Grapheme clusters of a snippet. */
export const SNIPPET_GRAPHEMES_MAX = 120;
/** Bytes of UTF-8 of a snippet. */
export const SNIPPET_BYTES_MAX = 480;
/** Slots that marks are spread over. Part of the stored format: never change. */
export const MARK_SLOTS = 64;
/** Virtual tokens of a shard of weight 1. Part of the ring's fingerprint. */
export const TOKENS_PER_SHARD = 4_096;
/** Bytes of UTF-8 that a shard's name may have at most; part of the stored format (one length byte). */
export const SHARD_NAME_BYTES_MAX = 128;
/** Tokens that one ring may have at most, all shards together: 1,024 shards of the default. It then takes 64 MiB. */
export const RING_TOKENS_MAX = 4_194_304;
/** Times a batch is planned again after a store that several write did not say what became of it. */
export const STORE_TRIES_MAX = 5;
/** First wait before that, in milliseconds; doubles with each try. */
export const STORE_RETRY_MS = 5;
/** Shards that one mailring opens at most. */
export const SHARDS_MAX = 256;
/** Problems that one verification names; of those beyond it one last problem says how many. */
export const VERIFY_PROBLEMS_MAX = 10_000;
/** Longest wait that a timer can hold, in milliseconds. */
export const TIMEOUT_MS_MAX = 2 ** 31 - 1;

/** Log rows read by one scan at most, while a list walks a log that is not in the cache. */
export const LOG_SCAN_ROWS_MAX = 4_096;
/** Log changes of a mailbox that stay in the cache: as many as one delta may look at. */
export const LOG_CHANGES_CACHED_MAX = DELTA_CHANGES_MAX;
/** Log changes that one commit trims at most; a log row is never cut, so a row of more is trimmed alone. */
export const TRIM_STEP_CHANGES = 64;
/** How many changes more than it keeps a log gets before it is trimmed, in percent. About once in so many changes a mailbox counts its log, where it does not know its length. */
export const LOG_SLACK_PERCENT = 10;
/** Log rows that one scan reads while they are only counted. */
export const LOG_COUNT_ROWS = 1_024;
/** Times a request is run again because something had to be read or the store had moved on, before it is given up as damaged. */
export const PLAN_ROUNDS_MAX = 1_000;
/** Times an answer is built again because rows were deleted beside it; then it is built while nothing is committed. */
export const READS_DISTURBED_MAX = 2;
/** Messages of which one step of a merge reads the number: of the largest 16 MiB. */
export const MERGE_READS_MAX = 256;
/** Newest messages of a conversation that stay decoded in the cache after a send: two default pages. */
export const MESSAGES_CACHED_MAX = 2 * MESSAGES_PAGE_SIZE;

/** Bytes of keys and values that a send stores beside its content at most: ids of 128 bytes in five rows, two conversation rows, two log changes. */
export const SEND_ROW_BYTES_MAX = 4_096;
/** Bytes that one batch of a store has to take at least: a send with both its copies. */
export const APPLY_BYTES_MIN = 2 * MESSAGE_BYTES_MAX + SEND_ROW_BYTES_MAX;
/** When a caller that a full queue refused should come back, in milliseconds: a full queue is written in about that time. */
export const OVERLOAD_RETRY_MS = 100;

/** Bytes that one delivery from a home to the other mailbox brings at most, or what the other store takes at once where that is less; cut inside a tail. One message always goes. */
export const DELIVERY_BYTES_MAX = 1024 * 1024;
/** Messages that one delivery brings at most. */
export const DELIVERY_MESSAGES_MAX = 200;
/** Time after which `health()` says that a call of a store is not answered, in milliseconds. */
export const STORE_SLOW_MS = 5_000;
/** How often watches look for what other owners have committed, where a store has several, in milliseconds. */
export const WATCH_POLL_MS = 1_000;
/** How far versions run ahead of the clock before `health()` says so, and how long it goes on saying so, in milliseconds. */
export const CLOCK_BEHIND_MS = 60_000;
/** How far above everything that may have been lost the numbers of restored mailboxes go on, in milliseconds: a day. Part of the stored format. */
export const RESTORE_MARGIN_MS = 86_400_000;
/** Conversations whose copies disagree that an engine remembers, so that they take no more sends. */
export const DIVERGED_MAX = 1_000;
/** Marked conversations that a sweep works on at a time. */
export const SWEEP_CONCURRENCY = 16;
/** Longest that a sweep waits for those before it goes on with others, in milliseconds. */
export const SWEEP_PATIENCE_MS = 1_000;

/** What a limit is when nobody sets it, and what it can be raised to. */
export interface Limit {
  /** Where the host sets nothing. */
  readonly default: number;
  /** More is a `RangeError`. */
  readonly max: number;
}

/** The limits a host can set with `open({ limits: { … } })`: name, default, maximum. The unit is the end of the name. */
export const LIMITS = {
  /** Bytes of decoded mailboxes that one shard keeps in memory. */
  cacheBytes: { default: 256 * 1024 * 1024, max: 64 * 1024 * 1024 * 1024 },
  /** Writes that may wait in one shard, counted in requests. */
  waitingWrites: { default: 10_000, max: 1_000_000 },
  /** Writes that may wait for one mailbox, counted in requests. */
  waitingWritesPerMailbox: { default: 1_000, max: 1_000_000 },
  /** Sends of one home mailbox that may be undelivered to one other shard, counted in requests. */
  undeliveredPerHome: { default: 1_000, max: 1_000_000 },
  /** Changes that the log of a mailbox keeps at least; cursors below are answered by a full page. */
  logChanges: { default: 10_000, max: 1_000_000 },
  /** Time between two sweeps for conversations whose other mailbox may lack their end; a conversation idle for one is then unmarked. */
  sweepMs: { default: 10_000, max: 3_600_000 },
  /** First wait before a failed store is opened again; doubles with each try. */
  reopenDelayMs: { default: 100, max: 60_000 },
  /** Longest wait between two tries to open a failed store again. */
  reopenDelayMaxMs: { default: 10_000, max: 600_000 },
  /** Tries to open a failed store again before the shard stays down; each failed try can leave a file behind. */
  reopenTries: { default: 100, max: 1_000_000 },
} as const satisfies Record<string, Limit>;

/** Values for {@link LIMITS}, all of them. */
export type Limits = { readonly [Name in keyof typeof LIMITS]: number };

/** The defaults of {@link LIMITS}. */
export const DEFAULT_LIMITS: Limits = Object.freeze(
  Object.fromEntries(Object.entries(LIMITS).map(([name, limit]) => [name, limit.default])) as Record<keyof typeof LIMITS, number>,
);
