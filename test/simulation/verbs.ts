import {
  type CallOptions,
  type Conversation,
  type GetConversationRequest,
  type GetMessageRequest,
  isMailringError,
  type MarkReadRequest,
  type Message,
  type WatchEvent,
} from 'mailring';
import type { MarkReadCall } from 'mailring/testing';
import { insistKnown } from './calls.js';
import type { Ending, Process } from './process.js';
import type { World } from './world.js';

/** The verbs beside sending and fetching: each call is made through an engine, and what was asked and told is written down. */

/** Questions until a copy is complete: many more than there are changes. */
export const SETTLE_ROUNDS_MAX = 2_000;

/** Asks; gives when it was asked and answered, and how it ended. */
async function ask<T>(world: World, process: Process, verb: string, request: object, run: () => Promise<T>) {
  const { engine } = process;
  const begin = world.tick();
  world.trace(() => `  #${begin} ${engine} ${verb} ${JSON.stringify(request)}`);
  const ending = await process.call(run);
  if ('error' in ending) insistKnown(world, ending.error);
  world.trace(() => `  #${begin} ${engine} ${verb} -> ${'error' in ending ? ending.error : JSON.stringify(ending)}`);
  return { begin, end: 'lost' in ending ? Number.POSITIVE_INFINITY : world.tick(), engine, ending };
}

export async function markRead(world: World, process: Process, request: MarkReadRequest, options: CallOptions): Promise<void> {
  const { ending, ...timed } = await ask(world, process, 'markRead', request, () => process.mailring.markRead(request, options));
  const outcome = markOutcome(ending);
  world.calls.push({ verb: 'markRead', ...timed, request, outcome });
  if (outcome.type === 'ok') world.count('a conversation is marked as read');
  if ('code' in outcome && outcome.code === 'MAILRING_ABORTED')
    world.count(outcome.type === 'not-accepted' ? 'a marker is given up while it waits' : 'a marker is given up while it is written');
}

function markOutcome(ending: Ending<void>): MarkReadCall['outcome'] {
  if ('lost' in ending) return { type: 'unanswered' };
  if ('value' in ending) return { type: 'ok' };
  const { error } = ending;
  if (!isMailringError(error)) return { type: 'unanswered' };
  return { type: error.outcome ?? 'unconfirmed', code: error.code };
}

export async function getConversation(world: World, process: Process, request: GetConversationRequest): Promise<void> {
  const { ending, ...timed } = await ask(world, process, 'getConversation', request, () => process.mailring.getConversation(request));
  if ('value' in ending) world.calls.push({ verb: 'getConversation', ...timed, request, answer: ending.value });
}

export async function getMessage(world: World, process: Process, request: GetMessageRequest): Promise<void> {
  const { ending, ...timed } = await ask(world, process, 'getMessage', request, () => process.mailring.getMessage(request));
  if ('value' in ending) world.calls.push({ verb: 'getMessage', ...timed, request, answer: ending.value });
}

/** Goes through a list item by item; each message is a look at it. What comes is newest first. */
export async function iterate(world: World, process: Process, list: 'messages' | 'conversations', userId: string): Promise<void> {
  const { mailring } = process;
  const items: AsyncGenerator<Message | Conversation, void, void> = list === 'messages' ? mailring.messages({ userId }) : mailring.conversations({ userId });
  let before = Number.POSITIVE_INFINITY;
  for (;;) {
    const { ending, ...timed } = await ask(world, process, list, { userId }, () => items.next());
    if (!('value' in ending) || ending.value.done) return;
    const item = ending.value.value;
    const place = 'messageId' in item ? item.lastUpdatedTimestamp : item.lastActivityTimestamp;
    if (place >= before) return world.problem(`an iterator does not give what is older next: ${list} of ${userId}: ${place} after ${before}`);
    before = place;
    if ('messageId' in item) world.calls.push({ verb: 'getMessage', ...timed, request: { userId, messageId: item.messageId }, answer: item });
  }
}

/** A client that watches its mailbox, now here, now there, each time from where it was. */
export class Watcher {
  readonly #world: World;
  readonly #userId: string;
  #cursor: number | undefined;
  /** The engine that it watched last. */
  #engine: string | undefined;

  constructor(world: World, userId: string) {
    this.#world = world;
    this.#userId = userId;
  }

  /** Takes a few events, or gives up after a while; says whether one came. */
  async watch(process: Process, { from, events, waitMs }: { readonly from: number; readonly events: number; readonly waitMs: number }): Promise<boolean> {
    const { scheduler, count, calls } = this.#world;
    this.#cursor ??= from;
    if (this.#engine !== undefined && this.#engine !== process.engine) count('a watch goes on in another engine');
    this.#engine = process.engine;
    const userId = this.#userId;
    const watch = process.mailring.watch({ userId, lastUpdatedTimestamp: this.#cursor });
    scheduler.after(waitMs, () => void watch.return!());
    let came = false;
    for (let i = 0; i < events; i++) {
      const request: { readonly userId: string; readonly lastUpdatedTimestamp: number } = { userId, lastUpdatedTimestamp: this.#cursor };
      const since = scheduler.time;
      const { ending, ...timed } = await ask(this.#world, process, 'watch', request, () => watch.next());
      if (!('value' in ending) || ending.value.done) break;
      const event: WatchEvent = ending.value.value;
      calls.push({ verb: 'watch', ...timed, request, event });
      this.#cursor = event.lastUpdatedTimestamp;
      came = true;
      if (event.type === 'reset') count('a watch starts anew');
      else if (scheduler.time - since > 1) count('a watch waits for what comes');
    }
    await watch.return!();
    return came;
  }

  /** Watches until it has what there is; `true` when it does, or when nothing is left that it could be told. */
  async settle(process: Process): Promise<void> {
    if (this.#cursor === undefined) return;
    const userId = this.#userId;
    const { mailring } = process;
    for (let rounds = 0; rounds < SETTLE_ROUNDS_MAX; rounds++) {
      const { lastUpdatedTimestamp } = await mailring.fetchConversations({ userId, pageSize: 1 });
      if (this.#cursor >= lastUpdatedTimestamp) return;
      if (await this.watch(process, { from: 0, events: 1, waitMs: 3_000 })) continue;
      const since = { userId, lastUpdatedTimestamp: this.#cursor, maxChanges: Number.POSITIVE_INFINITY };
      const [messages, conversations] = [await mailring.fetchMessages(since), await mailring.fetchConversations(since)];
      if (messages.messages.length + conversations.conversations.length > 0) this.#world.problem(`a watch does not tell what has changed: ${userId}`);
      return;
    }
    this.#world.problem(`a watch does not come to an end: ${userId}`);
  }
}
