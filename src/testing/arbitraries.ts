import type fc from 'fast-check';
import type { SendRequest } from '../index.js';
import { checkKeys, readInteger, typeOf } from '../model/arguments.js';
import { parseUserId } from '../model/ids.js';

/** fast-check as a host imports it: `import fc from 'fast-check'`. */
export type FastCheck = typeof fc;

/** One step of what a product does with a mailring; `of` and `peer` choose among what there is by then, modulo their count. */
export type HistoryStep =
  | { readonly type: 'send'; readonly request: SendRequest }
  /** The send of an earlier step once more, with its id: a client that has lost the answer. */
  | { readonly type: 'repeat'; readonly of: number }
  | { readonly type: 'markRead'; readonly userId: string; readonly peerId: string; readonly seq: number }
  /** Closed and opened again over the same data. */
  | { readonly type: 'reopen' };

/** What values are made of. */
export interface ArbitraryOptions {
  /** Who takes part; a few, that meet often, when absent. */
  readonly users?: readonly string[] | undefined;
  /** Steps of a history, 1 to this; 50 when absent, 100,000 at most. */
  readonly maxSteps?: number | undefined;
}

/** What {@link arbitraries} makes: everything in it is accepted by mailring. */
export interface MailringArbitraries {
  /** A user id, the awkward ones among them: one byte, 128 bytes, look-alikes that differ in their bytes, any script. */
  userId(): fc.Arbitrary<string>;
  /** An id of a message: in the order of time, at random, or awkward. */
  clientMessageId(): fc.Arbitrary<string>;
  /** Well-formed text of 0 to 65,535 bytes of UTF-8; mostly short. */
  messageContent(): fc.Arbitrary<string>;
  /** A send between two users. */
  sendRequest(options?: ArbitraryOptions): fc.Arbitrary<SendRequest>;
  /** Sends, repeats, read markers and reopenings in any order. */
  history(options?: ArbitraryOptions): fc.Arbitrary<readonly HistoryStep[]>;
}

const AWKWARD_IDS = [
  'a',
  'A',
  'ab',
  '1',
  '10',
  '\u00e9',
  'e\u0301',
  ' ',
  '\0',
  '__proto__',
  '\u202e',
  '\u{1f469}\u200d\u{1f680}',
  'x'.repeat(128),
  '\u4f60'.repeat(42),
];
const AWKWARD_TEXTS = ['', '\0', ' ', '\r\n', '\u202e', '\u{1f1e9}\u{1f1ea}', 'x'.repeat(65_535), '\u4f60'.repeat(21_845), '{"a":1}', "'; --"];
const USERS = ['ann', 'bob', 'cid', 'dora'];
/** Of up to four bytes each: 128 bytes. */
const ID_CHARACTERS_MAX = 32;
const STEPS = 50;
const STEPS_MAX = 100_000;

function readOptions(options: ArbitraryOptions): { readonly users: readonly string[]; readonly maxSteps: number } {
  checkKeys(options, ['users', 'maxSteps'], 'the options of an arbitrary');
  const { users = USERS } = options;
  if (!Array.isArray(users) || users.some((user) => typeof user !== 'string')) throw new TypeError('users must be an array of ids of users');
  if (users.length === 0) throw new RangeError('users must name one user at least');
  for (const user of users) parseUserId(user, 'each of users');
  return { users, maxSteps: readInteger(options.maxSteps, 'maxSteps', 1, STEPS_MAX) ?? STEPS };
}

/**
 * Arbitraries for a host's own properties; fast-check is given, so that a host's version is used and mailring depends on none.
 *
 * @throws `TypeError` for what is not fast-check; its arbitraries throw `TypeError`, `RangeError` and `MAILRING_INVALID_TEXT` for wrong options
 */
export function arbitraries(check: FastCheck): MailringArbitraries {
  if (typeof check?.record !== 'function') throw new TypeError(`arbitraries takes fast-check itself: import fc from 'fast-check'. type=\`${typeOf(check)}\``);
  const id = () => check.oneof(check.constantFrom(...AWKWARD_IDS), check.string({ unit: 'binary', minLength: 1, maxLength: ID_CHARACTERS_MAX }));
  const messageContent = () =>
    check.oneof(
      { weight: 6, arbitrary: check.string({ unit: 'grapheme', maxLength: 60 }) },
      { weight: 3, arbitrary: check.string({ unit: 'binary', maxLength: 200 }) },
      { weight: 1, arbitrary: check.constantFrom(...AWKWARD_TEXTS) },
    );
  const sendRequest = (options: ArbitraryOptions = {}) => {
    const { users } = readOptions(options);
    return check.record({
      senderId: check.constantFrom(...users),
      recipientId: check.constantFrom(...users),
      messageContent: messageContent(),
      clientMessageId: check.uuid(),
    });
  };
  const history = (options: ArbitraryOptions = {}) => {
    const { users, maxSteps } = readOptions(options);
    const user = check.constantFrom(...users);
    const step: fc.Arbitrary<HistoryStep> = check.oneof(
      { weight: 12, arbitrary: check.record({ type: check.constant('send' as const), request: sendRequest(options) }) },
      { weight: 3, arbitrary: check.record({ type: check.constant('repeat' as const), of: check.nat() }) },
      { weight: 3, arbitrary: check.record({ type: check.constant('markRead' as const), userId: user, peerId: user, seq: check.nat({ max: 20 }) }) },
      { weight: 1, arbitrary: check.constant({ type: 'reopen' as const }) },
    );
    return check.array(step, { minLength: 1, maxLength: maxSteps, size: 'max' });
  };
  return { userId: id, clientMessageId: id, messageContent, sendRequest, history };
}
