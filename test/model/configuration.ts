import type { BugName } from './bugs.js';

/** A message that a client may send: by the owner of the home mailbox or by the other participant, under this id. */
export interface ClientMessage {
  readonly from: 'home' | 'other';
  readonly id: string;
}

/** What may happen in one search, at most. */
export interface Configuration {
  /** `conversation`: a store that commits marks and messages in one batch. `base`: one that sets a mark before the commit and clears it after it. */
  readonly marksBy: 'conversation' | 'base';
  /**
   * 2: two processes that both act as owner of both mailboxes for ever. 1: one whose store nobody else can write (`exclusive`): it validates nothing, and a commit that
   * failed is applied or lost, never late.
   */
  readonly owners: 1 | 2;
  readonly messages: readonly ClientMessage[];
  /** How often a client sends each message, whatever it was answered. */
  readonly tries: number;
  /** Sends and sweeps of one process at a time; with 2 they can be in one batch. */
  readonly tasks: 1 | 2;
  readonly crashes: number;
  /** Commits whose outcome the process does not learn. */
  readonly unknowns: number;
  readonly sweeps: number;
  /** A mailbox is loaded in one step and planned on in a later one; what the plan lacks is then read from a store that may have gone on. */
  readonly splitLoads?: boolean;
  /** After an unknown outcome a process may also stop trying, and say so. */
  readonly givesUp?: boolean;
  readonly bug?: BugName;
}

/** One message in each direction. */
const BOTH_WAYS: readonly ClientMessage[] = [
  { from: 'home', id: '2' },
  { from: 'other', id: '1' },
];

/** Two messages of one sender, the second with the smaller id: no short cut leads past the look-up. */
export const FALLING_IDS: readonly ClientMessage[] = [
  { from: 'home', id: '2' },
  { from: 'home', id: '1' },
];

const THREE: readonly ClientMessage[] = [...BOTH_WAYS, { from: 'home', id: '1' }];

export const BASE: Configuration = { marksBy: 'conversation', owners: 2, messages: BOTH_WAYS, tries: 2, tasks: 1, crashes: 1, unknowns: 1, sweeps: 1 };

const BY_BASE: Configuration = { ...BASE, marksBy: 'base' };
const FAITHFUL: Partial<Configuration> = { splitLoads: true, givesUp: true };

/** A configuration that has to be clean, and how many states and steps that are: another number means that something else is looked at than was. */
export interface Search {
  readonly name: string;
  readonly configuration: Configuration;
  readonly states: number;
  readonly steps: number;
}

const search = (name: string, configuration: Configuration, states: number, steps: number): Search => ({ name, configuration, states, steps });

/** Seconds. */
export const SMALL: readonly Search[] = [
  search('mark by conversation: repeated sends', { ...BASE, sweeps: 0 }, 79_317, 217_006),
  search('mark by conversation: sweeps', { ...BASE, tries: 1 }, 42_747, 110_740),
  search('mark by conversation: split loads, giving up', { ...BASE, ...FAITHFUL, tries: 1, crashes: 0 }, 28_828, 56_884),
  search('mark by conversation: falling ids', { ...BASE, messages: FALLING_IDS, sweeps: 0, crashes: 0 }, 21_389, 44_367),
  search('mark by conversation: batches of two', { ...BASE, tasks: 2, tries: 1, crashes: 0, unknowns: 0 }, 12_232, 26_098),
  search('mark by conversation: batches of two with one id', { ...BASE, tasks: 2, crashes: 0, unknowns: 0, sweeps: 0 }, 36_158, 95_194),
  search('mark by base: repeated sends', { ...BY_BASE, sweeps: 0 }, 63_777, 179_928),
  search('mark by base: sweeps', { ...BY_BASE, tries: 1 }, 70_275, 184_094),
  search('mark by base: split loads, giving up', { ...BY_BASE, ...FAITHFUL, tries: 1, crashes: 0 }, 46_036, 92_951),
  search('mark by base: batches of two', { ...BY_BASE, tasks: 2, tries: 1, crashes: 0, unknowns: 0 }, 21_093, 45_265),
  search('one owner', { ...BASE, owners: 1 }, 10_826, 13_932),
];

/** Minutes. */
export const DEEP: readonly Search[] = [
  search('one owner, two tasks', { ...BASE, ...FAITHFUL, owners: 1, tasks: 2, unknowns: 2 }, 176_094, 381_065),
  search('mark by conversation: everything', { ...BASE, ...FAITHFUL }, 1_772_693, 4_787_818),
  search('mark by base: two sweeps', { ...BY_BASE, tries: 1, sweeps: 2 }, 582_640, 1_478_140),
  search('mark by conversation: falling ids', { ...BASE, messages: FALLING_IDS }, 703_322, 1_887_043),
  search('mark by base: everything', { ...BY_BASE, ...FAITHFUL }, 2_921_952, 8_060_326),
  search('mark by conversation: three messages', { ...BASE, messages: THREE, tries: 1 }, 1_149_258, 2_848_355),
  search('mark by base: three messages', { ...BY_BASE, messages: THREE, tries: 1 }, 1_683_525, 4_265_266),
  search('mark by conversation: batches of two', { ...BASE, tasks: 2, tries: 1 }, 132_729, 457_227),
  search('mark by base: batches of two', { ...BY_BASE, tasks: 2, tries: 1, crashes: 0 }, 163_277, 407_185),
];
