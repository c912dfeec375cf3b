import { BASE, type Configuration, FALLING_IDS } from './configuration.js';

/** Bugs that can be planted in the model: what is wrong, and where it is looked for. */
const QUIET: Configuration = { ...BASE, tries: 1, crashes: 0, unknowns: 0 };
const QUIET_BY_BASE: Configuration = { ...QUIET, marksBy: 'base' };
const BY_BASE: Configuration = { ...BASE, marksBy: 'base' };
const FALLING: Configuration = { ...BASE, messages: FALLING_IDS };
const FALLING_QUIET: Configuration = { ...FALLING, crashes: 0, unknowns: 0, sweeps: 0 };
const GIVES_UP: Configuration = { ...BASE, givesUp: true };
const SPLIT: Configuration = { ...BASE, splitLoads: true };
const TOGETHER: Configuration = { ...BASE, tasks: 2, sweeps: 0 };

const PLANTED = {
  'no-validation': ['what is in memory is served and trusted without validating its version', BASE],
  'ack-before-copy': ['a send is acknowledged after the home commit', BASE],
  'dup-acks-undelivered': ['a send found by its id is acknowledged without the delivery', BASE],
  'delivered-remembered': ['how far copies were sent is remembered, and believed whatever became of them', GIVES_UP],
  'gap-is-delivered': ['a delivery that the other mailbox could not take, since it lacks earlier messages, counts as made', BASE],
  'out-of-order': ['a delivery brings its own message without those before it', BASE],
  'mark-never': ['the home commit sets no mark', BASE],
  'loaded-means-marked': ['a conversation that was loaded and has messages is taken for marked', QUIET],
  'tidy-first': ['a sweep takes the mark away before it delivers', BASE],
  'tidy-unchecked': ['a sweep takes the mark away without comparing the last seqs', QUIET],
  'pending-after': ['the mark is set after the home commit', BY_BASE],
  'pending-untokened': ['all marks of a mailbox have one name', QUIET_BY_BASE],
  'pending-expires': ['a mark has a time to live', BY_BASE],
  'mark-names-own-version': ['a mark names the version of its commit, not the one before', BY_BASE],
  'clear-before-commit': ['a mark is cleared before the commit that says so', QUIET_BY_BASE],
  'sweep-no-touch': ['a mark whose base is still the version is taken away without a touch', BY_BASE],
  'version-means-mine': ['after an unknown outcome, the planned version in the store means that the commit is there', BASE],
  'unknown-is-applied': ['an unknown outcome counts as applied', BASE],
  'no-dedupe': ['no id is looked up', BASE],
  'dedupe-only-first-plan': ['the id is looked up in the first plan only', BASE],
  'refused-means-absent': ['after a refusal the id is not looked up again', BASE],
  'shortcut-last-id': ['an id above the last one is new, not one above the greatest', FALLING],
  'shortcut-below-is-dup': ['an id below the greatest is a duplicate', FALLING],
  'refused-means-delivered': ['a delivery that was refused was made by the other owner', QUIET],
  'shortcut-not-reset-on-reload': ['the greatest id of a conversation outlives the reload of its mailbox', FALLING_QUIET],
  'shortcut-skips-overlay': ['of two sends with one id in one batch, the second is looked up in what is stored', TOGETHER],
  'group-keeps-seq': ['of the sends of a refused batch only the first is planned again', TOGETHER],
  'rows-before-head': ['a cold mailbox is read rows first, head last', SPLIT],
  'quorum-load': ['a cold mailbox gets its head from a replica that has a commit, its rows from replicas that have not', BASE],
  'cache-before-ack': ['the cache changes when a commit is issued', BASE],
  'unconditional-write': ['the store does not compare the version', BASE],
  'no-plus-one': ['the version stays while the clock stands', BASE],
} as const satisfies Record<string, readonly [string, Configuration]>;

export type BugName = keyof typeof PLANTED;

export interface Bug {
  readonly name: BugName;
  readonly text: string;
  readonly configuration: Configuration;
}

export const BUGS: readonly Bug[] = (Object.keys(PLANTED) as BugName[]).map((name) => ({
  name,
  text: PLANTED[name][0],
  configuration: { ...PLANTED[name][1], bug: name },
}));

/** Says whether a bug is planted. */
export const bugOf =
  ({ bug }: Configuration) =>
  (name: BugName): boolean =>
    bug === name;
