import { conversationPrefix, conversationRange, type KeyRange, logRange, messageRange } from '../mailbox/keys.js';
import { type Comparison, compareCopies, openPeerCopy, type PeerCopy } from '../mailbox/verify-copies.js';
import { type CopyRun, MailboxCheck } from '../mailbox/verify-mailbox.js';
import { ProblemList, reportTo } from '../mailbox/verify-problem.js';
import { compareBytes } from '../model/bytes.js';
import { isMailringError, unavailable } from '../model/errors.js';
import { partitionOf, type UserId } from '../model/ids.js';
import type { Shard } from '../shard/shard.js';
import type { Row, Store } from '../store/store.js';
import { untilAborted } from './call.js';
import type { Engine } from './engine.js';
import type { Pace } from './pace.js';
import { isOwed } from './verify-marks.js';

/** Rows that one scan reads: of the largest messages 8 MiB. */
const SCAN_ROWS = 128;
/** Every key of a partition; one of the layout has at most 260 bytes. */
const ALL_KEYS: KeyRange = { gte: Uint8Array.of(0), lt: new Uint8Array(512).fill(0xff) };

/** Times a mailbox in which something is found is read beside commits, before those wait. */
const BESIDE_COMMITS_MAX = 3;

/** What was found in one mailbox. */
export interface MailboxFindings {
  readonly problems: ProblemList;
  /** Visible messages. */
  readonly messages: number;
  /** Whether nothing at all is stored. */
  readonly empty: boolean;
  /** Whether something was found and there were commits meanwhile: a trim moves what is being read, and looks like damage then. */
  readonly uncertain: boolean;
}

/** Conversations whose copies looked different, by peer, and whether anything but their ends did. */
type Suspects = Map<UserId, 'ends' | 'messages'>;

/**
 * Reads mailboxes for one verification: by scans of the store, never from the cache, in pieces of bounded size, with a turn for everybody else between them. Memory is
 * not bounded: a number of each message in the log of the mailbox, and a fingerprint of each message of the conversation that is read.
 */
export class MailboxVerifier {
  readonly #engine: Engine;
  readonly #signal: AbortSignal | undefined;
  /** Whether this is the only mailbox to be verified, so that its copies in others are read as strictly as itself. */
  readonly #alone: boolean;
  readonly #pace: Pace;

  constructor(engine: Engine, signal: AbortSignal | undefined, alone: boolean, pace: Pace) {
    this.#engine = engine;
    this.#signal = signal;
    this.#alone = alone;
    this.#pace = pace;
  }

  /**
   * Checks a mailbox beside commits. Where something is found, and commits came meanwhile that may explain it, once more, and at last while nothing is committed to it; the
   * conversations whose copies differ while nothing is committed to either mailbox. What is found then is real.
   *
   * @throws `MAILRING_UNAVAILABLE`, `MAILRING_ABORTED`, `MAILRING_CLOSED`
   */
  async verify(user: UserId): Promise<MailboxFindings> {
    const suspects: Suspects = new Map();
    let findings = await this.#check(user, suspects);
    for (let tries = 1; findings.uncertain && tries < BESIDE_COMMITS_MAX; tries++) findings = await this.#check(user, suspects);
    if (findings.uncertain) {
      const checkHeld = () => this.#pace.hurry(() => this.#check(user, undefined));
      findings = await untilAborted(this.#signal, () => this.#engine.shardOf(user).hold(user, checkHeld));
    }
    for (const [peer, what] of suspects) {
      await untilAborted(this.#signal, () => this.#holdBoth(user, peer, () => this.#compareAgain(user, peer, what, findings.problems)));
    }
    return findings;
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
      throw unavailable(`the store of shard ${shard.name} cannot be read now; run verify() again later`, { cause: error, details: { shard: shard.name } });
    }
  }

  /** Checks what a mailbox holds itself, and where `suspects` are wanted, finds conversations whose other copy is not the same. */
  async #check(user: UserId, suspects: Suspects | undefined): Promise<MailboxFindings> {
    let problems = new ProblemList();
    let check: MailboxCheck | undefined;
    let empty = false;
    let uncertain = false;
    try {
      const loaded = await this.#load(user);
      check = new MailboxCheck(user, loaded, this.#engine.hash);
      problems = check.problems;
      empty = loaded.version === 0;
      let copy: PeerCopy | undefined;
      for await (const rows of this.#scanAll(user, ALL_KEYS)) {
        empty = false;
        for (const run of check.feed(rows)) if (suspects !== undefined) copy = await this.#suspect(run, copy, suspects);
      }
      for (const run of check.end()) if (suspects !== undefined) copy = await this.#suspect(run, copy, suspects);
      if (check.unsettled) await this.#settle(user, check);
      uncertain = !problems.empty && (await this.#load(user)).version > check.version;
    } catch (error) {
      if (!isMailringError(error, 'MAILRING_CORRUPT')) throw error;
      reportTo(problems, user)('store', error.message);
    }
    return { problems, messages: check?.messages ?? 0, empty, uncertain };
  }

  async #settle(user: UserId, check: MailboxCheck): Promise<void> {
    const { version } = await this.#load(user);
    if (version > check.version) for await (const rows of this.#scanAll(user, logRange(version, check.version + 1))) check.feedLater(rows);
    check.settle();
  }

  async #suspect(run: CopyRun, copy: PeerCopy | undefined, suspects: Suspects): Promise<PeerCopy | undefined> {
    const { peer } = run.conversation.context;
    const problems = new ProblemList();
    let opened: PeerCopy | undefined;
    try {
      opened = await this.#compare(run, copy, { alone: this.#alone, owed: false, problems });
    } catch (error) {
      if (!isMailringError(error, 'MAILRING_CORRUPT')) throw error;
      suspects.set(peer, 'messages');
    }
    if (problems.problems.some(({ seq }) => seq !== undefined)) suspects.set(peer, 'messages');
    else if (!problems.empty && !suspects.has(peer)) suspects.set(peer, 'ends');
    return opened;
  }

  /**
   * Runs a task while nothing is committed to either mailbox by this process. Whoever holds two mailboxes takes them in one order, that of shards and in a shard of users,
   * so that no two verifications wait for each other.
   */
  #holdBoth(user: UserId, peer: UserId, task: () => Promise<void>): Promise<void> {
    const placeOf = (owner: UserId): Place => ({ owner, shard: this.#engine.shardOf(owner) });
    const [a, b] = [placeOf(user), placeOf(peer)];
    const isInOrder = (compareTexts(a.shard.name, b.shard.name) || compareTexts(a.owner, b.owner)) < 0;
    const [first, second] = isInOrder ? [a, b] : [b, a];
    return first.shard.hold(first.owner, () => second.shard.hold(second.owner, () => this.#pace.hurry(task)));
  }

  /** Compares the two copies of one conversation while nothing is committed to either: all messages, or only how far they go and the newest. */
  async #compareAgain(user: UserId, peer: UserId, what: 'ends' | 'messages', problems: ProblemList): Promise<void> {
    try {
      // What it reports of the mailbox itself is of rows out of their context, and was said.
      const check = new MailboxCheck(user, await this.#load(user), this.#engine.hash);
      const range = conversationRange(conversationPrefix(peer));
      let copy: PeerCopy | undefined;
      let comparison: Comparison | undefined;
      const compareAll = async (runs: readonly CopyRun[]) => {
        for (const run of runs) {
          comparison ??= { alone: this.#alone, owed: await isOwed(this, this.#engine, user, peer), problems };
          copy = await this.#compare(run, copy, comparison);
        }
      };
      for await (const rows of what === 'ends' ? [await this.#scan(user, range, 2)] : this.#scanAll(user, range)) await compareAll(check.feed(rows));
      await compareAll(check.end());
    } catch (error) {
      if (!isMailringError(error, 'MAILRING_CORRUPT')) throw error;
      reportTo(problems, user)('store', error.message, { peer });
    }
  }

  /** Compares a run with the other copy, from the home's side where both are verified anyway. `copy`: the one that was opened last. */
  async #compare(run: CopyRun, copy: PeerCopy | undefined, comparison: Comparison): Promise<PeerCopy | undefined> {
    const { conversation, messages } = run;
    const { owner, peer, isHome } = conversation.context;
    if (peer === owner) return copy;
    const prefix = conversationPrefix(owner);
    const opened = copy?.conversation === conversation ? copy : openPeerCopy(conversation, await this.#scan(peer, conversationRange(prefix), 2), comparison);
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

  async #scan(user: UserId, range: KeyRange, limit: number): Promise<Row[]> {
    const rows = await this.ask(this.#engine.shardOf(user), (store) => store.scan(partitionOf(user), { ...range, limit }));
    for (const { key, value } of rows) this.#pace.spend(key.length + value.length);
    return rows;
  }

  async *#scanAll(user: UserId, { gte, lt }: KeyRange): AsyncGenerator<readonly Row[], void> {
    for (let from: Uint8Array | undefined = gte; from !== undefined; ) {
      await this.#pace.rest();
      const rows: Row[] = await this.#scan(user, { gte: from, lt }, SCAN_ROWS);
      if (rows.length > 0) yield rows;
      from = rows.length < SCAN_ROWS ? undefined : Buffer.concat([rows.at(-1)!.key, Uint8Array.of(0)]);
    }
  }
}

interface Place {
  readonly owner: UserId;
  readonly shard: Shard;
}

/** Order of two names by their UTF-8 bytes. */
function compareTexts(a: string, b: string): number {
  return compareBytes(Buffer.from(a), Buffer.from(b));
}
