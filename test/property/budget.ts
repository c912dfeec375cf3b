import fc from 'fast-check';

/**
 * How much a property is checked, from the environment: `MAILRING_RUNS` sets the runs of the one with 1,000, the others' in proportion; `MAILRING_DEEP=1`
 * (npm run test:deep) multiplies them all; `MAILRING_SEED` with `MAILRING_PATH` and `MAILRING_REPLAY` replay one failure. A failure prints the command that does.
 */
const { MAILRING_RUNS, MAILRING_DEEP, MAILRING_SEED, MAILRING_PATH, MAILRING_REPLAY } = process.env;

const DEEP_FACTOR = 20;
/** Runs of the property that `MAILRING_RUNS` is about. */
const RUNS = 1_000;
const FACTOR = MAILRING_RUNS === undefined ? (MAILRING_DEEP ? DEEP_FACTOR : 1) : Number(MAILRING_RUNS) / RUNS;
const MINUTE_MS = 60_000;
/** Longest that a property may take, shrinking included; then what was found so far is reported. */
const PROPERTY_MS_MAX = (MAILRING_DEEP ? 110 : 4) * MINUTE_MS;
/** For vitest: more than any property takes. */
export const PROPERTY_TIMEOUT_MS = PROPERTY_MS_MAX + MINUTE_MS;
/** Longest that one run may take: a run that hangs is a failure with a seed. */
const RUN_MS_MAX = 30_000;

/** For `fc.commands`: which of the commands of the failure to run. */
export const REPLAY = MAILRING_REPLAY === undefined ? {} : { replayPath: MAILRING_REPLAY };

/** What a property is, for the report. */
export interface Checked {
  /** Its test's file, and the words of its test that select it. */
  readonly file: string;
  readonly test: string;
  readonly runs: number;
  /** Counts what was done beside the runs: commands executed, strings tried; asserted in proportion to the runs. */
  readonly least?: { readonly what: string; readonly count: number; readonly counter: () => number };
}

/** Checks a property. @throws an error with seed, counterexample and the one command that replays it */
export async function checkProperty<T>({ file, test, runs, least }: Checked, property: fc.IAsyncProperty<T>): Promise<void> {
  const numRuns = Math.ceil(runs * FACTOR);
  const details = await fc.check(property, {
    numRuns,
    interruptAfterTimeLimit: PROPERTY_MS_MAX,
    markInterruptAsFailure: true,
    timeout: RUN_MS_MAX,
    ...(MAILRING_SEED !== undefined && { seed: Number(MAILRING_SEED) }),
    ...(MAILRING_PATH !== undefined && { path: MAILRING_PATH }),
  });
  if (details.failed) throw new Error(`${fc.defaultReportMessage(details)}\n\n${replayCommand(details, file, test)}`, { cause: details.errorInstance });
  if (MAILRING_PATH !== undefined) return;
  console.info(`${file}: ${details.numRuns} runs${least ? `, ${least.counter()} ${least.what}` : ''}. seed=${details.seed}`);
  const wanted = least && Math.floor((least.count * numRuns) / runs);
  if (least && numRuns >= runs && least.counter() < wanted!) throw new Error(`too few ${least.what}: ${least.counter()} of ${wanted} in ${numRuns} runs`);
}

function replayCommand<T>(details: fc.RunDetails<T>, file: string, test: string): string {
  const commands = /replayPath="([^"]*)"/.exec(fc.stringify(details.counterexample))?.[1];
  const variables = { MAILRING_SEED: details.seed, MAILRING_PATH: details.counterexamplePath, ...(commands !== undefined && { MAILRING_REPLAY: commands }) };
  const settings = Object.entries(variables).map(([name, value]) => `${name}='${value}'`);
  return `replay with:\n  ${settings.join(' ')} npx vitest run ${file} -t '${test}'`;
}
