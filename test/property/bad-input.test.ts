import fc from 'fast-check';
import { Mailring } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { describe, expect, it } from 'vitest';
import { conversationIdOf } from '../../src/testing/mailbox-model.js';
import { checkProperty, PROPERTY_TIMEOUT_MS } from './budget.js';
import { answered, type Refusal, refused } from './refusals.js';
import { unchangedMailring } from './unchanged.js';
import { NO_INTEGER, NO_NUMBER, NO_OBJECT, NO_STRING, SEND, untyped, untypedCalls } from './wrong-arguments.js';

const file = 'test/property/bad-input.test.ts';

const opened = unchangedMailring();

const { send, conversations, messages } = untypedCalls(opened);
const fetches = { fetchConversations: conversations, fetchMessages: messages };

describe('sendMessage', () => {
  it('refuses what is no request object', async () => {
    for (const request of NO_OBJECT) await refused('TypeError', send(request));
    await refused('TypeError', send([]));
    await refused('TypeError', send({}));
  });

  it.each(Object.keys(SEND))('refuses a %s that is no string', async (key) => {
    for (const value of NO_STRING) await refused('TypeError', send({ ...SEND, [key]: value }));
  });

  it.each(['senderId', 'recipientId', 'clientMessageId'])('takes a %s of 1 to 128 bytes of well-formed Unicode only', async (key) => {
    for (const text of ['', 'x'.repeat(129), '\u{1f433}'.repeat(33), '\u4f60'.repeat(43), 'x'.repeat(100_000), '\ud800', 'x\udc00', '\udc00\ud800']) {
      const error = await refused('MAILRING_INVALID_TEXT', send({ ...SEND, [key]: text }));
      expect({ outcome: error.outcome, names: error.message.includes(key) }).toEqual({ outcome: 'not-accepted', names: true });
    }
  });

  it('refuses content that is too large by one byte, or not well-formed', async () => {
    for (const content of [
      'x'.repeat(65_536),
      '\u4f60'.repeat(21_846),
      '\u{1f433}'.repeat(16_384),
      `${'\u{1f433}'.repeat(16_383)}\u4f60x`,
      'x'.repeat(5_000_000),
    ]) {
      expect(await refused('MAILRING_MESSAGE_TOO_LARGE', send({ ...SEND, messageContent: content }))).toMatchObject({ outcome: 'not-accepted' });
    }
    for (const content of ['\ud800', 'x\udc00y', '\udc00\ud800', `${'x'.repeat(65_000)}\ud83e`]) {
      expect(await refused('MAILRING_INVALID_TEXT', send({ ...SEND, messageContent: content }))).toMatchObject({ outcome: 'not-accepted' });
    }
  });

  it('takes content of exactly 65,535 bytes, in any script, and ids of exactly 128', async () => {
    const other = new MemoryStore();
    await using another = await Mailring.open({ store: other });
    const ids = ['x'.repeat(128), '\u{1f433}'.repeat(32), `${'\u4f60'.repeat(42)}\u00e9`, 'a'];
    const contents = ['x'.repeat(65_535), '\u4f60'.repeat(21_845), `${'\u{1f433}'.repeat(16_383)}\u4f60`, ''];
    for (const [i, messageContent] of contents.entries()) {
      const id = ids[i]!;
      await another.sendMessage({ senderId: id, recipientId: 'reader', messageContent, clientMessageId: id });
      const expected = [{ senderId: id, clientMessageId: id, messageContent }];
      for (const userId of [id, 'reader']) expect((await another.fetchMessages({ userId, pageSize: 1 })).messages).toMatchObject(expected);
    }
  });

  it.each([
    ['messagecontent', 'messageContent'],
    ['content', 'senderId'],
    ['senderID', 'senderId'],
    ['recipient', 'recipientId'],
    ['clientMessageID', 'clientMessageId'],
  ])('refuses the unknown key %s and names %s', async (key, nearest) => {
    const { message } = await refused('TypeError', send({ ...SEND, [key]: 'x' }));
    expect(message).toContain(`\`${key}\``);
    expect(message).toContain(`\`${nearest}\``);
  });

  it('refuses keys that objects are said to have anyway', async () => {
    for (const key of ['constructor', 'toString', 'hasOwnProperty']) await refused('TypeError', send({ ...SEND, [key]: 1 }));
    await refused('TypeError', send(JSON.parse(`{ "__proto__": 1, ${JSON.stringify(SEND).slice(1)}`)));
  });

  it('refuses other content under a used id', async () => {
    const error = await refused('MAILRING_ID_CONFLICT', send({ ...SEND, messageContent: 'other', clientMessageId: 'first 0' }));
    expect(error).toMatchObject({ outcome: 'not-accepted', details: { messageId: `${conversationIdOf('a', 'b')}.1` } });
  });
});

describe.each(Object.entries(fetches))('%s', (verb, fetch) => {
  const last = { userId: 'a' };

  it('refuses what is no request object, and a user that is no id', async () => {
    for (const request of NO_OBJECT) await refused('TypeError', fetch(request));
    for (const userId of NO_STRING) await refused('TypeError', fetch({ userId }));
    for (const userId of ['', 'x'.repeat(129), '\ud800', '\udc00x']) await refused('MAILRING_INVALID_TEXT', fetch({ userId }));
  });

  it.each([
    ['pageSize', [0, 201, 2 ** 31, ...NO_INTEGER]],
    ['pageNumber', [0, 2 ** 48, ...NO_INTEGER]],
    ['before', [2 ** 48, ...NO_INTEGER]],
    ['lastUpdatedTimestamp', [2 ** 48, ...NO_INTEGER]],
    ['maxChanges', [0, ...NO_INTEGER.filter((value) => value !== Number.POSITIVE_INFINITY && value <= 2 && value !== 2 ** 53 + 2)]],
  ] as const)('takes a %s that is an integer of its range only', async (key, outside) => {
    const rest = { ...last, ...(key === 'maxChanges' && { lastUpdatedTimestamp: 0 }) };
    for (const value of NO_NUMBER) await refused('TypeError', fetch({ ...rest, [key]: value }));
    for (const value of outside) await refused('RangeError', fetch({ ...rest, [key]: value }));
  });

  it('takes the ends of every range, and undefined for absent', async () => {
    for (const pageSize of [1, 200, undefined]) await fetch({ ...last, pageSize })();
    for (const pageNumber of [1, 2 ** 48 - 1, undefined]) await fetch({ ...last, pageNumber })();
    for (const before of [0, 2 ** 48 - 1, undefined]) await fetch({ ...last, before })();
    for (const lastUpdatedTimestamp of [0, 2 ** 48 - 1, undefined]) await fetch({ ...last, lastUpdatedTimestamp })();
    for (const maxChanges of [1, 2 ** 53, Number.POSITIVE_INFINITY, undefined]) await fetch({ ...last, lastUpdatedTimestamp: 0, maxChanges })();
    await fetch({ ...last, pageNumber: 1, before: 5 })();
    await fetch({ ...last, pageNumber: 1, lastUpdatedTimestamp: 5, before: undefined })();
    await fetch({ ...last, other: undefined })();
  });

  it('takes one place to begin from only, and maxChanges only with a cursor', async () => {
    await refused('RangeError', fetch({ ...last, pageNumber: 2, before: 5 }));
    await refused('RangeError', fetch({ ...last, pageNumber: 2, lastUpdatedTimestamp: 5 }));
    await refused('RangeError', fetch({ ...last, before: 5, lastUpdatedTimestamp: 5 }));
    await refused('RangeError', fetch({ ...last, pageNumber: 2, before: 5, lastUpdatedTimestamp: 5 }));
    await refused('RangeError', fetch({ ...last, maxChanges: 1 }));
    await refused('RangeError', fetch({ ...last, maxChanges: Number.POSITIVE_INFINITY }));
  });

  it.each([
    ['page', 'pageSize'],
    ['pagesize', 'pageSize'],
    ['lastUpdatedTimestmap', 'lastUpdatedTimestamp'],
    ['user', 'userId'],
    ['max_changes', 'maxChanges'],
  ])('refuses the unknown key %s and names %s', async (key, nearest) => {
    const { message } = await refused('TypeError', fetch({ ...last, [key]: 1 }));
    expect(message).toContain(`\`${key}\``);
    expect(message).toContain(`\`${nearest}\``);
    expect(message).toContain(verb);
  });

  it('answers a cursor of the future with a full first page, and one of another mailbox by its number', async () => {
    const first = await fetch(last)();
    const future = { ...(first as object), reason: 'future' };
    for (const lastUpdatedTimestamp of [2 ** 48 - 1, untyped<{ lastUpdatedTimestamp: number }>(first).lastUpdatedTimestamp + 1]) {
      expect(await fetch({ ...last, lastUpdatedTimestamp })()).toEqual(future);
    }
    const { lastUpdatedTimestamp } = await opened().fetchMessages({ userId: 'c' });
    expect(await fetch({ ...last, lastUpdatedTimestamp, maxChanges: 200 })()).toMatchObject({ isDeltaUpdate: true, hasMore: false });
  });
});

describe('anything at all', () => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withNullPrototype: true,
    withObjectString: true,
    withTypedArray: true,
    withSparseArray: true,
    withBoxedValues: true,
  });

  function textRule(value: unknown): Refusal | undefined {
    if (typeof value !== 'string') return 'TypeError';
    return value.isWellFormed() && value !== '' && Buffer.byteLength(value) <= 128 ? undefined : 'MAILRING_INVALID_TEXT';
  }
  function numberRule(value: unknown, min: number, max: number): Refusal | undefined {
    if (value === undefined) return undefined;
    if (typeof value !== 'number') return 'TypeError';
    return Number.isInteger(value) && value >= min && value <= max ? undefined : 'RangeError';
  }

  it(
    'in the place of a request or of one of its values gets its documented answer',
    async () => {
      const test = 'in the place of a request or of one of its values gets its documented answer';
      const property = fc.asyncProperty(anything, async (value) => {
        const object = typeof value === 'object' && value !== null;
        // An object of unknown keys, or one without a user: both are wrong types.
        if (!object || !('userId' in value)) for (const call of [send(value), conversations(value), messages(value)]) await refused('TypeError', call);
        for (const key of ['senderId', 'recipientId', 'clientMessageId']) {
          const expected = textRule(value);
          if (expected !== undefined) await refused(expected, send({ ...SEND, [key]: value }));
        }
        await answered(textRule(value), conversations({ userId: value }));
        await answered(numberRule(value, 1, 200), messages({ userId: 'a', pageSize: value }));
        await answered(numberRule(value, 1, 2 ** 48 - 1), conversations({ userId: 'a', pageNumber: value }));
        await answered(numberRule(value, 0, 2 ** 48 - 1), messages({ userId: 'a', before: value }));
        await answered(numberRule(value, 0, 2 ** 48 - 1), conversations({ userId: 'a', lastUpdatedTimestamp: value }));
        if (value !== undefined) await refused('TypeError', messages({ userId: 'a', unknown: value }));
      });
      await checkProperty({ file, test, runs: 500 }, property);
    },
    PROPERTY_TIMEOUT_MS,
  );
});
