import fc from 'fast-check';
import { conversationIdOf } from '../../src/testing/mailbox-model.js';
import { AWKWARD_STRINGS, mayBeId } from './awkward-strings.js';
import type { List } from './model-lists.js';
import type { Settings } from './world.js';

/** What runs are made of. Everything that is chosen among what a run has by then is a natural number, taken modulo. */

const USER_BYTES_MAX = 110;
const awkwardIds = AWKWARD_STRINGS.filter(mayBeId);
const awkwardContents = AWKWARD_STRINGS.filter((text) => text.isWellFormed() && Buffer.byteLength(text) <= 65_535);
/** Contents that make a page end early. */
const LARGE = ['x'.repeat(65_535), '\u4f60'.repeat(21_845), '\u{1f433}'.repeat(16_383)];

const wellFormed = (maxLength: number) => fc.string({ unit: 'binary', minLength: 1, maxLength }).filter(mayBeId);

/** Some users of a run: few, so that they meet often; room is left for a suffix. */
export const users = fc.uniqueArray(
  fc
    .oneof(
      fc.constantFrom('a', 'b', 'ab', 'bob', '1', '2', '10'),
      fc.constantFrom(...awkwardIds),
      wellFormed(40),
      fc.constantFrom('z'.repeat(USER_BYTES_MAX), '\u4f60'.repeat(36)),
    )
    .filter((user) => Buffer.byteLength(user) <= USER_BYTES_MAX),
  { minLength: 2, maxLength: 6 },
);

/** How a run is set up. */
export const settings: fc.Arbitrary<Settings> = fc.record({
  users,
  cacheBytes: fc.constantFrom(undefined, 1, 3_000, 30_000),
  waitingWritesPerMailbox: fc.constantFrom(undefined, undefined, 3),
  logChanges: fc.constantFrom(undefined, undefined, 1, 3, 5, 12),
  lastPageSize: fc.constantFrom(2, 5, 50),
});

/** How a client names its messages: in the order of time, or not; few ids, so that they repeat and conflict; very long ones. */
export const messageId = fc.oneof(
  { weight: 4, arbitrary: fc.constant('ordered') },
  { weight: 3, arbitrary: fc.uuid() },
  { weight: 3, arbitrary: fc.constantFrom('a', 'b', '\uff5e', '\u{1f433}', 'id') },
  { weight: 1, arbitrary: fc.constantFrom(...awkwardIds) },
  { weight: 1, arbitrary: fc.constantFrom('k'.repeat(128), '\u{1f433}'.repeat(32)) },
);

/** A message's content. */
export const content = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('', 'hello', 'h\u00e9llo', '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}', '\r\n') },
  { weight: 3, arbitrary: fc.string({ unit: 'grapheme', maxLength: 20 }) },
  { weight: 2, arbitrary: fc.constantFrom(...awkwardContents.filter((text) => text.length < 1_000)) },
  // Around the snippet's 120 clusters and 480 bytes.
  {
    weight: 1,
    arbitrary: fc
      .array(fc.constantFrom('a', '\u00e9', 'e\u0301', '\u{1f1f9}\u{1f1ed}', '\r\n', '\u{1f468}\u200d\u{1f469}'), { minLength: 100, maxLength: 140 })
      .map((all) => all.join('')),
  },
);

/** Content that fills a page after some 16 messages, by its index, so that reports stay readable. */
export const largeIndex = fc.nat(LARGE.length - 1);
export const largeContent = (index: number): string => LARGE[index]!;

/** One of what a run has. */
export const some = fc.nat(1_000);

/** Page sizes: tiny ones most of the time. */
export const pageSize = fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 1, max: 4 }) }, { weight: 1, arbitrary: fc.constantFrom(20, 199, 200) });

/** How many changes a caller of a delta wants at most. */
export const maxChanges = fc.oneof(fc.constant(undefined), fc.integer({ min: 1, max: 6 }), fc.constant(Number.POSITIVE_INFINITY));

const STRANGERS: List = { of: 'messages', conversationId: conversationIdOf('nobody', 'somebody'), stranger: true };

/** Which list of a user: one of its own, or of a conversation it has no part in. */
export type ListChoice = number | 'stranger';
export const listChoice: fc.Arbitrary<ListChoice> = fc.oneof({ weight: 12, arbitrary: some }, { weight: 1, arbitrary: fc.constant('stranger' as const) });

/** The list that was chosen. */
export function chosenList(lists: readonly List[], choice: ListChoice): List {
  return choice === 'stranger' ? STRANGERS : lists[choice % lists.length]!;
}
