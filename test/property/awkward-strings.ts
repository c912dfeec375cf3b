import { dataFolder, loadNaughtyStrings, loadUnicodeIds } from '../data/trace.js';

/** Awkward strings: the published lists where they are present, else a small set of the same kinds; {@link STRINGS_FROM} says which. */

const unicode = loadUnicodeIds();
const naughty = loadNaughtyStrings();

const BUILT_IN_PAIRS: readonly (readonly [string, string])[] = [
  ['caf\u00e9', 'cafe\u0301'],
  ['\uff55ser', 'user'],
  ['paypal', '\u0440aypal'],
  ['alice', 'Alice'],
  ['bob', 'bo\u200bb'],
  ['dave', 'dave '],
  ['erin', 'erin\0'],
  ['x\ud800', 'x\udbff'],
  ['x\ud800', 'x\ufffd'],
  ['user1', 'user10'],
  ['ab\0c', 'a\0bc'],
  ['1', '01'],
  ['\uff5e', '\u{1f600}'],
  ['a\uffff', 'a\u{10000}'],
];
const BUILT_IN_STRINGS = [
  '',
  ' ',
  '\0',
  'a\nb',
  '../../etc/passwd',
  '__proto__',
  'constructor',
  'NaN',
  '-0',
  '\ud800',
  '\udc00',
  '\udc00\ud800',
  '\u202etxt.exe',
];
const BUILT_IN_LONG = ['a'.repeat(128), 'a'.repeat(129), '\u{1f433}'.repeat(32), '\u{1f433}'.repeat(33), 'e\u0301'.repeat(10_000), '\r\n'.repeat(500)];

/** Where the strings come from, for the report of a test. */
export const STRINGS_FROM =
  unicode && naughty ? `naughty-strings.json and unicode-ids.json of ${dataFolder()}` : 'THE SMALL BUILT-IN SET: no message data (set MAILRING_DATA)';

/** Two different strings each, which a careless engine takes for one. */
export const AWKWARD_PAIRS: readonly (readonly [string, string])[] = unicode?.pairs.map(({ a, b }) => [a, b] as const) ?? BUILT_IN_PAIRS;

/** Every awkward string: as ids and as contents. Some are too long for an id, some are not well-formed. */
export const AWKWARD_STRINGS: readonly string[] = [
  ...new Set([
    ...AWKWARD_PAIRS.flat(),
    ...(unicode?.ids.map(({ id }) => id) ?? BUILT_IN_STRINGS),
    ...(unicode?.texts.map(({ unit, repeat }) => unit.repeat(repeat)) ?? BUILT_IN_LONG),
    ...(naughty ?? []),
  ]),
];

/** Whether a string may be an id, by the documented rule. */
export function mayBeId(text: string): boolean {
  return text.isWellFormed() && text !== '' && Buffer.byteLength(text) <= 128;
}
