import { ByteWriter } from '../../src/mailbox/byte-writer.js';
import { contentDigest } from '../../src/mailbox/content-digest.js';
import { MailboxDraft } from '../../src/mailbox/mailbox-draft.js';
import type { MailboxState } from '../../src/mailbox/mailbox-state.js';
import { MailboxView } from '../../src/mailbox/mailbox-view.js';
import type { PlanSide } from '../../src/mailbox/plan-copy.js';
import { planDelivery } from '../../src/mailbox/plan-delivery.js';
import { type BaseState, baseState, planBaseEnd, planMarkEnd } from '../../src/mailbox/plan-mark-end.js';
import { planSend, type SendIntent } from '../../src/mailbox/plan-send.js';
import type { StoredMessage } from '../../src/mailbox/stored-message.js';
import { isMailringError } from '../../src/model/errors.js';
import { conversationIdOf, parseClientMessageId } from '../../src/model/ids.js';
import { PLAN_ROUNDS_MAX } from '../../src/model/limits.js';
import type { PartitionWrite } from '../../src/store/store.js';
import { baseNamed, spoilSeal, spoilSend, spoilWatermark } from './bugs-in-plans.js';
import { type Cache, CacheTable, readNeeds } from './cache-table.js';
import type { ClientMessage, Configuration } from './configuration.js';
import { HOME, type Mailbox, MailboxTable, OTHER, OWNERS, Violation } from './mailbox-table.js';

/** What a task asks a lane to plan. `messages` is a list that was read from the home, by number. */
export type Request =
  | { readonly kind: 'send'; readonly message: number; readonly lookUp: boolean; readonly greatest?: string }
  | { readonly kind: 'copy'; readonly messages: number }
  | { readonly kind: 'mark-end'; readonly held: number }
  | { readonly kind: 'base-end'; readonly base: number; readonly held: number }
  | { readonly kind: 'touch' };

/** What a task asks the home, without a commit. */
export type Query =
  | { readonly kind: 'messages'; readonly first: number; readonly last: number }
  | { readonly kind: 'last' }
  | { readonly kind: 'base'; readonly base: number };

/** One `apply`: a write, or the taking away of a mark alone, and the marks it sets and clears, by name: the base, or 0 for the conversation's. */
export interface Commit {
  readonly id: number;
  readonly side: 0 | 1;
  readonly write: PartitionWrite | undefined;
  readonly sets: readonly number[];
  readonly clears: readonly number[];
  /** What is in memory once it is acknowledged. */
  readonly cache: number;
}

/** What came of planning requests in one batch: for each the seq it answers, and the commit that has to be acknowledged first. */
export interface Planned {
  readonly seqs: readonly number[];
  readonly commit: Commit | undefined;
  /** What is in memory after what was read. */
  readonly cache: number;
}

/** What came of a query; `base` and `messages` as asked for. */
export interface Answer {
  readonly last: number;
  readonly base: BaseState['mark'] | undefined;
  readonly messages: number;
  readonly cache: number;
}

/**
 * The engine's own planning functions, called on a process's cache of a mailbox; what they lack they read from the mailbox as it stands now, which may be newer. Plans are
 * pure, so each is made once for each cache, mailbox and request, and remembered: that is why a search of a hundred thousand states can afford them.
 */
export class Planner {
  readonly mailboxes = new MailboxTable();
  readonly caches: CacheTable;
  readonly #configuration: Configuration;
  readonly #intents: readonly SendIntent[];
  readonly #plans = new Map<string, Planned | 'stale'>();
  readonly #answers = new Map<string, Answer | 'stale'>();
  readonly #commits: Commit[] = [];
  readonly #commitIds = new Map<string, Commit>();
  readonly #lists: (readonly StoredMessage[])[] = [[]];
  readonly #listIds = new Map<string, number>();
  readonly #writer = new ByteWriter();

  constructor(configuration: Configuration) {
    this.#configuration = configuration;
    this.caches = new CacheTable(this.mailboxes, configuration.marksBy, configuration.bug === undefined);
    this.#intents = configuration.messages.map(intentOf);
    this.#commits.push({ id: 0, side: HOME, write: undefined, sets: [], clears: [], cache: 0 });
  }

  commit(id: number): Commit {
    return this.#commits[id]!;
  }

  /** The `apply` that takes away a mark and writes nothing. */
  clearing(name: number): Commit {
    return this.#commit(`clear ${name}`, { side: HOME, write: undefined, sets: [], clears: [name], cache: 0 });
  }

  /** Plans requests of one lane in one batch, in this order. `stale`: the cache is seen to be behind. */
  plan(cache: Cache, now: Mailbox, requests: readonly Request[]): Planned | 'stale' {
    const key = `${cache.id} ${now.id} ${JSON.stringify(requests)}`;
    let planned = this.#plans.get(key);
    if (planned === undefined) {
      planned = orViolation(() => this.#plan(cache, now, requests));
      this.#plans.set(key, planned);
    }
    return planned;
  }

  /** Answers a question about the home from a cache. */
  ask(cache: Cache, now: Mailbox, query: Query): Answer | 'stale' {
    const key = `${cache.id} ${now.id} ${JSON.stringify(query)}`;
    let answer = this.#answers.get(key);
    if (answer === undefined) {
      answer = orViolation(() => this.#ask(cache, now, query));
      this.#answers.set(key, answer);
    }
    return answer;
  }

  #plan(cache: Cache, now: Mailbox, requests: readonly Request[]): Planned | 'stale' {
    const state = this.caches.revive(cache);
    const draft = new MailboxDraft(state);
    const seqs: number[] = [];
    for (const request of requests) {
      const view = new MailboxView(state);
      const seq = this.#untilAnswered(view, now, () => this.#seqOf(request, { view, draft }, cache.mailbox));
      if (seq === 'stale') return 'stale';
      seqs.push(seq);
    }
    const read = this.caches.capture(cache.mailbox, state).id;
    return { seqs, cache: read, commit: draft.changed ? this.#seal(cache.mailbox, state, draft) : undefined };
  }

  /** Runs one request's plan; gives the seq it is answered with, or that of the newest message it knows the other mailbox to hold. */
  #seqOf(request: Request, side: PlanSide, mailbox: Mailbox): number | undefined {
    const { bug } = this.#configuration;
    switch (request.kind) {
      case 'send': {
        const intent = this.#intents[request.message]!;
        const spoiled = bug && spoilSend(bug, side, intent, request, mailbox);
        if (spoiled !== undefined) return spoiled.seq;
        const receipt = planSend(intent, side, undefined, bug !== 'mark-never', 0);
        if (receipt?.inHome === null) throw new Violation(`a send is answered as if seq ${receipt.seq} were deleted`);
        return receipt?.seq;
      }
      case 'copy': {
        const messages = this.#lists[request.messages]!;
        if (bug === 'out-of-order') spoilWatermark(side, messages[0]!);
        const receipt = planDelivery({ home: OWNERS[HOME], homeSide: 0, messages }, side);
        if (receipt !== undefined && receipt.lastSeq >= messages[0]!.seq - 1) insistOnCopies(messages, receipt.messages);
        return receipt?.lastSeq;
      }
      case 'mark-end':
        return seqIfAnswered(planMarkEnd(OWNERS[OTHER], request.held, side));
      case 'base-end':
        return seqIfAnswered(planBaseEnd(request.base, new Map(request.held > 0 ? [[OWNERS[OTHER], request.held]] : []), side));
      case 'touch':
        side.draft.touch();
        return 0;
    }
  }

  #seal(mailbox: Mailbox, state: MailboxState, draft: MailboxDraft): Commit {
    const { bug, marksBy } = this.#configuration;
    this.#writer.reset();
    const write = structuredClone(bug ? spoilSeal(bug, state, draft, this.#writer) : draft.seal(0, this.#writer));
    const names = (type: 'set' | 'clear') =>
      [...draft.marks].filter((mark) => mark.type === type).map(({ name }) => (marksBy === 'base' ? baseNamed(bug, type, name, write) : 0));
    const [sets, clears] = [names('set'), names('clear')];
    const after = this.mailboxes.after(mailbox, write);
    draft.commit();
    const cache = this.caches.capture(after, state).id;
    return this.#commit(`${mailbox.id} ${after.id} ${cache} ${sets} ${clears}`, { side: mailbox.side, write, sets, clears, cache });
  }

  #commit(key: string, fields: Omit<Commit, 'id'>): Commit {
    let commit = this.#commitIds.get(key);
    if (commit === undefined) {
      commit = { id: this.#commits.length, ...fields };
      this.#commits.push(commit);
      this.#commitIds.set(key, commit);
    }
    return commit;
  }

  #ask(cache: Cache, now: Mailbox, query: Query): Answer | 'stale' {
    const state = this.caches.revive(cache);
    const view = new MailboxView(state);
    const found = this.#untilAnswered(view, now, () => this.#answerOf(query, view));
    return found === 'stale' ? found : { ...found, cache: this.caches.capture(cache.mailbox, state).id };
  }

  #answerOf(query: Query, view: MailboxView): Omit<Answer, 'cache'> | undefined {
    const none = { last: 0, base: undefined, messages: 0 };
    if (query.kind === 'base') {
      const state = baseState(view, query.base);
      return state && { ...none, base: state.mark, last: state.tails[0]?.lastSeq ?? 0 };
    }
    const conversation = view.conversation(OWNERS[OTHER]);
    if (conversation === undefined) return undefined;
    if (query.kind === 'last') return { ...none, last: conversation.lastSeq };
    const messages = view.messages(conversation, query.last, query.first);
    return messages && { ...none, messages: this.#internList(messages.toReversed()) };
  }

  /** Runs a plan or a query as the shard does: again after what it lacked was read. */
  #untilAnswered<T>(view: MailboxView, now: Mailbox, run: () => T | undefined): T | 'stale' {
    for (let round = 0; round < PLAN_ROUNDS_MAX; round++) {
      const answer = run();
      if (view.stale) return 'stale';
      if (answer !== undefined && view.needs.length === 0) return answer;
      readNeeds(view, now);
    }
    throw new Violation('a plan or a query finds no end');
  }

  #internList(messages: readonly StoredMessage[]): number {
    const key = JSON.stringify(messages);
    let id = this.#listIds.get(key);
    if (id === undefined) {
      id = this.#lists.push(messages) - 1;
      this.#listIds.set(key, id);
    }
    return id;
  }
}

const seqIfAnswered = (answered: boolean | undefined): number | undefined => (answered === undefined ? undefined : 0);

/** A delivery that was made answers with the copies: from them a sender in the other mailbox learns its message's number. */
function insistOnCopies(messages: readonly StoredMessage[], copies: readonly (StoredMessage | null)[]): void {
  for (const [i, { seq, clientMessageId }] of messages.entries()) {
    if (copies[i]?.seq !== seq || copies[i].clientMessageId !== clientMessageId)
      throw new Violation(`a delivery of seq ${seq} is answered with another message`);
  }
}

/** An error of a plan is a violation: nothing that clients, crashes and late commits do may lead to one. */
function orViolation<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (isMailringError(error)) throw new Violation(`a plan throws ${error.code}: ${error.message}`);
    throw error;
  }
}

function intentOf({ from, id }: ClientMessage): SendIntent {
  const [home, other] = OWNERS;
  const [sender, recipient] = from === 'home' ? [home, other] : [other, home];
  const content = `${from} ${id}`;
  return {
    sender,
    recipient,
    clientMessageId: parseClientMessageId(id),
    content,
    contentBytes: content.length,
    digest: contentDigest(content),
    conversationId: conversationIdOf(OWNERS),
    homeSide: 0,
    home,
  };
}
