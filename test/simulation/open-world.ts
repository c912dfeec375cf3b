import { type HistoryCall, SimulatedData, type StoreCall, type StoreEvent, type StoreFate } from 'mailring/testing';
import { Observer } from './observer.js';
import { Scheduler, turn } from './scheduler.js';
import type { SeededRandom } from './seeded-random.js';
import type { Setting } from './setting.js';
import { type Meetings, noMeetings } from './sometimes.js';
import type { World } from './world.js';

/** A world with nobody in it yet. */
export interface OpenedWorld {
  readonly world: World;
  readonly problems: string[];
  readonly meetings: Meetings;
}

export interface WorldOptions {
  readonly setting: Setting;
  readonly random: SeededRandom;
  /** Decides what becomes of a call of the store with this number. */
  readonly decide: (store: number, call: StoreCall) => StoreFate;
  readonly trace: ((line: string) => void) | undefined;
}

/** Steps after which a world that does not end is given up. */
const STEPS_MAX = 2_000_000;

export function openWorld({ setting, random, decide, trace: print }: WorldOptions): OpenedWorld {
  const scheduler = new Scheduler();
  const meetings = noMeetings();
  const problems: string[] = [];
  const calls: HistoryCall[] = [];
  let ticks = 0;
  const count: World['count'] = (state) => {
    meetings[state]++;
  };
  const trace: World['trace'] = print === undefined ? () => undefined : (line) => print(`${scheduler.time.toFixed(3).padStart(11)} ${line()}`);
  const observer = new Observer(count);
  const { atomicAcrossPartitions, exclusive } = setting;
  const makeData = (i: number): SimulatedData =>
    new SimulatedData({
      clock: scheduler,
      random: random.next,
      decide: (call) => decide(i, call),
      onEvent: (event) => {
        observer.event(i, event);
        if (event.call?.kind !== 'scanMarks' || event.type === 'fault') trace(() => `    s${i} ${told(event)}`);
      },
      atomicAcrossPartitions,
      exclusive,
    });
  const datas = Array.from({ length: setting.stores }, (_, i) => makeData(i));
  observer.datas = datas;
  const problem = (text: string) => {
    trace(() => `PROBLEM ${text}`);
    problems.push(text);
  };
  const world: World = { setting, random, scheduler, datas, observer, count, calls, tick: () => ticks++, problem, trace };
  trace(() => JSON.stringify({ ...setting, faults: [...setting.faults] }));
  return { world, problems, meetings };
}

/** Lets time go on until `run` is done. Between two tasks every promise that can settle does: what happens next is decided by the seed alone. */
export async function drive({ scheduler, problem }: World, run: () => Promise<void>): Promise<void> {
  let done = false;
  run()
    .catch((error: unknown) => problem(`the run fails: ${error instanceof Error ? (error.stack ?? error.message) : error}`))
    .finally(() => {
      done = true;
    });
  for (await turn(); !done; await turn()) {
    if (scheduler.steps > STEPS_MAX) return problem('it does not end');
    scheduler.step();
  }
}

function told({ type, owner, call, fault, late }: StoreEvent): string {
  const text = (bytes: Uint8Array) => Buffer.from(bytes.subarray(2)).toString();
  const writes = call?.writes?.map(({ partition, expectVersion, version }) => `${text(partition)} ${expectVersion}>${version}`) ?? [];
  const marks = call?.marks?.map(({ type: change, name }) => `${change} mark ${Buffer.from(name).toString('hex')}`) ?? [];
  return [owner, late && 'late', type, fault, call?.kind, call?.partition && text(call.partition), ...writes, ...marks].filter(Boolean).join(' ');
}
