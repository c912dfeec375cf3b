import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { tableOf, verdict } from '../simulation/report.js';
import { runSeeds } from '../simulation/run-seeds.js';

/**
 * The long runs: seeds of the simulation over all cores, the large model, the suites with their large budgets, and every planted bug.
 *
 *   npm run test:deep -- [--seeds N] [--from F] [--journal FILE] [--only simulation,model,suites,planted]
 *
 * The journal keeps finished seeds, so that a run that was stopped goes on where it was; it is of the sources as they are, and others start a new one.
 */

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PROGRESS_MS = 60_000;
const STEPS = ['simulation', 'model', 'suites', 'planted'] as const;
type Step = (typeof STEPS)[number];

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '20000' }, from: { type: 'string', default: '1' }, journal: { type: 'string' }, only: { type: 'string' } },
});

function integer(text: string, name: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`--${name} must be a whole number from 1. value=\`${text}\``);
  return value;
}

function chosen(): readonly Step[] {
  const names = values.only?.split(',') ?? STEPS;
  const unknown = names.filter((name) => !(STEPS as readonly string[]).includes(name));
  if (unknown.length > 0) throw new RangeError(`--only takes ${STEPS.join(', ')}. unknown=\`${unknown.join(', ')}\``);
  return names as Step[];
}

/** Where this source's seeds are kept: what was found with another one says nothing of this. */
function journalFile(): string {
  if (values.journal !== undefined) return values.journal;
  const hash = createHash('sha256');
  for (const folder of ['src', 'test/simulation']) {
    for (const path of readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).sort()) {
      if (path.endsWith('.ts')) hash.update(`${folder}/${path}\0`).update(readFileSync(join(ROOT, folder, path)));
    }
  }
  const below = join(ROOT, 'node_modules/.cache/mailring');
  mkdirSync(below, { recursive: true });
  return join(below, `seeds-${hash.digest('hex').slice(0, 16)}.jsonl`);
}

async function simulation(): Promise<boolean> {
  const [seeds, from, journal] = [integer(values.seeds, 'seeds'), integer(values.from, 'from'), journalFile()];
  console.log(`${seeds} seeds from ${from}, ${availableParallelism()} cores, kept in ${journal}`);
  let shown = Date.now();
  const report = await runSeeds({
    from,
    seeds,
    journal,
    onProgress: (sum) => {
      if (Date.now() - shown < PROGRESS_MS) return;
      shown = Date.now();
      console.log(`${sum.seeds} of ${seeds} seeds, ${sum.bad.length} with problems`);
    },
  });
  const wrong = verdict(report);
  console.log([tableOf(report), ...wrong].join('\n'));
  return wrong.length === 0 && report.seeds === seeds;
}

/** Runs a program of this folder in a process of its own; it writes where this one does. */
function program(...args: readonly string[]): boolean {
  return spawnSync(process.execPath, args, { cwd: ROOT, stdio: 'inherit', env: { ...process.env, MAILRING_DEEP: '1' } }).status === 0;
}

const vitest = (...args: readonly string[]) => program(join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--mode', 'deep', ...args);

const RUN: Record<Step, () => boolean | Promise<boolean>> = {
  simulation,
  model: () => vitest('test/model'),
  suites: () => vitest('--exclude', 'test/model/**'),
  planted: () => program('--import', 'tsx', 'test/planted/run.ts', '--all'),
};

async function main(): Promise<number> {
  const results: { readonly step: Step; readonly ok: boolean; readonly seconds: number }[] = [];
  for (const step of chosen()) {
    const start = Date.now();
    console.log(`\n=== ${step}`);
    results.push({ step, ok: await RUN[step](), seconds: Math.round((Date.now() - start) / 1_000) });
  }
  console.log('');
  for (const { step, ok, seconds } of results) console.log(`${step.padEnd(12)} ${ok ? 'passed' : 'FAILED'} after ${seconds} s`);
  return results.every(({ ok }) => ok) ? 0 : 1;
}

process.exitCode = await main();
