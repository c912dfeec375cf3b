import type { PlanSide } from '../mailbox/plan-copy.js';
import { planDelivery } from '../mailbox/plan-delivery.js';
import type { StoredMessage } from '../mailbox/stored-message.js';
import { isMailringError, MailringError } from '../model/errors.js';
import type { UserId } from '../model/ids.js';
import { DELIVERY_BYTES_MAX, DELIVERY_MESSAGES_MAX, DIVERGED_MAX, OVERLOAD_RETRY_MS, SEND_ROW_BYTES_MAX } from '../model/limits.js';
import type { Shard } from '../shard/shard.js';
import type { Route } from './route.js';

interface Waiter {
  readonly seq: number;
  /** Takes it out of the backlog. */
  readonly release: (() => void) | undefined;
  resolve(message: StoredMessage | null): void;
  reject(error: unknown): void;
}

/**
 * Brings messages from home mailboxes to the other ones, in the order of their seqs. The other mailbox's own last seq is the only watermark: nothing that was sent is
 * remembered as delivered, it is asked. One delivery of a conversation is under way at a time, so a slow shard holds up only conversations that touch it.
 */
export class Deliveries {
  readonly #undeliveredMax: number;
  /** By conversation: who waits for the delivery after the one that is under way. */
  readonly #waiting = new Map<string, Waiter[]>();
  /** By home and the shard of the other mailbox: one that does not answer fills no queue of another. */
  readonly #owedBy = new Map<string, number>();
  readonly #owedTo = new Map<UserId, number>();
  /** By conversation: deliveries that failed. They stay in the backlog until a later one of the conversation has brought them. */
  readonly #failed = new Map<string, Waiter[]>();
  /** Conversations whose copies disagree, by what was told; those seen last. */
  readonly #diverged = new Map<string, MailringError>();

  constructor(undeliveredMax: number) {
    this.#undeliveredMax = undeliveredMax;
  }

  /** Conversations with a delivery under way. */
  get active(): number {
    return this.#waiting.size;
  }

  /**
   * Takes a send on, before its home commit: after that nothing may refuse. What it gives takes it out of the backlog again.
   *
   * @throws `MAILRING_OVERLOADED`, `MAILRING_UNAVAILABLE`, `MAILRING_DIVERGED`
   */
  admit({ conversationId, home, other, otherShard }: Route): () => void {
    const owedBy = `${home} ${otherShard.name}`;
    const refusal = this.#diverged.get(conversationId) ?? otherShard.refusal(other, this.#owedTo.get(other) ?? 0) ?? this.#overload(owedBy, home, otherShard);
    if (refusal !== undefined) throw refusal;
    count(this.#owedBy, owedBy, 1);
    count(this.#owedTo, other, 1);
    return () => {
      count(this.#owedBy, owedBy, -1);
      count(this.#owedTo, other, -1);
    };
  }

  /** Resolves when the other mailbox is known to hold the conversation up to `seq`; gives the message there, `null` when it is gone. `release` is called then too, however late. */
  deliver(route: Route, seq: number, release?: () => void): Promise<StoredMessage | null> {
    return new Promise((resolve, reject) => {
      const waiter = { seq, release, resolve, reject };
      const waiting = this.#waiting.get(route.conversationId);
      if (waiting !== undefined) {
        waiting.push(waiter);
        return;
      }
      this.#waiting.set(route.conversationId, [waiter]);
      void this.#run(route);
    });
  }

  async #run(route: Route): Promise<void> {
    const waiting = this.#waiting.get(route.conversationId)!;
    while (waiting.length > 0) {
      const wanted = waiting.splice(0);
      try {
        const found = new Map<number, StoredMessage | null>();
        for (const [first, last] of runsOf(wanted.map(({ seq }) => seq))) await bring(route, first, last, found);
        this.#delivered(route.conversationId, wanted);
        for (const { seq, resolve } of wanted) resolve(found.get(seq) ?? null);
      } catch (error) {
        this.#notDelivered(route.conversationId, wanted, error);
        for (const { reject } of wanted) reject(error);
      }
    }
    this.#waiting.delete(route.conversationId);
  }

  /** What was delivered leaves the backlog, and with it what had failed at or before it. */
  #delivered(conversationId: string, wanted: readonly Waiter[]): void {
    const last = Math.max(...wanted.map(({ seq }) => seq));
    const failed = this.#failed.get(conversationId) ?? [];
    for (const { seq, release } of [...wanted, ...failed]) if (seq <= last) release?.();
    const left = failed.filter(({ seq }) => seq > last);
    if (left.length > 0) this.#failed.set(conversationId, left);
    else this.#failed.delete(conversationId);
  }

  #notDelivered(conversationId: string, wanted: readonly Waiter[], error: unknown): void {
    const counted = wanted.filter(({ release }) => release !== undefined);
    if (counted.length > 0) this.#failed.set(conversationId, [...(this.#failed.get(conversationId) ?? []), ...counted]);
    if (!isMailringError(error, 'MAILRING_DIVERGED')) return;
    this.#diverged.set(conversationId, error);
    for (const [oldest] of this.#diverged) if (this.#diverged.size > DIVERGED_MAX) this.#diverged.delete(oldest);
  }

  #overload(owedBy: string, home: UserId, { name }: Shard): MailringError | undefined {
    if ((this.#owedBy.get(owedBy) ?? 0) < this.#undeliveredMax) return undefined;
    const facts = `shard=\`${name}\` limit=\`${this.#undeliveredMax}\``;
    return new MailringError(
      'MAILRING_OVERLOADED',
      `too many sends of one mailbox wait for delivery to a shard; repeat later with the same clientMessageId. ${facts}`,
      {
        retryable: true,
        retryAfterMs: OVERLOAD_RETRY_MS,
        outcome: 'not-accepted',
        details: { shard: name, userId: home, limit: this.#undeliveredMax },
      },
    );
  }
}

/** Brings the messages `first` … `last`, and before them what the other mailbox turns out to lack. */
async function bring(route: Route, first: number, last: number, found: Map<number, StoredMessage | null>): Promise<void> {
  const { home, other, homeSide, otherShard, conversationId } = route;
  for (let next = first; next <= last; ) {
    const messages = await tail(route, next, last);
    const bytes = messages.reduce((sum, { contentBytes }) => sum + contentBytes + SEND_ROW_BYTES_MAX, 0);
    const plan = ([side]: readonly PlanSide[]) => planDelivery({ home, homeSide, messages }, side!);
    const receipt = await otherShard.commit({ users: [other], order: `delivery ${conversationId}`, bytes, owed: true, plan });
    if (receipt.lastSeq < next - 1) {
      next = receipt.lastSeq + 1;
      continue;
    }
    for (const [i, { seq }] of messages.entries()) found.set(seq, receipt.messages[i]!);
    next = messages.at(-1)!.seq + 1;
  }
}

/**
 * The home's messages from `first` on, oldest first, at least one and as many as one delivery, and one batch of the other store, may bring. Before them the one that the other
 * mailbox should hold last: two copies that part are seen where they part.
 */
async function tail({ home, other, homeShard, otherShard }: Route, first: number, last: number): Promise<readonly StoredMessage[]> {
  const messages = await homeShard.read(home, (view) => {
    const conversation = view.conversation(other);
    return conversation && view.messages(conversation, Math.min(last, first + DELIVERY_MESSAGES_MAX - 1), Math.max(conversation.floorSeq + 1, first - 1));
  });
  const bytesMax = Math.min(DELIVERY_BYTES_MAX, otherShard.store.capabilities.applyBytesMax);
  const cut: StoredMessage[] = [];
  let bytes = 0;
  for (const message of messages.toReversed()) {
    bytes += message.contentBytes + SEND_ROW_BYTES_MAX;
    if (message.seq > first && bytes > bytesMax) break;
    cut.push(message);
  }
  return cut;
}

/** Seqs as runs without a gap: [first, last] of each, in order. */
function runsOf(seqs: readonly number[]): [number, number][] {
  const runs: [number, number][] = [];
  for (const seq of seqs.toSorted((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run !== undefined && seq <= run[1] + 1) run[1] = seq;
    else runs.push([seq, seq]);
  }
  return runs;
}

function count<K>(counts: Map<K, number>, key: K, by: number): void {
  const now = (counts.get(key) ?? 0) + by;
  if (now === 0) counts.delete(key);
  else counts.set(key, now);
}
