import { type MakeStore, type StoreConformanceHooks, storeConformance } from 'mailring/testing';

/** A test that hangs counts as failed. */
const TEST_MS_MAX = 5_000;

/** What came of a run: every test's name, and the failures with their messages. */
export interface SuiteRun {
  readonly tests: readonly string[];
  readonly failures: ReadonlyMap<string, string>;
}

/** Runs the suite, or those of its tests that are named in `only`, in this process and under no test runner: the smallest `TestApi` there is. */
export async function runSuite(make: MakeStore, hooks: StoreConformanceHooks, only?: readonly string[]): Promise<SuiteRun> {
  const tests = new Map<string, () => Promise<void>>();
  const api = {
    describe: (_: string, define: () => void) => define(),
    test: (name: string, run: () => Promise<void>) => {
      if (tests.has(name)) throw new Error(`two tests are named alike: ${name}`);
      tests.set(name, run);
    },
  };
  storeConformance(api, make, hooks);
  const failures = new Map<string, string>();
  for (const [name, run] of tests) {
    if (only !== undefined && !only.includes(name)) continue;
    try {
      await inTime(run());
    } catch (error) {
      failures.set(name, error instanceof Error ? error.message : String(error));
    }
  }
  return { tests: [...tests.keys()], failures };
}

async function inTime(running: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the test does not end')), TEST_MS_MAX);
  });
  await Promise.race([running, late]).finally(() => clearTimeout(timer));
}
