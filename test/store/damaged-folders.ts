import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { LevelStore } from 'mailring/level';
import { systemClock } from '../../src/model/clock.js';
import { partitionNamed, put, write } from './level-rows.js';

const FIXTURE = fileURLToPath(new URL('fixtures/writing-process.ts', import.meta.url));

/** The partition that the folders hold. */
export const A = partitionNamed('alice');

/** Bytes of a block of LevelDB's logs. */
export const BLOCK_BYTES = 32_768;

/** A store over a folder that is checked; its buffer is small, so that tables are written early. */
export function storeAt(location: string): LevelStore {
  return new LevelStore({ location, writeBufferBytes: 64 * 1024 });
}

/** Bytes of the value of a commit, from few to several blocks of a log. */
export function sizeOf(version: number): number {
  return (version * 7_919) % 50_000;
}

/**
 * Starts a process that writes to the folder (see fixtures/writing-process.ts) and kills it when it has acknowledged `count` commits. Gives the version
 * of the last one.
 */
export async function writeUntilKilled(location: string, count: number): Promise<number> {
  const child = spawn(process.execPath, ['--import', 'tsx', FIXTURE, location], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  let acknowledged = 0;
  let lines = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged = Number(line);
    lines++;
    if (lines === count) child.kill('SIGKILL');
  }
  await exited;
  return acknowledged;
}

/** Makes a folder whose log holds one commit for each of `sizes`, in bytes of its value. */
export async function folderWith(location: string, sizes: readonly number[]): Promise<void> {
  const store = new LevelStore({ location });
  await store.open({ clock: systemClock });
  for (const [i, size] of sizes.entries()) await store.apply([write(A, i, i + 1, put(`key ${i}`, String(i % 10).repeat(size)))]);
  await store.close();
}

/** What a store over the folder holds: its version, and every row. @throws what `open` throws */
export async function contentOf(location: string): Promise<{ readonly version: number; readonly rows: string }> {
  const store = storeAt(location);
  await store.open({ clock: systemClock });
  try {
    const { version } = await store.load(A);
    const rows = await store.scan(A, { gte: Buffer.of(0x11), lt: Buffer.of(0xff), limit: 10_000 });
    return { version, rows: rows.map(({ key, value }) => `${Buffer.from(key)}=${Buffer.from(value)}`).join('\n') };
  } finally {
    await store.close();
  }
}

/** A fingerprint of each file in the folder, by name. */
export async function filesOf(location: string): Promise<Record<string, string>> {
  const names = (await readdir(location)).sort();
  const prints = names.map(
    async (name) =>
      [
        name,
        createHash('sha256')
          .update(await readFile(join(location, name)))
          .digest('hex'),
      ] as const,
  );
  return Object.fromEntries(await Promise.all(prints));
}

/** The names of its logs, oldest first. */
export async function logsOf(location: string): Promise<string[]> {
  return (await readdir(location)).filter((name) => name.endsWith('.log')).sort();
}

/** Runs `task` on a copy of the folder's files. */
export async function onCopy<Result>(location: string, task: (copy: string) => Promise<Result>): Promise<Result> {
  const parent = await mkdtemp(join(tmpdir(), 'mailring-test-'));
  const copy = join(parent, basename(location));
  try {
    await cp(location, copy, { recursive: true });
    return await task(copy);
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}
