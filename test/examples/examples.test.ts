import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../docs/documents.js';

const EXAMPLES = readdirSync(join(ROOT, 'examples')).filter((name) => name.endsWith('.ts'));

describe('every example', () => {
  test('is named in examples/README.md', () => {
    const text = readFileSync(join(ROOT, 'examples/README.md'), 'utf8');
    expect(EXAMPLES.filter((name) => !text.includes(`(${name})`))).toEqual([]);
    expect(EXAMPLES.length).toBeGreaterThanOrEqual(3);
  });

  test.each(EXAMPLES)('runs and checks its own result: %s', (name) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', join(ROOT, 'examples', name)], { encoding: 'utf8', timeout: 60_000 });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).not.toBe('');
  });
});
