import { changesSince, type MailboxChanges } from '../mailbox/read-changes.js';
import { readInteger } from '../model/arguments.js';
import { isMailringError } from '../model/errors.js';
import type { UserId } from '../model/ids.js';
import { PAGE_SIZE_MAX, U48_MAX } from '../model/limits.js';
import type { FullPageReason } from '../model/message.js';
import type { Shard } from '../shard/shard.js';
import { aborted, readOptions, readRequest, readSignal, readUserId } from './arguments.js';
import { onAbort, runCall, untilAborted } from './call.js';
import type { Engine } from './engine.js';

/** Whose mailbox to watch, and from where. */
export interface WatchRequest {
  /** Whose mailbox; 1 to 128 bytes of UTF-8, compared by its bytes. */
  readonly userId: string;
  /** The cursor of an earlier answer or event; absent: from now. */
  readonly lastUpdatedTimestamp?: number | undefined;
}

/** How a watch is ended from outside. */
export interface WatchOptions {
  /** Ends the watch with `MAILRING_ABORTED`. */
  readonly signal?: AbortSignal | undefined;
}

/** One slice of what changed, each item in its current state. Its `lastUpdatedTimestamp` is the cursor to go on from later. */
export interface WatchChanges extends MailboxChanges {
  /** Tells it from a reset. */
  readonly type: 'changes';
}

/** What is held of this mailbox cannot be brought up to date from the cursor: drop it and fetch. The watch goes on from the version given. */
export interface WatchReset {
  /** Tells it from changes. */
  readonly type: 'reset';
  /** Why the cursor is no longer good. */
  readonly reason: FullPageReason;
  /** The cursor that the watch goes on from. */
  readonly lastUpdatedTimestamp: number;
}

/** What a watch tells. */
export type WatchEvent = WatchChanges | WatchReset;

const DONE = { done: true, value: undefined } as const;

/**
 * A watch of one mailbox: from its cursor no gap and no repeat. It reads when it is asked for the next event and not before, so that a slow reader costs a cursor and
 * nothing else; while it waits it is one entry among the watchers of its shard.
 */
export class Watch implements AsyncIterableIterator<WatchEvent, void, void> {
  readonly #engine: Engine;
  readonly #starting: Promise<{ readonly user: UserId; readonly shard: Shard }>;
  #signal: AbortSignal | undefined;
  #cursor = 0;
  #ended = false;
  /** Ends the waiting of the pending `next` when something may have changed, and whatever it waits for when the watch ends. */
  #onWake: (() => void) | undefined;
  #onEnd: (() => void) | undefined;
  /** One `next` runs at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(engine: Engine, request: WatchRequest, options: WatchOptions | undefined) {
    this.#engine = engine;
    // Begun now, also where the first event is asked for later: a watch without a cursor starts when it is called.
    this.#starting = this.#start(request, options);
    this.#starting.catch(() => undefined);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<WatchEvent, void>> {
    const next = this.#turn.then(() => this.#next());
    this.#turn = next.catch(() => {
      this.#ended = true;
    });
    return next;
  }

  /** Ends the watch, also while an event is waited for. */
  async return(): Promise<IteratorResult<WatchEvent, void>> {
    this.#ended = true;
    this.#onEnd?.();
    return DONE;
  }

  async #start(request: WatchRequest, options: WatchOptions | undefined): Promise<{ readonly user: UserId; readonly shard: Shard }> {
    this.#engine.insistOpen();
    const given = readRequest(request, ['userId', 'lastUpdatedTimestamp'], 'watch');
    const user = readUserId(given.userId, 'userId');
    const since = readInteger(given.lastUpdatedTimestamp, 'lastUpdatedTimestamp', 0, U48_MAX);
    this.#signal = readSignal(readOptions(options, ['signal'], 'watch').signal);
    const shard = this.#engine.shardOf(user);
    this.#cursor = since ?? (await this.#unlessAborted((signal) => shard.read(user, ({ state }) => state.version, signal)));
    return { user, shard };
  }

  #unlessAborted<T>(read: (signal: AbortSignal | undefined) => Promise<T>): Promise<T> {
    return runCall(this.#engine.clock, { signal: this.#signal, timeoutMs: undefined }, (signal) => untilAborted(signal, () => read(signal)));
  }

  async #next(): Promise<IteratorResult<WatchEvent, void>> {
    if (this.#ended) return DONE;
    const started = await this.#unlessEnded(this.#starting);
    if (started === undefined) return DONE;
    const { user, shard } = started;
    let changed = true;
    const forget = shard.watchers.add(user, () => {
      changed = true;
      this.#onWake?.();
    });
    const forgetSignal = this.#signal && onAbort(this.#signal, () => this.#onEnd?.());
    try {
      for (;;) {
        if (this.#signal?.aborted) throw aborted(this.#signal.reason);
        if (this.#ended || this.#engine.closed) return DONE;
        if (!changed) {
          await this.#wait();
          continue;
        }
        changed = false;
        try {
          const event = await this.#unlessEnded(this.#read(shard, user));
          if (event !== undefined) return { done: false, value: event };
        } catch (error) {
          // A store that is being opened again is waited for: its watchers are woken then.
          if (!changed && !(isMailringError(error, 'MAILRING_UNAVAILABLE') && shard.condition.store === 'fenced')) throw error;
        }
      }
    } finally {
      forget();
      forgetSignal?.();
    }
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#onWake = resolve;
      this.#onEnd = resolve;
    });
  }

  #unlessEnded<T>(reading: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      this.#onWake = undefined;
      this.#onEnd = () => resolve(undefined);
      reading.then(resolve, reject);
    });
  }

  /** The next event; `undefined` when there is none yet. */
  async #read(shard: Shard, user: UserId): Promise<WatchEvent | undefined> {
    for (;;) {
      const found = await shard.read(user, (view) => {
        const changes = changesSince(view, this.#cursor, PAGE_SIZE_MAX);
        return typeof changes === 'string' ? { type: 'reset' as const, reason: changes, lastUpdatedTimestamp: view.state.version } : changes;
      });
      this.#cursor = found.lastUpdatedTimestamp;
      if ('type' in found) return found;
      if (found.messages.length + found.conversations.length + found.floors.length > 0) return { type: 'changes', ...found };
      if (!found.hasMore) return undefined;
    }
  }
}
