import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { SendRequest, SendResult } from 'mailring';
import type { DemoMailring } from './lists.js';
import type { Answer, Question } from './mailring-process.js';

/** The program of the process, and its arguments behind folder and shards. */
const PROGRAM: readonly string[] = [fileURLToPath(new URL('mailring-process.ts', import.meta.url))];

/** What was done to a mailring that is killed now and then. */
export interface Kills {
  /** Counts of sends after which it is killed, in order. */
  readonly at: readonly number[];
  /** Of each kill so far: sends acknowledged by then, and messages that the process had been given and not acknowledged: these are repeated. */
  readonly done: { readonly acknowledged: number; readonly unacknowledged: number }[];
  /** Messages that a kill left unacknowledged, and that were found when they were repeated. */
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
  /** How often it was put to a process. */
  asked: number;
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
  readonly #program: readonly string[];
  /** In the order of the calls. */
  readonly #pending = new Map<number, Pending>();
  #child: ChildProcess | undefined;
  #lastId = 0;
  /** No question is put while a process starts. */
  #open = false;
  #killed = false;
  #closed = false;
  #failure: Error | undefined;

  private constructor(location: string, shards: number, kills: Kills, program: readonly string[]) {
    this.#location = location;
    this.#shards = shards;
    this.#kills = kills;
    this.#program = program;
  }

  static async open(location: string, shards: number, kills: Kills, program = PROGRAM): Promise<KilledMailring> {
    const mailring = new KilledMailring(location, shards, kills, program);
    await mailring.#start();
    return mailring;
  }

  async sendMessage(request: SendRequest): Promise<SendResult> {
    const kills = this.#kills;
    const name = JSON.stringify([request.senderId, request.recipientId, request.clientMessageId]);
    const first = !kills.called.has(name);
    kills.called.add(name);
    const answer = this.#ask('sendMessage', request, first) as Promise<SendResult>;
    kills.sends++;
    this.#killWhenDue();
    return answer;
  }

  fetchConversations: DemoMailring['fetchConversations'] = (request) =>
    this.#ask('fetchConversations', request) as ReturnType<DemoMailring['fetchConversations']>;

  fetchMessages: DemoMailring['fetchMessages'] = (request) => this.#ask('fetchMessages', request) as ReturnType<DemoMailring['fetchMessages']>;

  verify: DemoMailring['verify'] = (request) => this.#ask('verify', request) as ReturnType<DemoMailring['verify']>;

  async close(): Promise<void> {
    await this.#ask('close', undefined);
    const { exitCode, signalCode } = this.#child!;
    if (exitCode === null && signalCode === null) await once(this.#child!, 'exit');
  }

  #ask(verb: Question['verb'], request: unknown, first = false): Promise<unknown> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const question = { id: ++this.#lastId, verb, request };
      const pending = { question, first, asked: 0, resolve, reject };
      this.#pending.set(question.id, pending);
      if (this.#open) this.#put(pending);
    });
  }

  #put(pending: Pending): void {
    pending.asked++;
    this.#child!.send(pending.question);
  }

  /** A kill that falls due while a process starts is made when that one has been given its questions. */
  #killWhenDue(): void {
    const { at, done, sends } = this.#kills;
    if (!this.#open || sends < (at[done.length] ?? Number.POSITIVE_INFINITY)) return;
    this.#killed = true;
    this.#open = false;
    this.#child!.kill('SIGKILL');
  }

  async #start(): Promise<void> {
    const [file, ...args] = this.#program;
    const child = fork(file!, [this.#location, String(this.#shards), ...args], { execArgv: ['--import', 'tsx'], serialization: 'advanced' });
    this.#child = child;
    const opened = new Promise<void>((resolve, reject) => {
      child.on('message', (answer: Answer) => (answer.id === 0 ? resolve() : this.#answered(answer)));
      // Of a process that is gone `exit` tells as well.
      child.on('error', reject);
      // What the process had said is heard to the end before it counts as gone.
      void Promise.all([once(child, 'exit'), once(child, 'disconnect')]).then(() => this.#ended(reject));
    });
    await opened;
    this.#open = true;
    for (const pending of this.#pending.values()) this.#put(pending);
    this.#killWhenDue();
  }

  #answered({ id, value, error }: Answer): void {
    const { question, first, asked, resolve, reject } = this.#pending.get(id)!;
    this.#pending.delete(id);
    if (question.verb === 'close') this.#closed = true;
    if (error !== undefined) reject(new Error(error));
    else if (question.verb !== 'sendMessage') resolve(value);
    else {
      const result = value as SendResult;
      const found = first && asked > 1 && result.duplicate;
      this.#kills.acknowledged++;
      this.#kills.found += found ? 1 : 0;
      // To its caller it is the first: the repeat was made here.
      resolve(found ? { ...result, duplicate: false } : result);
    }
  }

  #ended(reject: (error: Error) => void): void {
    if (this.#killed) {
      this.#killed = false;
      const unacknowledged = [...this.#pending.values()].filter(({ question, first, asked }) => question.verb === 'sendMessage' && first && asked > 0);
      this.#kills.done.push({ acknowledged: this.#kills.acknowledged, unacknowledged: unacknowledged.length });
      if (!this.#closed) this.#start().catch((error: Error) => this.#fail(error));
    } else if (!this.#closed) {
      const error = new Error('the process of the mailring has ended by itself');
      reject(error);
      this.#fail(error);
    }
  }

  #fail(error: Error): void {
    this.#failure = error;
    for (const pending of this.#pending.values()) pending.reject(error);
  }
}
