import { expect, test } from 'vitest';
import { runSuite } from '../planted/run-suite.js';

/** Bugs that are planted in the engine's planning functions, which the model calls: where they are, and their names in test/planted. */
const PLANNING_BUGS: Readonly<Record<string, readonly string[]>> = {
  'plan-send.ts': ['mark-never', 'dedupe-only-first-plan', 'refused-means-absent', 'shortcut-skips-overlay', 'sent-timestamp-stands'],
  'plan-delivery.ts': ['out-of-order'],
  'plan-copy.ts': ['row-version-from-home', 'marker-counts-own'],
  'plan-mark-end.ts': ['tidy-unchecked', 'tidy-base-unchecked'],
  'mailbox-draft.ts': ['loaded-means-marked', 'pending-untokened', 'mark-names-own-version', 'no-plus-one', 'number-empty-commit'],
  'mailbox-view.ts and conversation-state.ts': ['no-dedupe', 'shortcut-last-id', 'shortcut-below-is-dup', 'lookup-ahead-is-trusted'],
};

/** Each takes a run of the small searches: all of them in `test:deep`, one in `npm test`. */
const SHOWN = Object.entries(PLANNING_BUGS).flatMap(([file, names]) =>
  (process.env.MAILRING_DEEP ? names : file === 'plan-send.ts' ? names.slice(0, 1) : []).map((name) => ({ file, name })),
);

test.each(SHOWN)('a bug in $file fails the model: $name', { timeout: 5 * 60_000 }, async ({ name }) => {
  expect(await runSuite({ files: ['test/model/protocol.test.ts'], test: 'nothing is wrong in any of' }, name)).toMatchObject({
    kind: 'failed',
    test: expect.stringContaining('nothing is wrong in any of'),
  });
});
