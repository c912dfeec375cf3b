import { parseArgs } from 'node:util';
import { tableOf, verdict } from './report.js';
import { runSeeds } from './run-seeds.js';
import { simulate } from './simulation.js';

/**
 * npm run simulate -- --seed S                                      one seed, with what happens, line by line
 * npm run simulate -- --seeds N [--from F] [--workers W] [--journal FILE]   many seeds over all cores, with a table; FILE makes it resumable
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string', default: '2000' },
    from: { type: 'string', default: '1' },
    workers: { type: 'string' },
    journal: { type: 'string' },
  },
});

function integer(text: string, name: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`--${name} must be a whole number. value=\`${text}\``);
  return value;
}

async function one(seed: number): Promise<void> {
  const { problems, digest } = await simulate(seed, (line) => process.stdout.write(`${line}\n`));
  process.stdout.write(`\nseed ${seed}: ${problems.length} problems, history ${digest}\n`);
  for (const problem of problems) process.stdout.write(`${problem}\n`);
  if (problems.length > 0) process.exitCode = 1;
}

async function many(): Promise<void> {
  const start = Date.now();
  const seeds = integer(values.seeds, 'seeds');
  let shown = start;
  const report = await runSeeds({
    from: integer(values.from, 'from'),
    seeds,
    workers: values.workers === undefined ? undefined : integer(values.workers, 'workers'),
    journal: values.journal,
    onProgress: (sum) => {
      if (Date.now() - shown < 10_000) return;
      shown = Date.now();
      process.stderr.write(`${sum.seeds} of ${seeds} seeds, ${sum.bad.length} with problems\n`);
    },
  });
  const wrong = verdict(report);
  process.stdout.write(`${tableOf(report)}\n\n${Math.round((Date.now() - start) / 1_000)} s\n`);
  for (const line of wrong) process.stdout.write(`${line}\n`);
  if (wrong.length > 0) process.exitCode = 1;
}

await (values.seed === undefined ? many() : one(integer(values.seed, 'seed')));
