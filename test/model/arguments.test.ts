import { describe, expect, test } from 'vitest';
import { checkKeys, nearest, requireObject, typeOf } from '../../src/model/arguments.js';

const KEYS = ['senderId', 'recipientId', 'messageContent', 'clientMessageId'];

describe('unknown keys', () => {
  test('known keys pass, all of them or none', () => {
    expect(() => checkKeys({}, KEYS, 'the request')).not.toThrow();
    expect(() => checkKeys({ senderId: 'a', recipientId: 'b', messageContent: '', clientMessageId: 'c' }, KEYS, 'the request')).not.toThrow();
  });

  test('an unknown key is a TypeError that names the place, the key and the nearest known key', () => {
    const refuse = () => checkKeys({ senderId: 'a', recepientID: 'b' }, KEYS, 'the request of sendMessage');
    expect(refuse).toThrow(TypeError);
    expect(refuse).toThrow('unknown key in the request of sendMessage. key=`recepientID` nearest=`recipientId`');
  });

  test('where no key is known the error names none', () => {
    expect(() => checkKeys({ a: 1 }, [], 'the options')).toThrow(/^unknown key in the options\. key=`a`$/);
  });

  test('a key whose value is undefined counts as absent', () => {
    expect(() => checkKeys({ nonsense: undefined }, KEYS, 'the request')).not.toThrow();
    expect(() => checkKeys({ nonsense: null }, KEYS, 'the request')).toThrow(TypeError);
  });

  test('inherited names are no keys, and names of Object.prototype are not known', () => {
    expect(() => checkKeys(Object.create({ inherited: 1 }), KEYS, 'the request')).not.toThrow();
    expect(() => checkKeys({ toString: 1 }, KEYS, 'the request')).toThrow('key=`toString`');
    expect(() => checkKeys(JSON.parse('{"__proto__":1}'), KEYS, 'the request')).toThrow('key=`__proto__`');
  });

  test('a very long key is cut, in the comparison and in the message', () => {
    let text = '';
    try {
      checkKeys({ ['k'.repeat(5_000_000)]: 1 }, KEYS, 'the request');
    } catch (error) {
      text = (error as Error).message;
    }
    expect(text).toContain(`key=\`${'k'.repeat(64)}\` nearest=`);
    expect(text.length).toBeLessThan(150);
  });
});

describe('nearest', () => {
  test.each([
    ['pagesize', 'pageSize'],
    ['pageNumbr', 'pageNumber'],
    ['pageNubmer', 'pageNumber'],
    ['befor', 'before'],
    ['arround', 'around'],
    ['maxChange', 'maxChanges'],
    ['', 'after'],
  ])('%s is nearest to %s', (key, expected) => {
    expect(nearest(key, ['pageNumber', 'pageSize', 'before', 'after', 'around', 'maxChanges'])).toBe(expected);
  });

  test('a swap of neighbours is one edit, so it beats two replacements', () => {
    expect(nearest('ab', ['xab', 'ba', 'cd'])).toBe('xab');
    expect(nearest('ab', ['cd', 'ba'])).toBe('ba');
    expect(nearest('abcd', ['abef', 'abdc'])).toBe('abdc');
  });

  test('of names equally near the earlier wins; of none there is none', () => {
    expect(nearest('axis', ['axes', 'axil'])).toBe('axes');
    expect(nearest('axis', [])).toBeUndefined();
  });
});

describe('types', () => {
  test('null is named, not called an object', () => {
    expect([null, undefined, {}, 1n].map(typeOf)).toEqual(['null', 'undefined', 'object', 'bigint']);
  });

  test('what is no object is a TypeError that names the place and the type', () => {
    const request = { senderId: 'a' };
    expect(requireObject(request, 'the request')).toBe(request);
    for (const value of [undefined, null, 'a', 1, () => {}]) expect(() => requireObject(value, 'the request')).toThrow(TypeError);
    expect(() => requireObject(null, 'the request of sendMessage')).toThrow('the request of sendMessage must be an object. type=`null`');
  });
});
