import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { SendRequest, SendResult } from 'mailring';
import type { DemoMailring } from './lists.js';
import type { Answer, Question } from './mailring-process.js';

const PROGRAM = fileURLToPath(new URL('mailring-process.ts', import.meta.url));

/** What was done to a mailring that is killed now and then. */
export interface Kills {
  /** Counts of sends after which it is killed, in order. */
  readonly at: readonly number[];
  /** Of each kill so far: sends acknowledged by then, and sends that were under way. */
  readonly done: { readonly acknowledged: number; readonly underWay: number }[];
  /** Sends that a kill left without an answer, and that were found when they were repeated. */
  found: number;
  sends: number;
  acknowledged: number;
  /** First calls of a send, by its id: all others are repeats that the caller knows of. */
  readonly called: Set<string>;
}

export function killsAt(at: readonly number[]): Kills {
  return { at, done: [], found: 0, sends: 0, acknowledged: 0, called: new Set() };
}

interface Pending {
  readonly question: Question;
  readonly first: boolean;
  /** It was asked again after a kill. */
  repeated: boolean;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/**
 * A mailring in a process of its own that is ended by SIGKILL, and started again on the same folder. Only what this process has heard of counts as acknowledged; whatever
 * had no answer is asked again, sends with the same id and in the order of their calls, as a client does.
 */
export class KilledMailring implements DemoMailring {
  readonly #location: string;
  readonly #shards: number;
  readonly #kills: Kills;
  /** In the order of the calls. */
  readonly #pending = new Map<number, Pending>();
  #child: ChildProcess | undefined;
  #lastId = 0;
  /** No question is put while a process starts. */
  #open = false;
  #killed = false;

  private constructor(location: string, shards: number, kills: Kills) {
    this.#location = location;
    this.#shards = shards;
    this.#kills = kills;
  }

  static async open(location: string, shards: number, kills: Kills): Promise<KilledMailring> {
    const mailring = new KilledMailring(location, shards, kills);
    await mailring.#start();
    return mailring;
  }

  async sendMessage(request: SendRequest): Promise<SendResult> {
    const kills = this.#kills;
    const name = JSON.stringify([request.senderId, request.recipientId, request.clientMessageId]);
    const first = !kills.called.has(name);
    kills.called.add(name);
    const answer = this.#ask('sendMessage', request, first) as Promise<SendResult>;
    if (++kills.sends === kills.at[kills.done.length]) this.#kill();
    return answer;
  }

  fetchConversations: DemoMailring['fetchConversations'] = (request) =>
    this.#ask('fetchConversations', request) as ReturnType<DemoMailring['fetchConversations']>;

  fetchMessages: DemoMailring['fetchMessages'] = (request) => this.#ask('fetchMessages', request) as ReturnType<DemoMailring['fetchMessages']>;

  verify: DemoMailring['verify'] = (request) => this.#ask('verify', request) as ReturnType<DemoMailring['verify']>;

  async close(): Promise<void> {
    await this.#ask('close', undefined);
    if (this.#child!.exitCode === null) await once(this.#child!, 'exit');
  }

  #ask(verb: Question['verb'], request: unknown, first = false): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const question = { id: ++this.#lastId, verb, request };
      this.#pending.set(question.id, { question, first, repeated: false, resolve, reject });
      if (this.#open) this.#child!.send(question);
    });
  }

  #kill(): void {
    this.#killed = true;
    this.#open = false;
    this.#child!.kill('SIGKILL');
  }

  async #start(): Promise<void> {
    const child = fork(PROGRAM, [this.#location, String(this.#shards)], { execArgv: ['--import', 'tsx'], serialization: 'advanced' });
    this.#child = child;
    const opened = new Promise<void>((resolve, reject) => {
      child.on('message', (answer: Answer) => (answer.id === 0 ? resolve() : this.#answered(answer)));
      child.once('error', reject);
      // What the process had said is heard to the end before it counts as gone.
      void Promise.all([once(child, 'exit'), once(child, 'disconnect')]).then(() => this.#ended(reject));
    });
    await opened;
    this.#open = true;
    for (const pending of this.#pending.values()) {
      pending.repeated = this.#kills.done.length > 0;
      child.send(pending.question);
    }
  }

  #answered({ id, value, error }: Answer): void {
    const { question, first, repeated, resolve, reject } = this.#pending.get(id)!;
    this.#pending.delete(id);
    if (error !== undefined) reject(new Error(error));
    else if (question.verb !== 'sendMessage') resolve(value);
    else {
      const result = value as SendResult;
      const found = first && repeated && result.duplicate;
      this.#kills.acknowledged++;
      this.#kills.found += found ? 1 : 0;
      // To its caller it is the first: the repeat was made here.
      resolve(found ? { ...result, duplicate: false } : result);
    }
  }

  #ended(reject: (error: Error) => void): void {
    if (this.#killed) {
      this.#killed = false;
      const sends = [...this.#pending.values()].filter(({ question }) => question.verb === 'sendMessage');
      this.#kills.done.push({ acknowledged: this.#kills.acknowledged, underWay: sends.length });
      this.#start().catch((error: Error) => {
        for (const pending of this.#pending.values()) pending.reject(error);
      });
    } else if (this.#pending.size > 0 || !this.#open) {
      const error = new Error('the process of the mailring has ended by itself');
      reject(error);
      for (const pending of this.#pending.values()) pending.reject(error);
    }
  }
}
