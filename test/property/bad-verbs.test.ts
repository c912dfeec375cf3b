import fc from 'fast-check';
import { arbitraries } from 'mailring/testing';
import { describe, expect, it } from 'vitest';
import { conversationIdOf } from '../../src/testing/mailbox-model.js';
import { refused } from './refusals.js';
import { unchangedMailring } from './unchanged.js';
import { NO_INTEGER, NO_NUMBER, NO_OBJECT, NO_STRING, untypedCalls } from './wrong-arguments.js';

/** Wrong arguments of the verbs beside sending and fetching. */

const opened = unchangedMailring();

const { mark, conversation, message, messages, eachConversation, eachMessage, watch, backup, restore } = untypedCalls(opened);
const conversationId = conversationIdOf('a', 'b');
const messageId = `${conversationId}.1`;

/** Each verb with a request that it takes. */
const verbs = {
  markRead: { call: mark, good: { userId: 'a', conversationId, seq: 0 } },
  getConversation: { call: conversation, good: { userId: 'a', conversationId } },
  getMessage: { call: message, good: { userId: 'a', messageId } },
  conversations: { call: eachConversation, good: { userId: 'a' } },
  messages: { call: eachMessage, good: { userId: 'a', conversationId } },
  watch: { call: watch, good: { userId: 'a', lastUpdatedTimestamp: 0 } },
};

describe.each(Object.entries(verbs))('%s', (_verb, { call, good }) => {
  it('refuses what is no request object, a user that is no id, and keys it does not know', async () => {
    for (const request of NO_OBJECT) await refused('TypeError', call(request));
    for (const userId of NO_STRING) await refused('TypeError', call({ ...good, userId }));
    for (const userId of ['', 'x'.repeat(129), '\ud800', '\udc00x']) await refused('MAILRING_INVALID_TEXT', call({ ...good, userId }));
    expect((await refused('TypeError', call({ ...good, userid: 'a' }))).message).toContain('`userId`');
    await refused('TypeError', call({ ...good, toString: 1 }));
    await call({ ...good, other: undefined })();
  });

  it('refuses options that are none', async () => {
    for (const options of NO_OBJECT.slice(1)) await refused('TypeError', call(good, options));
    for (const signal of [null, 5, 'x', {}, new AbortController()]) await refused('TypeError', call(good, { signal }));
    expect((await refused('TypeError', call(good, { signals: 1 }))).message).toContain('`signal`');
  });
});

describe('a conversationId, a messageId, a seq and a cursor', () => {
  const ids = [`${conversationId}=`, ` ${conversationId}`, conversationId.slice(0, -1), '', '.', '\0', '\ud800', 'A'.repeat(100_000)];

  it('of a verb that needs one is refused where it is none', async () => {
    for (const value of NO_STRING) {
      await refused('TypeError', mark({ userId: 'a', conversationId: value, seq: 1 }));
      await refused('TypeError', conversation({ userId: 'a', conversationId: value }));
      await refused('TypeError', message({ userId: 'a', messageId: value }));
    }
    for (const value of NO_STRING.slice(1)) await refused('TypeError', eachMessage({ userId: 'a', conversationId: value }));
    for (const value of ids) {
      await refused('RangeError', mark({ userId: 'a', conversationId: value, seq: 1 }));
      await refused('RangeError', conversation({ userId: 'a', conversationId: value }));
      await refused('RangeError', eachMessage({ userId: 'a', conversationId: value }));
      await refused('RangeError', message({ userId: 'a', messageId: value }));
      await refused('RangeError', message({ userId: 'a', messageId: `${value}.1` }));
    }
    for (const seq of ['', '0', '01', '+1', '-1', '1.0', ' 1', '1e1', '281474976710656', 'x', '1.1']) {
      await refused('RangeError', message({ userId: 'a', messageId: `${conversationId}.${seq}` }));
    }
  });

  it('in range and of nothing that is there is an empty answer', async () => {
    expect(await message({ userId: 'a', messageId: `${conversationId}.${2 ** 48 - 1}` })()).toBeUndefined();
    expect(await message({ userId: 'c', messageId })()).toBeUndefined();
    expect(await conversation({ userId: 'c', conversationId })()).toBeUndefined();
    expect(await eachMessage({ userId: 'c', conversationId })()).toEqual({ done: true, value: undefined });
    expect(await mark({ userId: 'c', conversationId, seq: 1 })()).toBeUndefined();
    expect(await mark({ userId: 'x', conversationId: conversationIdOf('x', 'y'), seq: 2 ** 48 - 1 })()).toBeUndefined();
  });

  it('that is a number outside its range is refused', async () => {
    for (const value of NO_NUMBER) {
      await refused('TypeError', mark({ userId: 'a', conversationId, seq: value }));
      await refused('TypeError', watch({ userId: 'a', lastUpdatedTimestamp: value }));
      for (const place of ['after', 'around']) await refused('TypeError', messages({ userId: 'a', conversationId, [place]: value }));
    }
    await refused('TypeError', mark({ userId: 'a', conversationId }));
    for (const value of [2 ** 48, ...NO_INTEGER]) {
      await refused('RangeError', mark({ userId: 'a', conversationId, seq: value }));
      await refused('RangeError', watch({ userId: 'a', lastUpdatedTimestamp: value }));
      for (const place of ['after', 'around']) await refused('RangeError', messages({ userId: 'a', conversationId, [place]: value }));
    }
    for (const place of ['after', 'around']) {
      await refused('RangeError', messages({ userId: 'a', conversationId, [place]: 0 }));
      await refused('RangeError', messages({ userId: 'a', [place]: 1 }));
      for (const other of [{ before: 1 }, { pageNumber: 2 }, { lastUpdatedTimestamp: 1 }]) {
        await refused('RangeError', messages({ userId: 'a', conversationId, [place]: 1, ...other }));
      }
      for (const seq of [1, 2 ** 48 - 1, undefined]) await messages({ userId: 'a', conversationId, [place]: seq, pageNumber: 1 })();
    }
    await refused('RangeError', messages({ userId: 'a', conversationId, after: 1, around: 1 }));
  });
});

describe('a backup and a restore', () => {
  const folders = { backup: [backup, { to: '/proc/no/such' }], restore: [restore, { from: '/proc/no/such', location: '/proc/no/such' }] } as const;

  it.each(Object.entries(folders))('%s refuses what is no folder, and keys and options it does not know', async (_verb, [call, good]) => {
    for (const request of NO_OBJECT) await refused('TypeError', call(request));
    for (const key of Object.keys(good)) {
      for (const value of NO_STRING) await refused('TypeError', call({ ...good, [key]: value }));
      for (const value of ['', '\0', 'a\0b', '\ud800']) await refused('RangeError', call({ ...good, [key]: value }));
    }
    expect((await refused('TypeError', call({ ...good, form: 'a' }))).message).toContain('nearest=');
    for (const options of NO_OBJECT.slice(1)) await refused('TypeError', call(good, options));
    for (const signal of [null, 5, 'x', {}, new AbortController()]) await refused('TypeError', call(good, { signal }));
    for (const onProgress of [null, 5, 'x', {}]) await refused('TypeError', call(good, { onProgress }));
    expect((await refused('TypeError', call(good, { signals: 1 }))).message).toContain('`signal`');
  });

  it('notBelow and clock are checked', async () => {
    const good = { from: '/proc/no/such', location: '/proc/no/such' };
    for (const notBelow of NO_NUMBER) await refused('TypeError', restore(good, { notBelow }));
    for (const notBelow of [2 ** 48, ...NO_INTEGER]) await refused('RangeError', restore(good, { notBelow }));
    for (const clock of [null, 5, {}, { now: () => 5 }]) await refused('TypeError', restore(good, { clock }));
    await refused('MAILRING_FORMAT', restore(good, { notBelow: 2 ** 48 - 1, clock: undefined }));
  });
});

describe('arbitraries', () => {
  it('say what they take when they are given something else', () => {
    for (const wrong of [...NO_OBJECT.slice(0, 6), {}, { record: 5 }]) expect(() => arbitraries(wrong as never)).toThrow(/fast-check/);
    for (const users of [[], 'ann', [5], ['']]) expect(() => arbitraries(fc).history({ users: users as never })).toThrow(/users/);
    for (const maxSteps of [0, 1.5, -1, Number.NaN, '5']) expect(() => arbitraries(fc).history({ maxSteps: maxSteps as never })).toThrow(/maxSteps/);
  });
});
