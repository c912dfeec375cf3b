import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { BUGS } from './bugs.js';
import { applyBug, type PlantedBug, pathOf, ROOT } from './planted-bug.js';

/** Fewer would say that somebody has thinned them out. */
const BUGS_MIN = 163;

describe('the planted bugs', () => {
  test(`are at least ${BUGS_MIN}, each with a name of its own`, () => {
    expect(BUGS.length).toBeGreaterThanOrEqual(BUGS_MIN);
    expect(new Set(BUGS.map(({ name }) => name)).size).toBe(BUGS.length);
    expect(BUGS.filter(({ name }) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name))).toEqual([]);
  });

  test('apply to the source as it is: the text of each occurs exactly once, and is changed', () => {
    const failures = BUGS.flatMap((bug) => {
      try {
        return applyBug(bug) === readFileSync(pathOf(bug), 'utf8') ? [`${bug.name} changes nothing`] : [];
      } catch (error) {
        return [String(error)];
      }
    });
    expect(failures).toEqual([]);
  });

  test('have suites that are there', () => {
    const files = BUGS.flatMap(({ suite }) => suite.files);
    expect(BUGS.filter(({ suite }) => suite.files.length === 0)).toEqual([]);
    expect(files.filter((file) => !existsSync(`${ROOT}${file}`))).toEqual([]);
  });
});

describe('applying a bug', () => {
  const bug: PlantedBug = { name: 'sample', what: 'a sample', file: 'a.ts', find: 'b', replace: '$&c', suite: { files: [] } };

  test('replaces its text, taken literally', () => {
    expect(applyBug(bug, 'abd')).toBe('a$&cd');
  });

  test.each(['ad', 'abdb'])('fails unless the text occurs exactly once: %s', (text) => {
    expect(() => applyBug(bug, text)).toThrow('must occur once in src/a.ts');
  });
});
