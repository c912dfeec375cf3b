import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Mailring } from 'mailring';
import { KilledMailring, killsAt } from './killed-mailring.js';
import { QUIET } from './mailring-process.js';
import { showProgress } from './progress.js';
import { Random } from './random.js';
import { type RunResult, replayAndCompare } from './replay-and-compare.js';
import { describe, loadMessages, type TraceMessage } from './trace.js';

/**
 * Runs the quick start, replays a trace of messages with many sends in flight, again one by one, and again on several shards in a process that is killed three times, and each
 * time compares every mailbox with a replay in memory.
 * Run: npm run demo [-- --rows N]        Data: MAILRING_DATA or ../shared/data; without it a generated trace.
 */

const SENDS_IN_FLIGHT = 64;
const ORDERED_ROWS = 10_000;
const SHARDS = 4;
const KILLS = 3;
/** Differences and problems that are printed. */
const SHOWN_MAX = 20;

const rows = readRows();
const folder = mkdtempSync(join(tmpdir(), 'mailring-demo-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

console.log('The quick start:');
runQuickStart();
const { source, messages } = loadMessages(rows);
console.log(`\nReplaying ${source}: ${describe(messages)}`);
const results = [
  await run('replay', messages, SENDS_IN_FLIGHT),
  await run('ordered', messages.slice(0, ORDERED_ROWS), 1),
  await runKilled('killed', messages, SENDS_IN_FLIGHT),
];
if (results.some((result) => !result)) process.exitCode = 1;

function readRows(): number | undefined {
  const { rows } = parseArgs({ options: { rows: { type: 'string' } } }).values;
  if (rows !== undefined && !/^[1-9]\d*$/.test(rows)) throw new RangeError(`--rows takes a number from 1. value=\`${rows}\``);
  return rows === undefined ? undefined : Number(rows);
}

function runQuickStart(): void {
  const file = fileURLToPath(new URL('../quick-start.ts', import.meta.url));
  const { status } = spawnSync(process.execPath, [...process.execArgv, file, join(folder, 'quick-start')], { stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}

/** Whether all was well. */
async function run(name: string, messages: readonly TraceMessage[], sendsInFlight: number): Promise<boolean> {
  const location = join(folder, name);
  mkdirSync(location);
  console.log(`\n${sendsInFlight} ${sendsInFlight === 1 ? 'send' : 'sends'} in flight, in a fresh folder:`);
  const result = await replayAndCompare({ messages, open: () => Mailring.open({ location }), sendsInFlight, onProgress: showProgress });
  report(result, sizeOf(location));
  return result.ok;
}

/** The same on several shards, in a process that is killed at random points. */
async function runKilled(name: string, messages: readonly TraceMessage[], sendsInFlight: number): Promise<boolean> {
  const location = join(folder, name);
  mkdirSync(location);
  const seed = randomInt(2 ** 32);
  const kills = killsAt(randomKills(seed, messages.length));
  console.log(
    `\n${sendsInFlight} sends in flight, on ${SHARDS} shards, in a process that is killed with SIGKILL after ${kills.at.join(', ')} sends (seed ${seed}):`,
  );
  const open = () => KilledMailring.open(location, SHARDS, kills);
  const openAnew = () => Mailring.open({ location, shards: SHARDS, limits: QUIET });
  const result = await replayAndCompare({ messages, open, openAnew, sendsInFlight, onProgress: showProgress });
  const repeated = kills.done.reduce((sum, { unacknowledged }) => sum + unacknowledged, 0);
  console.log(
    `  killed     ${kills.done.length} times, after ${kills.done.map(({ acknowledged }) => acknowledged).join(', ')} acknowledgements; ${repeated} messages were under way then and were repeated, ${kills.found} of them were found as duplicates`,
  );
  report(result, sizeOf(location));
  return result.ok && kills.done.length === KILLS;
}

/** After how many sends to kill: one point in each part of the run, from its 5th to its 95th hundredth. */
function randomKills(seed: number, sends: number): number[] {
  const random = new Random(seed);
  return Array.from({ length: KILLS }, (_, i) => Math.ceil(((i + 0.05 + 0.9 * random.next()) / KILLS) * sends));
}

function report(result: RunResult, bytes: number): void {
  const { findings, verification } = result;
  const { mailboxes, messages } = verification.checked;
  console.log(
    `  sent       ${result.messages} messages and ${result.retries} retries (${result.duplicates} duplicates seen), closed and opened ${result.reopened} times on the way`,
  );
  console.log(
    `  speed      ${Math.round(result.messages / result.replaySeconds)} sends a second, retries and reads beside them not counted, every batch with sync: true; ${machine()}`,
  );
  console.log(
    `  on disk    ${Math.round(bytes / result.messages)} bytes a message (${(bytes / 2 ** 20).toFixed(1)} MiB), both mailboxes and everything else included`,
  );
  console.log(
    `  compared   ${result.mailboxes} mailboxes, ${findings.pages} pages and ${findings.deltas} deltas in ${result.compareSeconds.toFixed(1)} s: ${findings.differences} differences`,
  );
  console.log(`  verify()   ${verification.ok ? 'ok' : `${verification.problems.length} problems`}: ${mailboxes} mailboxes, ${messages} messages`);
  for (const text of findings.texts.slice(0, SHOWN_MAX)) console.error(`  DIFFERENT  ${text}`);
  for (const { kind, userId, text } of verification.problems.slice(0, SHOWN_MAX)) console.error(`  PROBLEM    ${kind}, mailbox ${userId}: ${text}`);
}

function machine(): string {
  const processors = cpus();
  return `${processors.length} × ${processors[0]?.model.trim()}, Node ${process.versions.node}, ${process.platform}`;
}

function sizeOf(path: string): number {
  return readdirSync(path, { recursive: true, withFileTypes: true }).reduce(
    (sum, entry) => sum + (entry.isFile() ? statSync(join(entry.parentPath, entry.name)).size : 0),
    0,
  );
}
