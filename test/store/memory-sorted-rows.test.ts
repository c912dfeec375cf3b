import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SortedRows } from '../../src/store/memory/sorted-rows.js';
import { noteKey, type Row } from '../../src/store/store.js';

const { MAILRING_RUNS: runs, MAILRING_SEED: seed } = process.env;
const CHECK = { numRuns: Number(runs ?? 100), ...(seed !== undefined && { seed: Number(seed) }) };

const keyOf = (i: number) => Uint8Array.of(0x30, i >>> 8, i & 0xff);
const rowOf = (i: number): Row => ({ key: keyOf(i), value: keyOf(i) });
const numberOf = ({ key }: Row) => (key[1]! << 8) | key[2]!;
const FIRST = Uint8Array.of(0x30);
const END = Uint8Array.of(0x31);

/** Stretches of keys long enough to cut chunks in half and to empty them. */
const stretch = fc.record({
  type: fc.constantFrom('set' as const, 'setDownwards' as const, 'delete' as const, 'deleteRange' as const),
  from: fc.integer({ min: 0, max: 2_500 }),
  length: fc.integer({ min: 0, max: 1_600 }),
  step: fc.integer({ min: 1, max: 3 }),
});

describe('sorted rows', () => {
  it('agree with a set of numbers over any series of changes', () => {
    const changes = fc.property(fc.array(stretch, { maxLength: 12 }), (stretches) => {
      const rows = new SortedRows();
      const model = new Set<number>();
      for (const { type, from, length, step } of stretches) {
        const numbers = Array.from({ length: Math.ceil(length / step) }, (_, i) => from + i * step);
        if (type === 'deleteRange') {
          rows.deleteRange(keyOf(from), keyOf(from + length));
          for (let i = from; i < from + length; i++) model.delete(i);
        } else {
          for (const i of type === 'setDownwards' ? numbers.reverse() : numbers) {
            if (type === 'delete') rows.delete(keyOf(i));
            else rows.set(rowOf(i));
            if (type === 'delete') model.delete(i);
            else model.add(i);
          }
        }
        const expected = [...model].sort((a, b) => a - b);
        expect([...rows.ascending(FIRST, END)].map(numberOf)).toEqual(expected);
        expect([...rows.descending(FIRST, END)].map(numberOf)).toEqual(expected.reverse());
        const inside = expected.reverse().filter((i) => i >= from && i < from + length);
        expect([...rows.ascending(keyOf(from), keyOf(from + length))].map(numberOf)).toEqual(inside);
        expect([...rows.descending(keyOf(from), keyOf(from + length))].map(numberOf)).toEqual(inside.reverse());
        expect(rows.get(keyOf(from)) !== undefined).toBe(model.has(from));
      }
    });
    fc.assert(changes, CHECK);
  });

  it('hold 100,000 log rows, each put before the others, newest first', () => {
    const rows = new SortedRows();
    for (let version = 1; version <= 100_000; version++) rows.set({ key: noteKey(version), value: noteKey(version) });
    let last = 100_001;
    let count = 0;
    for (const { key } of rows.ascending(Uint8Array.of(0x20), Uint8Array.of(0x21))) {
      last--;
      count++;
      if (Buffer.compare(key, noteKey(last)) !== 0) expect.fail(`row ${count} is not of version ${last}`);
    }
    expect(count).toBe(100_000);
    rows.deleteRange(noteKey(90_000), Uint8Array.of(0x21));
    expect([...rows.ascending(Uint8Array.of(0x20), Uint8Array.of(0x21))].length).toBe(10_000);
    expect(rows.get(noteKey(90_000))).toBeUndefined();
    expect(rows.get(noteKey(90_001))).toBeDefined();
  });

  it('replace the value of a key they hold', () => {
    const rows = new SortedRows();
    rows.set(rowOf(1));
    rows.set({ key: keyOf(1), value: Uint8Array.of(7) });
    expect([...rows.ascending(FIRST, END)]).toEqual([{ key: keyOf(1), value: Uint8Array.of(7) }]);
  });

  it('of nothing are nothing', () => {
    const rows = new SortedRows();
    rows.delete(keyOf(1));
    rows.deleteRange(FIRST, END);
    expect([[...rows.ascending(FIRST, END)], [...rows.descending(FIRST, END)], rows.get(keyOf(1))]).toEqual([[], [], undefined]);
  });
});
