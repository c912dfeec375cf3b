import { conversationPrefix, conversationRange, type KeyRange, logRange, messageRange } from '../mailbox/keys.js';
import { compareCopies, openPeerCopy, type PeerCopy } from '../mailbox/verify-copies.js';
import { type CopyRun, MailboxCheck } from '../mailbox/verify-mailbox.js';
import { reportTo, type VerifyProblem } from '../mailbox/verify-problem.js';
import { isMailringError, unavailable } from '../model/errors.js';
import { partitionOf, type UserId } from '../model/ids.js';
import type { Shard } from '../shard/shard.js';
import type { Row, Store } from '../store/store.js';
import { untilAborted } from './call.js';
import type { Engine } from './engine.js';

/** Rows that one scan reads: of the largest messages 8 MiB. */
const SCAN_ROWS = 128;
/** Every key of a partition; one of the layout has at most 260 bytes. */
const ALL_KEYS: KeyRange = { gte: Uint8Array.of(0), lt: new Uint8Array(512).fill(0xff) };

/** What was found in one mailbox. */
export interface MailboxFindings {
  readonly problems: readonly VerifyProblem[];
  /** Visible messages. */
  readonly messages: number;
  /** Whether nothing at all is stored. */
  readonly empty: boolean;
}

/** Reads mailboxes for one verification: by scans of the store, never from the cache, in pieces of bounded size, with a turn for everybody else between them. */
export class MailboxVerifier {
  readonly #engine: Engine;
  readonly #signal: AbortSignal | undefined;
  /** Whether this is the only mailbox to be verified, so that its copies in others are read as strictly as itself. */
  readonly #alone: boolean;

  constructor(engine: Engine, signal: AbortSignal | undefined, alone: boolean) {
    this.#engine = engine;
    this.#signal = signal;
    this.#alone = alone;
  }

  /**
   * Checks a mailbox beside commits, and when anything is found once more between two commits: what is found then is real.
   *
   * @throws `MAILRING_UNAVAILABLE`, `MAILRING_ABORTED`, `MAILRING_CLOSED`
   */
  async verify(user: UserId): Promise<MailboxFindings> {
    const findings = await this.#check(user);
    if (findings.problems.length === 0) return findings;
    return untilAborted(this.#signal, () => this.#engine.shardOf(user).between(user, () => this.#check(user)));
  }

  /** Asks the store of a shard. That it is damaged is an answer, and thrown as it is; any other failure is that it did not answer. */
  async ask<T>(shard: Shard, question: (store: Store) => Promise<T>): Promise<T> {
    this.#engine.insistOpen();
    try {
      return await untilAborted(this.#signal, () => question(shard.store));
    } catch (error) {
      if (this.#signal?.aborted) throw this.#signal.reason;
      if (isMailringError(error, 'MAILRING_CORRUPT')) throw error;
      this.#engine.insistOpen();
      throw unavailable(`the store of shard ${shard.name} cannot be read now`, { cause: error, details: { shard: shard.name } });
    }
  }

  async #check(user: UserId): Promise<MailboxFindings> {
    const damage: VerifyProblem[] = [];
    let check: MailboxCheck | undefined;
    let empty = false;
    try {
      const loaded = await this.#load(user);
      check = new MailboxCheck(user, loaded, this.#engine.hash);
      empty = loaded.version === 0;
      let copy: PeerCopy | undefined;
      for await (const rows of this.#scanAll(user, ALL_KEYS)) {
        empty = false;
        for (const run of check.feed(rows)) copy = await this.#compare(run, copy);
      }
      for (const run of check.end()) copy = await this.#compare(run, copy);
      if (check.unsettled) await this.#settle(user, check);
    } catch (error) {
      if (!isMailringError(error, 'MAILRING_CORRUPT')) throw error;
      reportTo(damage, user)('store', error.message);
    }
    return { problems: [...(check?.problems ?? []), ...damage], messages: check?.messages ?? 0, empty };
  }

  async #settle(user: UserId, check: MailboxCheck): Promise<void> {
    const { version } = await this.#load(user);
    if (version > check.version) for await (const rows of this.#scanAll(user, logRange(version, check.version + 1))) check.feedLater(rows);
    check.settle();
  }

  /** Compares a run with the other copy, from the home's side where both are verified anyway. `copy`: the one that was opened last. */
  async #compare(run: CopyRun, copy: PeerCopy | undefined): Promise<PeerCopy | undefined> {
    const { conversation, messages } = run;
    const { owner, peer, isHome } = conversation.context;
    if (peer === owner) return copy;
    const prefix = conversationPrefix(owner);
    const opened = copy?.conversation === conversation ? copy : openPeerCopy(conversation, await this.#scan(peer, conversationRange(prefix), 2), this.#alone);
    const top = messages[0]?.seq ?? 0;
    if ((isHome || this.#alone) && top > opened.floorSeq) {
      const rows = await this.#scan(peer, messageRange(prefix, top, messages.at(-1)!.seq), messages.length);
      compareCopies(messages, opened, rows, this.#alone);
    }
    return opened;
  }

  #load(user: UserId): ReturnType<Store['load']> {
    return this.ask(this.#engine.shardOf(user), (store) => store.load(partitionOf(user)));
  }

  #scan(user: UserId, range: KeyRange, limit: number): Promise<Row[]> {
    return this.ask(this.#engine.shardOf(user), (store) => store.scan(partitionOf(user), { ...range, limit }));
  }

  async *#scanAll(user: UserId, { gte, lt }: KeyRange): AsyncGenerator<readonly Row[], void> {
    for (let from: Uint8Array | undefined = gte; from !== undefined; ) {
      await new Promise<void>((resolve) => this.#engine.clock.soon(resolve));
      const rows: Row[] = await this.#scan(user, { gte: from, lt }, SCAN_ROWS);
      if (rows.length > 0) yield rows;
      from = rows.length < SCAN_ROWS ? undefined : Buffer.concat([rows.at(-1)!.key, Uint8Array.of(0)]);
    }
  }
}
