import { appendFileSync } from 'node:fs';
import type { Plugin } from 'vitest/config';
import { BUGS } from './bugs.js';
import { applyBug, pathOf } from './planted-bug.js';

/**
 * Puts one planted bug into its source file while a test run loads it; nothing is built and no file is changed. `markFile` gets a line for each time that was
 * done, so that whoever started the run can tell a bug that nobody noticed from one that was never there.
 *
 * @throws an error when there is no bug of that name, or its text does not occur exactly once
 */
export function plantBug(name: string, markFile: string | undefined): Plugin {
  const bug = BUGS.find((known) => known.name === name);
  if (bug === undefined) throw new Error(`there is no planted bug of that name. name=\`${name}\``);
  const path = pathOf(bug);
  // Before any test runs: an error in a transform would look like a failing test.
  applyBug(bug);
  return {
    name: 'mailring:planted-bug',
    enforce: 'pre',
    transform(code, id) {
      if (id.split('?')[0] !== path) return undefined;
      const patched = applyBug(bug, code);
      if (markFile !== undefined) appendFileSync(markFile, `${name}\n`);
      return { code: patched, map: null };
    },
  };
}
