import { describe, expect, test } from 'vitest';
import { RING_TOKENS_MAX } from '../../src/model/limits.js';
import { Ring, type RingChange, type RingOptions } from '../../src/ring/ring.js';

const wrong: readonly (readonly [string, unknown, typeof RangeError | typeof TypeError, string])[] = [
  ['no options', undefined, TypeError, 'the options of Ring.create must be an object. type=`undefined`'],
  ['null', null, TypeError, 'type=`null`'],
  ['a list instead of options', ['a'], TypeError, 'unknown key'],
  ['a misspelled key', { shards: ['a'], tokenPerShards: 3 }, TypeError, 'key=`tokenPerShards` nearest=`tokensPerShard`'],
  ['no shards', {}, TypeError, 'shards must be an array. type=`undefined`'],
  ['a number of shards', { shards: 4 }, TypeError, 'shards must be an array. type=`number`'],
  ['a string of shards', { shards: 'ab' }, TypeError, 'shards must be an array'],
  ['an empty list', { shards: [] }, RangeError, 'a ring needs at least one shard'],
  ['a hole in the list', { shards: Array(1) }, TypeError, 'shards[0], unless it is a name, must be an object. type=`undefined`'],
  ['a number as shard', { shards: ['a', 1] }, TypeError, 'shards[1], unless it is a name, must be an object. type=`number`'],
  ['a misspelled weight', { shards: [{ name: 'a', wieght: 2 }] }, TypeError, 'unknown key in shards[0]. key=`wieght` nearest=`weight`'],
  ['a shard without name', { shards: [{ weight: 2 }] }, TypeError, 'the name of shards[0] must be a string. type=`undefined`'],
  ['an empty name', { shards: [''] }, RangeError, 'must have 1 to 128 bytes of UTF-8. bytes=`0`'],
  ['a name of 129 bytes', { shards: [`${'x'.repeat(127)}é`] }, RangeError, 'bytes=`129`'],
  ['an unpaired surrogate in a name', { shards: ['\ud800'] }, RangeError, 'not well-formed'],
  ['a name twice', { shards: ['a', 'b', { name: 'a', weight: 2 }] }, RangeError, 'two shards have one name. name=`a`'],
  ['a weight that is a string', { shards: [{ name: 'a', weight: '2' }] }, TypeError, 'the weight of shards[0] must be a number. type=`string`'],
  ['a weight of null', { shards: [{ name: 'a', weight: null }] }, TypeError, 'type=`null`'],
  ['a weight of 0', { shards: [{ name: 'a', weight: 0 }] }, RangeError, 'weight=`0`'],
  ['a negative weight', { shards: [{ name: 'a', weight: -1 }] }, RangeError, 'weight=`-1`'],
  ['a weight that is NaN', { shards: [{ name: 'a', weight: Number.NaN }] }, RangeError, 'weight=`NaN`'],
  ['an infinite weight', { shards: [{ name: 'a', weight: Number.POSITIVE_INFINITY }] }, RangeError, 'weight=`Infinity`'],
  ['a weight without a token', { shards: [{ name: 'a', weight: 0.0001 }] }, RangeError, 'gives it no token'],
  ['a weight of too many tokens', { shards: [{ name: 'a', weight: 1e308 }] }, RangeError, 'too many tokens'],
  ['more tokens than a ring may have', { shards: ['a', 'b'], tokensPerShard: RING_TOKENS_MAX / 2 + 1 }, RangeError, 'tokens=`4194306` limit=`4194304`'],
  ['tokensPerShard of null', { shards: ['a'], tokensPerShard: null }, TypeError, 'tokensPerShard must be a number. type=`null`'],
  ['tokensPerShard as a string', { shards: ['a'], tokensPerShard: '8' }, TypeError, 'type=`string`'],
  ['tokensPerShard of 0', { shards: ['a'], tokensPerShard: 0 }, RangeError, 'tokensPerShard=`0`'],
  ['a fraction of a token', { shards: ['a'], tokensPerShard: 1.5 }, RangeError, 'tokensPerShard=`1.5`'],
  ['too great a tokensPerShard', { shards: ['a'], tokensPerShard: RING_TOKENS_MAX + 1 }, RangeError, 'must be an integer from 1 to 4194304'],
];

describe('Ring.create', () => {
  test.each(wrong)('refuses %s', async (_, options, type, text) => {
    const made = Ring.create(options as RingOptions);
    await expect(made).rejects.toThrow(type);
    await expect(made).rejects.toThrow(text);
  });

  test('takes one token, one shard, and names of 1 and 128 bytes', async () => {
    const names = ['a', 'é'.repeat(64)];
    const ring = await Ring.create({ shards: names, tokensPerShard: 1 });
    expect(new Set(ring.successors('alice', 2))).toEqual(new Set(names));
    expect((await Ring.create({ shards: ['a'], tokensPerShard: 1 })).balance()).toEqual({ shards: [{ name: 'a', weight: 1, share: 1 }], maxOverMean: 1 });
  });

  test('a weight rounds to tokens, halves up', async () => {
    const half = await Ring.create({
      shards: [
        { name: 'a', weight: 0.5 },
        { name: 'b', weight: 0.5 },
      ],
      tokensPerShard: 1,
    });
    const whole = await Ring.create({ shards: ['a', 'b'], tokensPerShard: 1 });
    expect(Ring.movedRanges(half, whole).share).toBe(0);
    await expect(Ring.create({ shards: [{ name: 'a', weight: 0.49 }], tokensPerShard: 1 })).rejects.toThrow(RangeError);
  });

  test('names from Object.prototype are names like others', async () => {
    const names = ['__proto__', 'constructor', 'toString'];
    const ring = await Ring.create({ shards: names });
    expect(new Set(ring.successors('__proto__', 3))).toEqual(new Set(names));
    expect(ring.balance().shards.map(({ name }) => name)).toEqual(names);
  });
});

describe('ring.with', () => {
  const changes: readonly (readonly [string, unknown, typeof RangeError | typeof TypeError, string])[] = [
    ['no change', undefined, TypeError, 'the change of ring.with must be an object'],
    ['a misspelled key', { adds: ['c'] }, TypeError, 'key=`adds` nearest=`add`'],
    ['a name instead of a list', { add: 'c' }, TypeError, 'add must be an array'],
    ['null instead of a list', { remove: null }, TypeError, 'remove must be an array. type=`null`'],
    ['a shard that is there', { add: ['b'] }, RangeError, 'two shards have one name. name=`b`'],
    ['a name that is not there', { remove: ['alpah'] }, RangeError, 'no shard of this name to remove. name=`alpah` nearest=`alpha`'],
    ['a name removed twice', { remove: ['b', 'b'] }, RangeError, 'no shard of this name to remove. name=`b`'],
    ['a shard to remove that is no name', { remove: [{ name: 'b' }] }, TypeError, 'the name of remove[0] must be a string. type=`object`'],
    ['removing all', { remove: ['alpha', 'b'] }, RangeError, 'a ring needs at least one shard'],
    ['too many tokens together', { add: [{ name: 'c', weight: 1_023 }] }, RangeError, 'too many tokens'],
  ];
  test.each(changes)('refuses %s', async (_, change, type, text) => {
    const ring = await Ring.create({ shards: ['alpha', 'b'] });
    expect(() => ring.with(change as RingChange)).toThrow(type);
    expect(() => ring.with(change as RingChange)).toThrow(text);
  });
});
