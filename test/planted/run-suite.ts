import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT, type Suite } from './planted-bug.js';

const TEST_MS_MAX = 30_000;
const HOOK_MS_MAX = 10_000;
/** Longest that one run may take; then it is ended. */
const RUN_MS_MAX = 300_000;
/** Runs of a property, where the caller's environment does not say. */
const PROPERTY_RUNS = '100';
/** Seeds after which the simulation gives up finding a bug. */
const JUDGE_SEEDS = '1000';

/** What came of a run of tests. `broken`: it says nothing about the program (no report, no tests, a file that does not load, a bug that was never planted). */
export type SuiteResult =
  | { readonly kind: 'passed'; readonly tests: number }
  | { readonly kind: 'failed'; readonly test: string; readonly seeds: number | undefined }
  | { readonly kind: 'broken'; readonly why: string };

interface Report {
  readonly numPassedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string; readonly failureMessages: readonly string[] | null }[];
  }[];
}

/** Runs a suite in a process of its own, with a bug planted or without; ends at the first test that fails. */
export async function runSuite({ files, test }: Suite, bug?: string): Promise<SuiteResult> {
  const folder = await mkdtemp(join(tmpdir(), 'mailring-planted-'));
  const [reportFile, markFile] = [join(folder, 'report.json'), join(folder, 'mark')];
  const args = ['run', ...files, '--bail=1', '--reporter=json', `--outputFile=${reportFile}`, `--testTimeout=${TEST_MS_MAX}`, `--hookTimeout=${HOOK_MS_MAX}`];
  const { MAILRING_JSON: _, MAILRING_PLANT: __, ...environment } = process.env;
  const planted = bug === undefined ? {} : { MAILRING_JUDGE_SEEDS: JUDGE_SEEDS, MAILRING_PLANT: bug, MAILRING_PLANT_MARK: markFile };
  const env = { MAILRING_RUNS: PROPERTY_RUNS, ...environment, ...planted };
  try {
    const { code, output } = await runNode([join(ROOT, 'node_modules/vitest/vitest.mjs'), ...args, ...(test === undefined ? [] : ['-t', test])], env);
    if (!existsSync(reportFile)) return { kind: 'broken', why: `the runner gave no report; exit ${code}: ${output.slice(-500)}` };
    if (bug !== undefined && !existsSync(markFile)) return { kind: 'broken', why: 'the file with the bug was never loaded' };
    return resultOf(JSON.parse(readFileSync(reportFile, 'utf8')) as Report, code);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The end of the output is kept, to say why there is no report. */
function runNode(args: readonly string[], env: NodeJS.ProcessEnv): Promise<{ readonly code: number | null; readonly output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: RUN_MS_MAX, killSignal: 'SIGKILL' });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output = `${output}${chunk}`.slice(-4_000)));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}

function resultOf({ numPassedTests, testResults }: Report, code: number | null): SuiteResult {
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const failed = tests.filter(({ status }) => status === 'failed');
  // A test that waits for ever may only have been slow: that it was waiting for what the bug broke is for a test to say.
  const judged = failed.find(({ failureMessages }) => !failureMessages?.some((message) => /(Test|Hook) timed out in/.test(message)));
  if (judged !== undefined) {
    const seeds = /^AssertionError: after (\d+) seeds/.exec(judged.failureMessages?.[0] ?? '')?.[1];
    return { kind: 'failed', test: judged.fullName, seeds: seeds === undefined ? undefined : Number(seeds) };
  }
  if (failed.length > 0) return { kind: 'broken', why: `only timed out: ${failed[0]!.fullName}` };
  const unloaded = testResults.find(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0);
  if (unloaded !== undefined) return { kind: 'broken', why: `${unloaded.name} does not load: ${unloaded.message.slice(0, 500)}` };
  if (numPassedTests === 0) return { kind: 'broken', why: 'no test ran' };
  return code === 0 ? { kind: 'passed', tests: numPassedTests } : { kind: 'broken', why: `tests passed, and the run failed beside them. exit=\`${code}\`` };
}
