import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };

/** What `npm run docs` warns of, when it also asks for a comment on every symbol and member. */
function warningsOfTypedoc(): string[] {
  const options = ['--emit', 'none', '--validation.notDocumented', 'true'];
  const { stdout, stderr } = spawnSync('npx', ['typedoc', ...options], { encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } });
  return `${stdout}${stderr}`.split('\n').filter((line) => line.startsWith('['));
}

test('every public symbol and member has a comment, and typedoc has nothing else to warn of', { timeout: 120_000 }, () => {
  const warnings = warningsOfTypedoc();
  // A literal type is documented as a whole, where it stands.
  const literal = warnings.filter((line) => line.includes('.__type.'));
  const sum = `[warning] Found 0 errors and ${literal.length} warnings`;
  expect(warnings.filter((line) => !literal.includes(line))).toEqual([sum]);
  expect(literal.length).toBeGreaterThan(0);
});

test('typedoc reads every entry of the package', () => {
  const entries = Object.keys(packageJson.exports).filter((entry) => entry !== './package.json');
  expect(packageJson.typedocOptions.entryPoints).toEqual(entries.map((entry) => `src/${entry === '.' ? 'index' : entry.slice(2)}.ts`));
});
