import type { SendRequest } from 'mailring';
import { fetchConversations, fetchMessages, send, Tries } from './calls.js';
import type { Process } from './process.js';
import type { Setting } from './setting.js';
import type { World } from './world.js';

/** Engines and stores of a scenario, and what is done with them. */
export interface Scenario {
  readonly name: string;
  readonly setting: Pick<Setting, 'name' | 'engines' | 'stores' | 'atomicAcrossPartitions' | 'exclusive'>;
  readonly cacheBytes?: number;
  /** Before calls are counted. */
  readonly prepare?: (stage: Stage) => Promise<void>;
  readonly run: (stage: Stage) => Promise<void>;
}

const SHARDS = { name: 'shards', engines: 1, stores: 3, atomicAcrossPartitions: true, exclusive: true } as const;
const LANES = { name: 'lanes', engines: 1, stores: 1, atomicAcrossPartitions: false, exclusive: true } as const;
const ENGINES = { name: 'engines', engines: 2, stores: 1, atomicAcrossPartitions: false, exclusive: false } as const;

/** The first three have their mailboxes in three shards. */
const ANN = 'u0';
const BOB = 'u1';
const CID = 'u3';
const DAN = 'u7';
export const SCENARIO_USERS: readonly string[] = [ANN, BOB, CID, DAN];

const TRIES_MAX = 12;

/** Where a scenario plays: sends are repeated until they are acknowledged, reads until they are answered. */
export class Stage {
  readonly world: World;
  readonly processes: readonly Process[];
  #nextId = 0;

  constructor(world: World, processes: readonly Process[]) {
    this.world = world;
    this.processes = processes;
  }

  /** An engine, as soon as it is up. */
  async up(i = 0): Promise<Process> {
    const process = this.processes[i]!;
    while (process.status !== 'up') await this.world.scheduler.sleep(10);
    return process;
  }

  request(senderId: string, recipientId: string): SendRequest {
    const clientMessageId = `m${String(this.#nextId++).padStart(3, '0')}`;
    return { senderId, recipientId, messageContent: `${clientMessageId} from ${senderId}`, clientMessageId };
  }

  async send(request: SendRequest, through = 0): Promise<void> {
    const tries = new Tries();
    while (tries.outcomes.length < TRIES_MAX) {
      const { outcome } = await send(this.world, await this.up(through), request, {}, tries);
      if (outcome.type === 'ok') return;
      await this.world.scheduler.sleep(200);
    }
    this.world.problem(`one fault keeps a message from being sent: ${JSON.stringify(tries.outcomes)}`);
  }

  /** Both lists, with deltas from the beginning; `pageSize` is small. */
  async read(userId: string, through = 0): Promise<void> {
    for (const place of [{}, { pageNumber: 2 }, { lastUpdatedTimestamp: 0, maxChanges: Number.POSITIVE_INFINITY }]) {
      await this.#answered(async () => fetchMessages(this.world, await this.up(through), { userId, pageSize: 2, ...place }));
      await this.#answered(async () => fetchConversations(this.world, await this.up(through), { userId, pageSize: 2, ...place }));
    }
  }

  async #answered(fetch: () => Promise<object | undefined>): Promise<void> {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      if ((await fetch()) !== undefined) return;
      await this.world.scheduler.sleep(200);
    }
    this.world.problem('one fault keeps a read from being answered');
  }
}

/** A send whose home has it and whose other mailbox has not, left by a crash. */
async function leaveTail(stage: Stage): Promise<void> {
  await stage.send(stage.request(ANN, BOB));
  const process = await stage.up();
  const { datas, observer, scheduler } = stage.world;
  void send(stage.world, process, stage.request(ANN, BOB), {}, new Tries());
  const uneven = () => observer.lastSeq(ANN, BOB) !== observer.lastSeq(BOB, ANN);
  while (!uneven()) await scheduler.sleep(0.1);
  // What is under way is not to come later: it is the sweep that has to find it.
  for (const data of datas) data.fillDisk();
  process.crash(false);
  for (const data of datas) data.freeDisk();
  if (!uneven()) stage.world.problem('the scenario has no tail');
}

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'the first sends of a conversation over two shards',
    setting: SHARDS,
    run: async (stage) => {
      await stage.send(stage.request(ANN, BOB));
      await stage.send(stage.request(BOB, ANN));
    },
  },
  {
    name: 'sends in both directions at once, one of them twice, and a repeat afterwards',
    setting: SHARDS,
    prepare: async (stage) => {
      await stage.send(stage.request(ANN, BOB));
      await stage.processes[0]!.restart();
    },
    run: async (stage) => {
      const twice = stage.request(ANN, BOB);
      const others = [stage.request(BOB, ANN), stage.request(ANN, CID), stage.request(ANN, ANN)];
      await Promise.all([twice, ...others, twice].map((request) => stage.send(request)));
      await stage.send(twice);
      await stage.read(ANN);
    },
  },
  {
    name: 'a start with a tail that a crash has left, and its sweep',
    setting: SHARDS,
    prepare: leaveTail,
    run: async (stage) => {
      void stage.processes[0]!.start();
      await stage.up();
      await stage.world.scheduler.sleep(3_000);
      await stage.read(BOB);
    },
  },
  {
    name: 'a burst where each mailbox commits alone, and the end of its mark',
    setting: LANES,
    run: async (stage) => {
      await Promise.all([BOB, CID, BOB, DAN].map((peer) => stage.send(stage.request(ANN, peer))));
      await stage.world.scheduler.sleep(4_000);
      await stage.send(stage.request(BOB, ANN));
    },
  },
  {
    name: 'two engines send in one conversation at once, and one message through both',
    setting: ENGINES,
    run: async (stage) => {
      const both = stage.request(ANN, BOB);
      const sends = [stage.send(both, 0), stage.send(both, 1), stage.send(stage.request(BOB, ANN), 1), stage.send(stage.request(ANN, BOB), 0)];
      await Promise.all(sends);
      await stage.read(BOB, 0);
      await stage.world.scheduler.sleep(3_000);
    },
  },
  {
    name: 'cold pages and deltas beside sends of another engine',
    setting: ENGINES,
    cacheBytes: 1,
    prepare: async (stage) => {
      for (const peer of [BOB, CID, DAN, BOB]) await stage.send(stage.request(ANN, peer), 1);
    },
    run: async (stage) => {
      await Promise.all([stage.read(ANN, 0), stage.send(stage.request(BOB, ANN), 1)]);
      await stage.read(ANN, 1);
    },
  },
];
