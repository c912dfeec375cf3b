import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { codeBlocks, ROOT, readDocument } from './documents.js';

test("README's quick start is examples/quick-start.ts, byte for byte", () => {
  const readme = readDocument('README.md');
  const heading = readme.text.split('\n').findIndex((line) => /^#+ Quick start$/i.test(line)) + 1;
  expect(heading, 'README.md has no heading "Quick start"').toBeGreaterThan(0);
  const block = codeBlocks(readme).find(({ language, line }) => language === 'ts' && line > heading);
  expect(block?.code, 'the first ts block below it').toBe(readFileSync(join(ROOT, 'examples/quick-start.ts'), 'utf8'));
});
