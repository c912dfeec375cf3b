import { createHash } from 'node:crypto';
import { Mailring } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { checkHistory, type History, type HistoryCall, SimulatedData } from 'mailring/testing';
import { Actor, type Traffic } from './actor.js';
import { startEvents } from './events.js';
import { Fates } from './fates.js';
import { heal, insistIdle, readAll, verifyAll } from './heal.js';
import { Observer } from './observer.js';
import { Process } from './process.js';
import { Scheduler, turn } from './scheduler.js';
import { SeededRandom } from './seeded-random.js';
import { type Setting, settingOf, USERS } from './setting.js';
import { type Meetings, noMeetings } from './sometimes.js';
import type { World } from './world.js';

/** What one seed has shown. */
export interface Simulated {
  readonly seed: number;
  readonly setting: Setting;
  readonly history: History;
  /** Of the history, byte for byte. */
  readonly digest: string;
  /** Every promise that did not hold; empty is right. */
  readonly problems: readonly string[];
  readonly meetings: Meetings;
  readonly faults: Readonly<Record<string, number>>;
  readonly steps: number;
}

let warm: Promise<void> | undefined;

/** What is loaded when it is first needed (the hash, the verifier) is loaded before: loading takes turns that no seed decides. */
async function warmUp(): Promise<void> {
  const mailring = await Mailring.open({ store: new MemoryStore() });
  await mailring.verify();
  await mailring.close();
}

/** Steps after which a seed that does not end is given up. */
const STEPS_MAX = 2_000_000;

/** Runs one seed to its end: traffic under faults, healing, and judgement. Everything is decided by the seed; `trace` is given what happens, line by line. */
export async function simulate(seed: number, trace?: (line: string) => void): Promise<Simulated> {
  warm ??= warmUp();
  await warm;
  const random = new SeededRandom(seed);
  const setting = settingOf(random);
  const scheduler = new Scheduler();
  const meetings = noMeetings();
  const problems: string[] = [];
  let ticks = 0;
  const count: World['count'] = (state) => {
    meetings[state]++;
  };
  const tell: World['trace'] = trace === undefined ? () => undefined : (line) => trace(`${scheduler.time.toFixed(3).padStart(11)} ${line()}`);
  const observer = new Observer(count);
  const fates = new Fates(setting, random);
  const { atomicAcrossPartitions, exclusive } = setting;
  const datas = Array.from({ length: setting.stores }, (_, i) => {
    const data: SimulatedData = new SimulatedData({
      clock: scheduler,
      random: random.next,
      decide: (call) => fates.decide(i, call),
      onEvent: (event) => {
        observer.event(i, event);
        if (event.call?.kind !== 'scanMarks')
          tell(() => `    s${i} ${event.owner} ${event.late ? 'late ' : ''}${event.type} ${event.fault ?? ''} ${toldCall(event.call)}`);
      },
      atomicAcrossPartitions,
      exclusive,
    });
    return data;
  });
  observer.datas = datas;
  const calls: HistoryCall[] = [];
  const problem = (text: string) => {
    tell(() => `PROBLEM ${text}`);
    problems.push(text);
  };
  const world: World = { setting, random, scheduler, datas, observer, count, calls, tick: () => ticks++, problem, trace: tell };
  tell(() => JSON.stringify({ ...setting, faults: [...setting.faults] }));

  const history = await play(world, fates);
  for (const { rule, text } of checkHistory(history)) problem(`${rule}: ${text}`);
  const digest = createHash('sha256').update(JSON.stringify(history)).digest('hex');
  return { seed, setting, history, digest, problems, meetings, faults: observer.faults, steps: scheduler.steps };
}

async function play(world: World, fates: Fates): Promise<History> {
  const { setting, scheduler, problem, calls } = world;
  const users = Array.from({ length: USERS }, (_, i) => `u${i}`);
  const processes = Array.from({ length: setting.engines }, (_, i) => new Process(world, `p${i}`));
  const traffic: Traffic = { users, processes, sent: [], nextId: 0 };
  for (const process of processes) void process.start();
  startEvents(world, fates, processes);
  const actors = users.map((user) => new Actor(world, traffic, user));
  let history: History = { calls, mailboxes: [] };
  let done = false;
  const end = async () => {
    await Promise.all(actors.map((actor) => actor.run()));
    await heal(world, fates, processes);
    const up = processes.filter(({ status }) => status === 'up');
    if (up.length < processes.length) return;
    const mailboxes = await readAll(up[0]!.mailring, users);
    for (const [i, actor] of actors.entries()) await actor.settle(up[i % up.length]!);
    await verifyAll(world, up[0]!);
    for (const process of up) insistIdle(world, process);
    for (const process of up) await process.close();
    history = { calls, mailboxes };
  };
  end()
    .catch((error: unknown) => problem(`the end fails: ${error instanceof Error ? error.stack : error}`))
    .finally(() => {
      done = true;
    });
  // Between two tasks every promise that can settle does: what happens next is decided by the seed alone.
  for (await turn(); !done; await turn()) {
    if (scheduler.steps > STEPS_MAX) {
      problem('it does not end');
      break;
    }
    scheduler.step();
  }
  return history;
}

function toldCall(
  call:
    | {
        readonly kind: string;
        readonly partition?: Uint8Array;
        readonly writes?: readonly { partition: Uint8Array; expectVersion: number; version: number }[];
        readonly marks?: readonly { type: string; name: Uint8Array }[];
      }
    | undefined,
): string {
  if (call === undefined) return '';
  const text = (partition: Uint8Array) => Buffer.from(partition.subarray(2)).toString();
  const writes = call.writes?.map(({ partition, expectVersion, version }) => `${text(partition)} ${expectVersion}>${version}`) ?? [];
  const marks = call.marks?.map(({ type, name }) => `${type} ${Buffer.from(name).toString('hex')}`) ?? [];
  return [call.kind, call.partition && text(call.partition), ...writes, ...marks].filter(Boolean).join(' ');
}
