import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { conversationIdOf } from '../../src/testing/mailbox-model.js';
import { checkProperty, PROPERTY_TIMEOUT_MS } from './budget.js';
import { answered, refused } from './refusals.js';
import { unchangedMailring } from './unchanged.js';
import { NO_STRING, untyped, untypedCalls } from './wrong-arguments.js';

const file = 'test/property/bad-conversation-ids.test.ts';

const opened = unchangedMailring();

const { conversations, messages } = untypedCalls(opened);

describe('a conversationId', () => {
  const id = conversationIdOf('a', 'b');

  it('is refused when it is no string', async () => {
    for (const conversationId of NO_STRING.slice(1)) await refused('TypeError', messages({ userId: 'a', conversationId }));
    await refused('TypeError', conversations({ userId: 'a', conversationId: id }));
  });

  it('is refused when it is another spelling of one, or none at all', async () => {
    const bytes = (...all: (number | string)[]) =>
      Buffer.concat(all.map((part) => (typeof part === 'number' ? Uint8Array.of(part) : Buffer.from(part)))).toString('base64url');
    const spellings = [
      `${id}=`,
      `${id}==`,
      ` ${id}`,
      `${id} `,
      `${id}\n`,
      `${id}.1`,
      id.slice(0, -1),
      '',
      'x',
      '.',
      '\0',
      '\ud800',
      'a b',
      'undefined',
      '\u4f60',
    ];
    // Other bits behind the last byte, which a lenient decoder drops.
    const trailing = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'].map((last) => id.slice(0, -1) + last);
    const respelled = trailing.filter((text) => text !== id && Buffer.from(text, 'base64url').equals(Buffer.from(id, 'base64url')));
    const alphabet = Buffer.from([1, 1, 0x61, 0xf0, 0x9f, 0xbf, 0xbf]).toString('base64');
    const wrong = [
      bytes(0, 1, 'ab'),
      bytes(2, 1, 'ab'),
      bytes(1, 0, 'ab'),
      bytes(1, 2, 'ab'),
      bytes(1, 3, 'ab'),
      bytes(1, 1, 'ba'),
      bytes(1, 129, 'a'.repeat(130)),
      bytes(1, 1, `a${'b'.repeat(129)}`),
      bytes(1, 1, 'a', 0xff),
      bytes(1, 1, 0xc3, 0xa9),
      bytes(1, 3, 0xed, 0xa0, 0x80, 0xff),
      'A'.repeat(1_000_000),
    ];
    expect(respelled).toHaveLength(15);
    for (const conversationId of [...spellings, ...respelled, alphabet, ...wrong]) {
      await refused('RangeError', messages({ userId: 'a', conversationId }));
    }
  });

  it(
    'is whatever encodes two ids in their order, and nothing else',
    async () => {
      const test = 'is whatever encodes two ids in their order, and nothing else';
      const ids = fc.string({ unit: 'binary', minLength: 1, maxLength: 12 });
      const changed = fc.tuple(ids, ids, fc.nat(), fc.string({ minLength: 1, maxLength: 1 })).map(([a, b, at, c]) => {
        const text = conversationIdOf(a, b);
        return text.slice(0, at % text.length) + c + text.slice((at % text.length) + 1);
      });
      const property = fc.asyncProperty(fc.oneof(changed, fc.string(), fc.base64String()), async (conversationId) => {
        await answered(isConversationId(conversationId) ? undefined : 'RangeError', messages({ userId: 'z', conversationId }));
      });
      await checkProperty({ file, test, runs: 1_000 }, property);
    },
    PROPERTY_TIMEOUT_MS,
  );

  it('of strangers is an empty answer', async () => {
    for (const [a, b] of [
      ['x', 'y'],
      ['b', 'c'],
      ['b', 'b'],
    ] as const) {
      const conversationId = conversationIdOf(a, b);
      const { lastUpdatedTimestamp } = await opened().fetchMessages({ userId: 'a' });
      expect(await opened().fetchMessages({ userId: 'a', conversationId })).toEqual({
        messages: [],
        isDeltaUpdate: false,
        lastUpdatedTimestamp,
        hasMore: false,
      });
      const delta = await opened().fetchMessages({ userId: 'a', conversationId, lastUpdatedTimestamp: 0 });
      expect(delta).toEqual({ messages: [], floors: [], isDeltaUpdate: true, lastUpdatedTimestamp, hasMore: false });
    }
  });
});

/** By the definition, on bytes. */
function isConversationId(text: string): boolean {
  const bytes = Buffer.from(text, 'base64url');
  const n = bytes[1] ?? 0;
  const lower = bytes.subarray(2, 2 + n);
  const higher = bytes.subarray(2 + n);
  const isId = (id: Buffer) => id.length >= 1 && id.length <= 128 && Buffer.from(id.toString('utf8')).equals(id);
  return bytes.toString('base64url') === text && bytes[0] === 1 && lower.length === n && isId(lower) && isId(higher) && Buffer.compare(lower, higher) <= 0;
}

describe('conversationIdOf', () => {
  it('throws for what is no user id, and never answers otherwise', () => {
    for (const value of NO_STRING) {
      assert.throws(() => opened().conversationIdOf(untyped(value), 'b'), TypeError);
      assert.throws(() => opened().conversationIdOf('a', untyped(value)), TypeError);
    }
    for (const text of ['', 'x'.repeat(129), '\ud800', '\udc00\ud800']) {
      assert.throws(() => opened().conversationIdOf(text, 'b'), { code: 'MAILRING_INVALID_TEXT' });
      assert.throws(() => opened().conversationIdOf('a', text), { code: 'MAILRING_INVALID_TEXT' });
    }
  });
});
