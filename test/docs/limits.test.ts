import { expect, test } from 'vitest';
import * as limits from '../../src/model/limits.js';
import { APPLY_BYTES_MAX } from '../../src/store/check-apply.js';
import * as level from '../../src/store/level/limits.js';
import { readDocument, tableRows } from './documents.js';

/** Every constant that is a number, and every limit a host can set with default and maximum, by name. */
function limitsInCode(): Record<string, readonly number[]> {
  const constants = Object.entries({ ...limits, ...level, APPLY_BYTES_MAX }).filter(([, value]) => typeof value === 'number');
  const settable = Object.entries(limits.LIMITS).map(([name, limit]) => [name, [limit.default, limit.max]] as const);
  return Object.fromEntries([...constants.map(([name, value]) => [name, [value as number]] as const), ...settable]);
}

/** `65,535` is 65535; what is not a whole number in digits is no value. */
function numberOf(cell: string): number {
  const digits = /^\d{1,3}(,\d{3})*$/.exec(cell)?.[0];
  if (digits === undefined) throw new Error(`no whole number: ${cell}`);
  return Number(digits.replaceAll(',', ''));
}

test('docs/limits.md has every limit of the code with its value, and no other', () => {
  const inCode = limitsInCode();
  const inDocs = [...tableRows(readDocument('docs/limits.md'))].map(([name, cells]) => {
    const numbers = name in limits.LIMITS ? cells.slice(0, 2) : cells.slice(0, 1);
    return [name, numbers.map(numberOf)];
  });
  expect(Object.fromEntries(inDocs)).toEqual(inCode);
  expect(Object.keys(inCode).length).toBeGreaterThan(30);
});

test('docs/limits.md says the unit of each limit and what happens at it', () => {
  for (const [name, cells] of tableRows(readDocument('docs/limits.md'))) {
    expect(cells.length, name).toBe(name in limits.LIMITS ? 4 : 3);
    for (const cell of cells) expect(cell, name).not.toBe('');
  }
});
