import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { BUGS } from './bugs.js';
import { applyBug, type PlantedBug, ROOT, type Suite } from './planted-bug.js';
import { runSuite } from './run-suite.js';
import { TypeCheck } from './type-check.js';

/**
 * Plants each bug and insists that the suite named beside it fails:
 *
 *   npm run plant -- [names…] [--all] [--minutes N] [--suite FILE] [--list]
 *
 * All bugs where no name is given. `--minutes` starts none after that time: bugs in files that were changed since the parent commit come first, then the rest,
 * beginning at a place that the commit decides; how many were left out is said. `--suite` asks one suite about all of them, instead of each bug's own.
 *
 * Exit code 1 when a suite fails without a bug, when a bug does not apply, does not compile or is not noticed, and when none was tried.
 */

const CONCURRENT = 2;
const MINUTE_MS = 60_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { minutes: { type: 'string' }, suite: { type: 'string' }, list: { type: 'boolean' }, all: { type: 'boolean' } },
});

function git(...args: string[]): string {
  try {
    return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return '';
  }
}

/** Bugs whose file or suite changed come first; the rest begin at another place with each commit, so that a bound in time leaves out others each time. */
function inOrder(bugs: readonly PlantedBug[]): PlantedBug[] {
  const changed = new Set(git('diff', '--name-only', 'HEAD~1').split('\n'));
  const first = bugs.filter(({ file, suite }) => changed.has(`src/${file}`) || suite.files.some((path) => changed.has(path)));
  const rest = bugs.filter((bug) => !first.includes(bug));
  const start = rest.length === 0 ? 0 : Number.parseInt(git('rev-parse', 'HEAD').slice(0, 8) || '0', 16) % rest.length;
  return [...first, ...rest.slice(start), ...rest.slice(0, start)];
}

function chosen(): PlantedBug[] {
  const unknown = positionals.filter((name) => !BUGS.some((bug) => bug.name === name));
  if (unknown.length > 0) throw new Error(`there is no planted bug of that name. names=\`${unknown.join(', ')}\``);
  const bugs = positionals.length > 0 && !values.all ? BUGS.filter(({ name }) => positionals.includes(name)) : inOrder(BUGS);
  return values.suite === undefined ? bugs : bugs.map((bug) => ({ ...bug, suite: { files: [values.suite!] } }));
}

/** The suites of these bugs without repeats; those that are not narrowed to some tests as one. */
function suitesOf(bugs: readonly PlantedBug[]): Suite[] {
  const whole = new Set(bugs.flatMap(({ suite }) => (suite.test === undefined ? suite.files : [])));
  const narrowed = new Map(bugs.flatMap(({ suite }) => (suite.test === undefined ? [] : [[JSON.stringify(suite), suite] as const])));
  return [...(whole.size > 0 ? [{ files: [...whole] }] : []), ...narrowed.values()];
}

/** Runs tasks `CONCURRENT` at a time, in order, until `enough`. Gives how many were begun. */
async function runAll<T>(items: readonly T[], enough: () => boolean, task: (item: T) => Promise<void>): Promise<number> {
  let begun = 0;
  const worker = async (): Promise<void> => {
    while (begun < items.length && !enough()) await task(items[begun++]!);
  };
  await Promise.all(Array.from({ length: CONCURRENT }, worker));
  return begun;
}

/** Says what became of a bug; `undefined` = its suite noticed it. */
async function plant(bug: PlantedBug, types: TypeCheck): Promise<string | undefined> {
  const started = performance.now();
  const line = (text: string) => console.log(`${bug.name.padEnd(36)} ${((performance.now() - started) / 1_000).toFixed(1).padStart(6)} s  ${text}`);
  const fail = (text: string) => {
    line(`NOT CAUGHT: ${text}`);
    return `${bug.name}: ${text}`;
  };
  try {
    applyBug(bug);
  } catch (error) {
    return fail((error as Error).message);
  }
  const problems = types.problems(bug);
  if (problems.length > 0) return fail(`does not compile: ${problems[0]}`);
  const result = await runSuite(bug.suite, bug.name);
  if (result.kind === 'failed') return void line(`${result.seeds === undefined ? '' : `after ${result.seeds} seeds: `}${result.test}`);
  return fail(result.kind === 'passed' ? `${result.tests} tests of ${bug.suite.files.join(', ')} pass although ${bug.what}` : result.why);
}

async function main(): Promise<number> {
  const bugs = chosen();
  if (values.list) {
    for (const { name, file, what } of bugs) console.log(`${name.padEnd(36)} ${file.padEnd(34)} ${what}`);
    return 0;
  }
  const started = performance.now();
  const minutes = Number(values.minutes ?? Number.POSITIVE_INFINITY);
  if (!(minutes > 0)) throw new Error(`--minutes takes a number above 0. value=\`${values.minutes}\``);
  const failures: string[] = [];

  const types = new TypeCheck();
  for (const problem of types.problems()) failures.push(`without a bug: ${problem}`);
  const suites = suitesOf(bugs);
  await runAll(
    suites,
    () => false,
    async (suite) => {
      const result = await runSuite(suite);
      const words = result.kind === 'passed' ? `${result.tests} tests pass` : result.kind === 'failed' ? `fails: ${result.test}` : result.why;
      console.log(
        `without a bug: ${suite.files.length === 1 ? suite.files[0] : `${suite.files.length} suites`}${suite.test ? ` (${suite.test})` : ''}: ${words}`,
      );
      if (result.kind !== 'passed') failures.push(`without a bug: ${words}`);
    },
  );
  // A suite that fails anyway would "notice" everything.
  if (failures.length > 0) return report(failures, 0, bugs.length);

  const tried = await runAll(
    bugs,
    () => performance.now() - started > minutes * MINUTE_MS,
    async (bug) => {
      const failure = await plant(bug, types);
      if (failure !== undefined) failures.push(failure);
    },
  );
  return report(failures, tried, bugs.length);
}

function report(failures: readonly string[], tried: number, all: number): number {
  for (const failure of failures) console.log(`FAILED ${failure}`);
  const left = tried < all ? ` (${all - tried} of ${all} not tried)` : '';
  console.log(`${tried} planted bugs tried, ${Math.max(0, tried - failures.length)} caught, ${failures.length} failures${left}`);
  return failures.length > 0 || tried === 0 ? 1 : 0;
}

process.exitCode = await main();
