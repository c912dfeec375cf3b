import { MailboxView } from '../mailbox/mailbox-view.js';
import { corrupt, unavailable } from '../model/errors.js';
import { PLAN_ROUNDS_MAX, READS_DISTURBED_MAX } from '../model/limits.js';
import type { MailboxSlot } from './mailbox-cache.js';

/** A pure answer about one mailbox. `undefined`, with needs noted in the view: something has to be read first. */
export type MailboxQuery<T> = (view: MailboxView) => T | undefined;

/** What a read asks of the shard it is made in. */
export interface ReadHost {
  load(slot: MailboxSlot): Promise<void>;
  drop(slot: MailboxSlot): void;
  /** Reads what a view lacks; says whether that was more of a list. */
  readNeeds(view: MailboxView): Promise<boolean>;
  /** Whether nobody else has committed to the mailbox since that version. */
  isCurrent(slot: MailboxSlot, version: number): Promise<boolean>;
  /** Runs a task while the shard commits nothing to the mailbox. */
  hold<T>(slot: MailboxSlot, task: () => Promise<T>): Promise<T>;
}

/**
 * Answers a question from one version of a mailbox. A list that was read in several steps can meet a commit that deletes rows: a trim moves a conversation from the log to the old
 * list, a message brings it back, and each part looks right. Such an answer is thrown away and built again; when that happens too often, while nothing is committed to
 * that mailbox.
 *
 * @throws `MAILRING_CORRUPT`, `MAILRING_UNAVAILABLE` where others write it all the time, the reason of `signal`, and what the host throws
 */
export async function readMailbox<T>(host: ReadHost, slot: MailboxSlot, query: MailboxQuery<T>, signal: AbortSignal | undefined): Promise<T> {
  const read = new MailboxRead(host, slot, query, signal);
  const found = await read.run(READS_DISTURBED_MAX);
  return (found ?? (await host.hold(slot, () => read.run(Number.POSITIVE_INFINITY))))!.answer;
}

class MailboxRead<T> {
  readonly #host: ReadHost;
  readonly #slot: MailboxSlot;
  readonly #query: MailboxQuery<T>;
  readonly #signal: AbortSignal | undefined;

  constructor(host: ReadHost, slot: MailboxSlot, query: MailboxQuery<T>, signal: AbortSignal | undefined) {
    this.#host = host;
    this.#slot = slot;
    this.#query = query;
    this.#signal = signal;
  }

  /** Gives nothing when the answer had to be thrown away `triesMax` times; `Infinity` where nothing is committed meanwhile. */
  async run(triesMax: number): Promise<{ readonly answer: T } | undefined> {
    const slot = this.#slot;
    const alone = triesMax === Number.POSITIVE_INFINITY;
    let view: MailboxView | undefined;
    let tries = 0;
    for (let round = 0; round < PLAN_ROUNDS_MAX; round++) {
      this.#signal?.throwIfAborted();
      if (slot.state === undefined) {
        await this.#host.load(slot);
        continue;
      }
      if (view?.state !== slot.state) view = new MailboxView(slot.state);
      const { version } = slot.state;
      const answer = this.#query(view);
      if (view.stale) this.#host.drop(slot);
      else if (view.needs.length > 0 && !(view.disturbed && !alone)) {
        // More of a list is progress, however long it is.
        if (await this.#host.readNeeds(view)) round = tries;
      } else {
        const isOneVersion = !view.hasReadLists || ((alone || !view.disturbed) && (await this.#host.isCurrent(slot, version)));
        if (isOneVersion) {
          view.keepLog();
          return { answer: answer as T };
        }
        if (++tries === triesMax) return undefined;
        view = undefined;
      }
    }
    const details = { userId: slot.user, rounds: PLAN_ROUNDS_MAX };
    if (tries > 0) throw unavailable('others write this mailbox without a pause, so that no answer is of one version; try again', { details });
    throw corrupt('a read found no end', details);
  }
}
