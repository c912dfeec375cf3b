/**
 * The engine against its floor: bare classic-level, a chained batch with `sync: true`, writing exactly the rows and bytes that the engine wrote, in batches as large.
 * Engine and floor take turns in one run, so that the ratio holds on a noisy machine. `npx tsx test/bench/engine.ts [--rounds N] [--scale X]`
 */
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ClassicLevel } from 'classic-level';
import * as hdr from 'hdr-histogram-js';
import { createClientMessageId, Mailring, type Store } from 'mailring';
import { LevelStore } from 'mailring/level';
import { noteKey, type PartitionWrite } from '../../src/store/store.js';

interface Batch {
  readonly rows: readonly (readonly [key: Buffer, value: Buffer])[];
}

interface Run {
  readonly sends: number;
  readonly seconds: number;
  readonly cpuMicros: number;
  readonly latency: hdr.Histogram;
}

const USERS = 2_000;
/** Each user writes with so many others, in both directions. */
const PEERS = 5;
const BODY = 'x'.repeat(160);
const SENDS = { 1: 1_500, 64: 30_000, 512: 60_000 } as const;

const { values: args } = parseArgs({ options: { rounds: { type: 'string', default: '3' }, scale: { type: 'string', default: '1' } } });

function rowsOf(writes: readonly PartitionWrite[]): Batch {
  return {
    rows: writes.flatMap(({ partition, version, note, head, ops }) => [
      ...ops.map((op) => [Buffer.concat([partition, op.type === 'put' ? op.key : new Uint8Array()]), Buffer.from(op.type === 'put' ? op.value : [])] as const),
      [Buffer.concat([partition, noteKey(version)]), Buffer.from(note)] as const,
      ...(head === undefined ? [] : [[Buffer.concat([partition, Uint8Array.of(0x10)]), Buffer.from(head)] as const]),
    ]),
  };
}

/** The store with a record of what it was given. */
function recorded(store: Store, batches: Batch[]): Store {
  return new Proxy(store, {
    get(target, name) {
      if (name === 'apply') {
        return (writes: readonly PartitionWrite[]) => {
          batches.push(rowsOf(writes));
          return target.apply(writes);
        };
      }
      const member = Reflect.get(target, name, target);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

async function measure(sends: number, clients: number, send: (i: number) => Promise<unknown>): Promise<Run> {
  const latency = hdr.build({ highestTrackableValue: 60_000_000, numberOfSignificantValueDigits: 3 });
  const cpu = process.cpuUsage();
  const start = performance.now();
  let next = 0;
  const client = async () => {
    while (next < sends) {
      const i = next++;
      const sent = performance.now();
      await send(i);
      latency.recordValue(Math.max(1, Math.round((performance.now() - sent) * 1_000)));
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const { user, system } = process.cpuUsage(cpu);
  return { sends, seconds: (performance.now() - start) / 1_000, cpuMicros: user + system, latency };
}

async function bytesIn(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true }))
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  return bytes;
}

async function engineRun(clients: number, sends: number, batches: Batch[] | undefined): Promise<Run & { readonly bytes: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'mailring-bench-'));
  try {
    const store = new LevelStore({ location: folder });
    const mailring = await Mailring.open({ store: batches === undefined ? store : recorded(store, batches) });
    const random = randomFrom(1);
    const run = await measure(sends, clients, () => {
      const sender = random(USERS);
      const recipient = (sender + 1 + random(PEERS)) % USERS;
      const [senderId, recipientId] = random(2) === 0 ? [`user-${sender}`, `user-${recipient}`] : [`user-${recipient}`, `user-${sender}`];
      return mailring.sendMessage({ senderId, recipientId, messageContent: BODY, clientMessageId: createClientMessageId() });
    });
    await mailring.close();
    return { ...run, bytes: await bytesIn(folder) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** As many clients wait for each batch as sends were in it; the next batch begins when the one before is durable, as in the engine. */
async function floorRun(batches: readonly Batch[], sends: number): Promise<Run> {
  const folder = await mkdtemp(join(tmpdir(), 'mailring-bench-'));
  try {
    const db = new ClassicLevel<Buffer, Buffer>(folder, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
    await db.open();
    const run = await measure(batches.length, 1, async (i) => {
      const batch = db.batch();
      for (const [key, value] of batches[i]!.rows) batch.put(key, value);
      await batch.write({ sync: true });
    });
    await db.close();
    return { ...run, sends };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Integers below a bound, the same ones in every run. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;
const micros = (histogram: hdr.Histogram) => [50, 99, 99.9].map((p) => `${histogram.getValueAtPercentile(p)}`).join(' / ');

async function main(): Promise<void> {
  const version = createRequire(import.meta.url)('classic-level/package.json') as { version: string };
  console.log(
    `machine ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB · Node ${process.version} · classic-level ${version.version} · sync: true`,
  );
  console.log(
    `${USERS} users, ${USERS * PEERS} conversations, in both directions at random, ${BODY.length}-byte bodies, time-ordered ids, cold at the start of each run; latency in µs, p50 / p99 / p99.9`,
  );
  const rounds = Number(args.rounds);
  for (const clients of [1, 64, 512] as const) {
    const sends = Math.round(SENDS[clients] * Number(args.scale));
    const ratios: number[] = [];
    const cpuRatios: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const batches: Batch[] = [];
      await engineRun(clients, sends, batches);
      // The recording costs time of its own: the run that counts is another one, and the floor follows it at once.
      const engine = await engineRun(clients, sends, undefined);
      const floor = await floorRun(batches, sends);
      const rate = (run: Run) => run.sends / run.seconds;
      ratios.push(rate(engine) / rate(floor));
      cpuRatios.push(engine.cpuMicros / floor.cpuMicros);
      const rows = batches.reduce((sum, batch) => sum + batch.rows.length, 0);
      const bytes = batches.reduce((sum, batch) => sum + batch.rows.reduce((all, [key, value]) => all + key.length + value.length, 0), 0);
      console.log(
        `${`${clients}`.padStart(4)} clients  engine ${rate(engine).toFixed(0)}/s  ${micros(engine.latency)}  cpu ${(engine.cpuMicros / sends).toFixed(1)} µs/send  ${(engine.bytes / sends).toFixed(0)} B/send on disk` +
          ` · floor ${rate(floor).toFixed(0)}/s  a batch ${micros(floor.latency)}  cpu ${(floor.cpuMicros / sends).toFixed(1)} µs/send` +
          ` · ${(rows / sends).toFixed(2)} rows ${(bytes / sends).toFixed(0)} B ${(sends / batches.length).toFixed(1)} sends/batch · ratio ${(rate(engine) / rate(floor)).toFixed(2)}`,
      );
    }
    console.log(
      `${`${clients}`.padStart(4)} clients  ratio of rates, median of ${rounds}: ${median(ratios).toFixed(2)} · of cpu: ${median(cpuRatios).toFixed(2)}`,
    );
  }
}

await main();
