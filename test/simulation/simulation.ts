import { createHash } from 'node:crypto';
import { Mailring } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { checkHistory, type History } from 'mailring/testing';
import { Actor, type Traffic } from './actor.js';
import { startEvents } from './events.js';
import { Fates } from './fates.js';
import { heal, insistIdle, readAll, verifyAll } from './heal.js';
import { drive, openWorld } from './open-world.js';
import { Process } from './process.js';
import { SeededRandom } from './seeded-random.js';
import { type Setting, settingOf, USERS } from './setting.js';
import type { Meetings } from './sometimes.js';
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
}

let warm: Promise<void> | undefined;

/** What is loaded when it is first needed (the hash, the verifier) is loaded before: loading takes turns that no seed decides. */
export function warmUp(): Promise<void> {
  warm ??= (async () => {
    const mailring = await Mailring.open({ stores: { a: new MemoryStore(), b: new MemoryStore() } });
    await mailring.verify();
    await mailring.close();
  })();
  return warm;
}

/** Runs one seed to its end: traffic under faults, healing, and judgement. Everything is decided by the seed; `trace` is given what happens, line by line. */
export async function simulate(seed: number, trace?: (line: string) => void): Promise<Simulated> {
  await warmUp();
  const random = new SeededRandom(seed);
  const setting = settingOf(random);
  const fates = new Fates(setting, random);
  const { world, problems, meetings } = openWorld({ setting, random, decide: (store, call) => fates.decide(store, call), trace });
  const mailboxes: History['mailboxes'][number][] = [];
  await drive(world, () => play(world, fates, mailboxes));
  const history: History = { calls: world.calls, mailboxes, logChanges: setting.limits.logChanges };
  for (const { rule, text } of checkHistory(history)) world.problem(`${rule}: ${text}`);
  const digest = createHash('sha256').update(JSON.stringify(history)).digest('hex');
  return { seed, setting, history, digest, problems, meetings, faults: world.observer.faults };
}

async function play(world: World, fates: Fates, mailboxes: History['mailboxes'][number][]): Promise<void> {
  const users = Array.from({ length: USERS }, (_, i) => `u${i}`);
  const processes = Array.from({ length: world.setting.engines }, (_, i) => new Process(world, `p${i}`));
  const traffic: Traffic = { users, processes, sent: [], nextId: 0 };
  for (const process of processes) void process.start();
  startEvents(world, fates, processes);
  fates.endEngine = (engine, afterMs) => {
    world.observer.fault('an engine dies between mark and commit');
    const process = processes.find((one) => one.engine === engine);
    world.scheduler.after(afterMs, () => process?.engine === engine && process.crash());
  };
  const actors = users.map((user) => new Actor(world, traffic, user));
  await Promise.all(actors.map((actor) => actor.run()));

  const up = await heal(world, fates, processes);
  mailboxes.push(...(await readAll(up[0]!.mailring, users)));
  for (const [i, actor] of actors.entries()) await actor.settle(up[i % up.length]!);
  await verifyAll(world, up[0]!);
  for (const process of up) insistIdle(world, process);
  for (const process of up) await process.close();
}
