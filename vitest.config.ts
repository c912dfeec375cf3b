import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { plantBug } from './test/planted/plugin.js';

const source = (path: string) => fileURLToPath(new URL(`src/${path}.ts`, import.meta.url));
const MINUTE_MS = 60_000;

/**
 * The environment: `MAILRING_JSON` names a file for the counts as JSON. `--mode deep` (npm run test:deep -- --only suites) sets
 * `MAILRING_DEEP=1`: the same suites with larger budgets. `MAILRING_PLANT` names a planted bug that src/ is tested with (npm run plant).
 */
export default defineConfig(({ mode }) => {
  const deep = mode === 'deep';
  const json = process.env.MAILRING_JSON;
  const planted = process.env.MAILRING_PLANT;
  return {
    plugins: planted ? [plantBug(planted, process.env.MAILRING_PLANT_MARK)] : [],
    resolve: {
      alias: [
        { find: /^mailring$/, replacement: source('index') },
        { find: /^mailring\/(client|ring|level|memory|testing)$/, replacement: source('$1') },
      ],
    },
    test: {
      include: ['test/**/*.test.ts'],
      pool: 'forks',
      maxWorkers: '100%',
      testTimeout: deep ? 120 * MINUTE_MS : MINUTE_MS,
      hookTimeout: MINUTE_MS,
      env: deep ? { MAILRING_DEEP: '1' } : {},
      reporters: json ? ['default', ['json', { outputFile: json }]] : ['default'],
    },
  };
});
