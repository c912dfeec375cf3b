import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { dataFolder, loadNaughtyStrings, loadTexts, loadTrace, loadUnicodeIds } from './trace.js';

afterEach(() => vi.unstubAllEnvs());

const countsOf = () => {
  const unicode = loadUnicodeIds();
  const trace = loadTrace();
  return [
    trace?.length,
    trace && new Set(trace.flatMap(({ sender, recipient }) => [sender, recipient])).size,
    new Set(loadTexts()).size || undefined,
    loadNaughtyStrings()?.length,
    unicode?.pairs.length,
    unicode?.ids.length,
    unicode?.texts.length,
  ];
};

test('the data is read whole where it is present, and every loader says when it is not', () => {
  const none = [undefined, undefined, undefined, undefined, undefined, undefined, undefined];
  expect(countsOf()).toEqual(existsSync(dataFolder()) ? [59_835, 1_899, 60_000, 515, 38, 69, 11] : none);
  vi.stubEnv('MAILRING_DATA', join(tmpdir(), 'mailring-no-such-folder'));
  expect(countsOf()).toEqual(none);
});
