import { describe, expect, it } from 'vitest';
import { readSources } from './source.js';
import { tidyProblems } from './tidy.js';

const planted = (path: string, text: string) => tidyProblems(new Map([[path, text]]));

describe('src/', () => {
  it('is tidy', () => {
    expect(tidyProblems(readSources())).toEqual([]);
  });
});

describe('the check of tidiness', () => {
  it('allows what is named, short and given its clock', () => {
    expect(planted('shard/lane.ts', '// Date.now() and setTimeout in words are none in deeds\nexport const lane = (at: number) => new Date(at);\n')).toEqual(
      [],
    );
    expect(planted('index.ts', "export { lane } from './shard/lane.js';\n")).toEqual([]);
    expect(planted('model/clock.ts', 'export const now = () => Date.now();\n')).toEqual([]);
  });

  it.each(['shard/utils.ts', 'mailbox/types.ts', 'engine/index.ts', 'common/bytes.ts', 'helpers/helpers.ts'])('refuses the name %s', (path) => {
    expect(planted(path, '')).toContainEqual(expect.stringContaining('named after no concept'));
  });

  it.each(['shard/groupCommit.ts', 'shard/Lane.ts', 'shard/group_commit.ts'])('refuses %s, which is not kebab-case', (path) => {
    expect(planted(path, '')).toEqual([expect.stringContaining('kebab-case')]);
  });

  it('refuses what is no TypeScript source', () => {
    expect(planted('shard/lane.js', '')).toEqual([expect.stringContaining('no TypeScript source')]);
  });

  it('refuses a file of 301 lines, allows 300', () => {
    expect(planted('shard/lane.ts', '//\n'.repeat(300))).toEqual([]);
    expect(planted('shard/lane.ts', '//\n'.repeat(301))).toEqual([expect.stringContaining('more than 300 lines')]);
  });

  it.each(['// TODO: later', '/* FIXME */'])('refuses work left in a comment: %s', (text) => {
    expect(planted('shard/lane.ts', text)).toEqual([expect.stringContaining('leaves work')]);
  });

  it.each(['export default class {}', 'export default 1;', 'const lane = 1;\nexport { lane as default };'])('refuses a default export: %s', (text) => {
    expect(planted('shard/lane.ts', text)).toEqual([expect.stringContaining('exports a default')]);
  });

  it.each(["export * from './queue.js';\nconst lane = 1;", "export * as queue from './queue.js';\nconst lane = 1;"])('refuses export *: %s', (text) => {
    expect(planted('shard/lane.ts', text)).toEqual([expect.stringContaining('exports *')]);
  });

  it('refuses a barrel inside a folder', () => {
    expect(planted('shard/shard.ts', "export { lane } from './lane.js';\n")).toEqual([expect.stringContaining('a barrel')]);
  });

  it.each([
    'Date.now()',
    'new Date()',
    'new Date',
    'Date()',
    'Math.random()',
    'performance.now()',
    'process.hrtime.bigint()',
    'AbortSignal.timeout(5)',
    'setTimeout(() => 1, 5)',
    'globalThis.setTimeout(() => 1, 5)',
    'setInterval(() => 1, 5)',
    'setImmediate(() => 1)',
    'crypto.randomUUID()',
    'randomBytes(8)',
    'crypto.getRandomValues(bytes)',
  ])('refuses time, timers and chance outside the clock: %s', (expression) => {
    expect(planted('shard/lane.ts', `export const lane = () => ${expression};`)).toEqual([expect.stringMatching(/^shard\/lane\.ts:1 uses .*take a Clock/)]);
  });

  it.each(['node:timers', 'node:timers/promises', 'node:perf_hooks'])('refuses an import of %s', (name) => {
    expect(planted('shard/lane.ts', `import { x } from '${name}';\nexport const lane = x;`)).toEqual([expect.stringContaining(`imports ${name}`)]);
  });
});
