import type { CallOptions, SendRequest } from 'mailring';
import { ListCopy } from 'mailring/testing';
import { conversationIdOf, participantsOf, type UserId } from '../../src/model/ids.js';
import { fetchConversations, fetchMessages, send, Tries } from './calls.js';
import type { Process } from './process.js';
import { getConversation, getMessage, iterate, markRead, SETTLE_ROUNDS_MAX, Watcher } from './verbs.js';
import type { World } from './world.js';

/** What actors share. */
export interface Traffic {
  readonly users: readonly string[];
  readonly processes: readonly Process[];
  /** Requests so far, with what their tries were told. */
  readonly sent: { readonly request: SendRequest; readonly tries: Tries }[];
  nextId: number;
}

/** A copy of one list that a client keeps. */
interface Session {
  readonly name: string;
  readonly verb: 'fetchMessages' | 'fetchConversations';
  readonly copy: ListCopy;
  readonly conversationId: string | undefined;
  readonly pageSize: number;
}

/** One user with a client: does one thing after the other, thinks in between, repeats what failed, and keeps copies of lists. */
export class Actor {
  readonly #world: World;
  readonly #traffic: Traffic;
  readonly #user: string;
  readonly #peers: readonly string[];
  readonly #sessions: readonly Session[];
  /** Cursors and borders that were seen, for looks back. */
  readonly #cursors: number[] = [0];
  readonly #watcher: Watcher;

  constructor(world: World, traffic: Traffic, user: string) {
    const { random } = world;
    this.#world = world;
    this.#traffic = traffic;
    this.#user = user;
    this.#watcher = new Watcher(world, user);
    this.#peers = [...random.some(traffic.users, 3), user];
    const one = random.chance(0.3) ? this.#conversation(random.pick(this.#peers)) : undefined;
    this.#sessions = (['fetchMessages', 'fetchConversations'] as const).map((verb) => ({
      name: `${user} ${verb}`,
      verb,
      copy: new ListCopy(random.chance(0.6)),
      conversationId: verb === 'fetchMessages' ? one : undefined,
      pageSize: random.integer(1, 6),
    }));
  }

  async run(): Promise<void> {
    const { scheduler, random, setting } = this.#world;
    while (this.#world.calls.length < setting.operations) {
      await scheduler.sleep(random.next() * setting.thinkMsMax);
      const process = this.#process();
      if (process === undefined) continue;
      await this.#act(process);
    }
  }

  /** Asks until the copies of lists are complete and nothing has changed since. */
  async settle(process: Process): Promise<void> {
    for (const session of this.#sessions) {
      let rounds = 0;
      for (let unchanged = false; !unchanged; ) {
        if (++rounds > SETTLE_ROUNDS_MAX) return this.#world.problem(`a copy does not come to an end: ${session.name}`);
        const answered = await this.#follow(process, session);
        if (answered === undefined) return this.#world.problem(`a read fails after healing: ${session.name}`);
        unchanged = session.copy.settled && answered.items === 0;
      }
    }
    await this.#watcher.settle(process);
  }

  /** An engine that is up; mostly the user's own. */
  #process(): Process | undefined {
    const { random } = this.#world;
    const up = this.#traffic.processes.filter(({ status }) => status === 'up');
    const own = this.#traffic.processes[this.#traffic.users.indexOf(this.#user) % this.#traffic.processes.length]!;
    return own.status === 'up' && random.chance(0.6) ? own : up.length === 0 ? undefined : random.pick(up);
  }

  #act(process: Process): Promise<unknown> {
    const { random } = this.#world;
    const dice = random.next();
    if (dice < 0.34) return this.#send(process, this.#request(random.pick(this.#peers)), new Tries());
    if (dice < 0.44) return this.#burst(process);
    if (dice < 0.48) return this.#sendTwice(process);
    if (dice < 0.53) return this.#again(process);
    if (dice < 0.74) return this.#follow(process, random.pick(this.#sessions));
    if (dice < 0.81) return this.#mark(process);
    if (dice < 0.86) return this.#item(process);
    if (dice < 0.91) return this.#watch(process);
    if (dice < 0.92) return iterate(this.#world, process, random.pick(['messages', 'conversations']), this.#user);
    return this.#look(process);
  }

  #request(recipientId: string): SendRequest {
    const { random, setting } = this.#world;
    const number = this.#traffic.nextId++;
    const clientMessageId =
      setting.ids === 'increasing' ? `m${String(number).padStart(6, '0')}` : `r${Math.floor(random.next() * 2 ** 32).toString(36)}-${number}`;
    const messageContent = `${clientMessageId} from ${this.#user}${random.chance(0.05) ? ' and so on'.repeat(random.integer(20, 400)) : ''}`;
    return { senderId: this.#user, recipientId, messageContent, clientMessageId };
  }

  /** Sends, and repeats what failed with the same id: at once, later, through any engine, or not at all. */
  async #send(process: Process, request: SendRequest, tries: Tries): Promise<void> {
    const { random, scheduler, setting } = this.#world;
    if (tries.outcomes.length === 0 && tries.underWay === 0) this.#traffic.sent.push({ request, tries });
    let retries = random.integer(0, 5);
    for (let through: Process | undefined = process; through !== undefined; through = this.#process()) {
      const { outcome } = await send(this.#world, through, request, this.#options(), tries);
      if (retries-- <= 0 || (outcome.type === 'ok' && !random.chance(0.05))) return;
      if (!random.chance(0.4)) await scheduler.sleep(random.next() * setting.thinkMsMax);
    }
  }

  #options(): CallOptions {
    const { random, scheduler, setting } = this.#world;
    if (!random.chance(0.12)) return {};
    const afterMs = random.integer(1, 4 * setting.delayMsMax + 3);
    if (random.chance(0.5)) return { timeoutMs: afterMs };
    const controller = new AbortController();
    scheduler.after(afterMs, () => controller.abort());
    return { signal: controller.signal };
  }

  /** Marks a conversation as read, somewhere in it or to its end. */
  #mark(process: Process): Promise<void> {
    const { random } = this.#world;
    const seq = random.chance(0.3) ? 2 ** 40 : random.integer(0, 12);
    return markRead(this.#world, process, { userId: this.#user, conversationId: this.#conversation(random.pick(this.#peers)), seq }, this.#options());
  }

  /** Looks at one message or conversation, which may not be there. */
  #item(process: Process): Promise<void> {
    const { random } = this.#world;
    const [userId, conversationId] = [this.#user, this.#conversation(random.pick(this.#peers))];
    if (random.chance(0.5)) return getConversation(this.#world, process, { userId, conversationId });
    return getMessage(this.#world, process, { userId, messageId: `${conversationId}.${random.integer(1, 12)}` });
  }

  #watch(process: Process): Promise<unknown> {
    const { random, setting } = this.#world;
    const waitMs = random.next() * 3 * setting.thinkMsMax + 5;
    return this.#watcher.watch(process, { from: random.pick(this.#cursors.slice(-12)), events: random.integer(1, 4), waitMs });
  }

  /** Several sends at once, most of them in one conversation. */
  async #burst(process: Process): Promise<void> {
    const { random } = this.#world;
    const recipient = random.pick(this.#peers);
    const requests = Array.from({ length: random.integer(2, 6) }, () => this.#request(random.chance(0.8) ? recipient : random.pick(this.#peers)));
    await Promise.all(requests.map((request) => this.#send(process, request, new Tries())));
  }

  /** One message twice at the same time, through two engines where there are two. */
  async #sendTwice(process: Process): Promise<void> {
    const { random, count } = this.#world;
    const other = this.#traffic.processes.find((one) => one !== process && one.status === 'up') ?? process;
    const request = this.#request(random.pick(this.#peers));
    const tries = new Tries();
    if (other !== process) count('one id is sent at once through two engines');
    this.#traffic.sent.push({ request, tries });
    await Promise.all([send(this.#world, process, request, {}, tries), send(this.#world, other, request, {}, tries)]);
  }

  /** Sends an earlier message once more, or another content under its id. */
  async #again(process: Process): Promise<void> {
    const { random } = this.#world;
    const { sent } = this.#traffic;
    const mine = sent.filter(({ request }) => request.senderId === this.#user);
    if (mine.length === 0) return;
    const { request, tries } = random.pick(mine);
    if (random.chance(0.75)) await send(this.#world, process, request, this.#options(), tries);
    else await send(this.#world, process, { ...request, messageContent: `${request.messageContent}, changed` }, {}, new Tries());
  }

  /** One step of a client that keeps a copy of a list. */
  async #follow(process: Process, { name, verb, copy, conversationId, pageSize }: Session): Promise<{ readonly items: number } | undefined> {
    const question = copy.question();
    const request = { userId: this.#user, pageSize, ...question };
    const answered =
      verb === 'fetchMessages'
        ? await fetchMessages(this.#world, process, { ...request, conversationId }, { session: name })
        : await fetchConversations(this.#world, process, request, { session: name });
    if (answered === undefined) return undefined;
    copy.take(question, answered.answer);
    if (question.before === undefined) this.#cursors.push(answered.answer.lastUpdatedTimestamp);
    const { answer } = answered;
    return { items: 'messages' in answer ? answer.messages.length : answer.conversations.length };
  }

  /** A single look: a page, the page behind it, a delta from an old cursor, a cursor that is too high. */
  async #look(process: Process): Promise<void> {
    const { random } = this.#world;
    const list = random.pick(['messages', 'conversation', 'conversations'] as const);
    const conversationId = list === 'conversation' ? this.#conversation(random.pick(this.#peers)) : undefined;
    const ask = (place: object) => {
      const request = { userId: this.#user, pageSize, ...place };
      const options = this.#options();
      if (list === 'conversations') return fetchConversations(this.#world, process, request, options);
      return fetchMessages(this.#world, process, { ...request, conversationId }, options);
    };
    const pageSize = random.pick([1, 2, 3, 5, 8, 20]);
    const dice = random.next();
    if (list === 'conversation' && dice < 0.4) await ask({ [random.pick(['after', 'around'])]: random.integer(1, 9) });
    else if (dice < 0.35) {
      const page = await ask({ pageNumber: random.pick([1, 1, 2, 3]) });
      if (page?.answer.next !== undefined && process.status === 'up') await ask({ before: page.answer.next });
    } else if (dice < 0.9) {
      const maxChanges = random.chance(0.4) ? { maxChanges: random.pick([1, 3, 10, Number.POSITIVE_INFINITY]) } : {};
      await ask({ lastUpdatedTimestamp: random.pick(this.#cursors.slice(-12)), ...maxChanges });
    } else await ask({ lastUpdatedTimestamp: this.#cursors.at(-1)! + random.pick([1, 1_000, 1_000_000_000]) });
  }

  #conversation(peer: string): string {
    return conversationIdOf(participantsOf(this.#user as UserId, peer as UserId));
  }
}
