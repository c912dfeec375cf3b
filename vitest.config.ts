import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string) => fileURLToPath(new URL(`src/${path}.ts`, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^mailring$/, replacement: source('index') },
      { find: /^mailring\/(ring|level|memory|testing)$/, replacement: source('$1') },
    ],
  },
  test: { include: ['test/**/*.test.ts'], testTimeout: 60_000, pool: 'forks' },
});
