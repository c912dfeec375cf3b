import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteReader } from '../../src/mailbox/byte-reader.js';
import { ByteWriter } from '../../src/mailbox/byte-writer.js';
import { crc32 } from '../../src/model/crc32.js';

type Field = readonly ['u8' | 'u48' | 'varint', number] | readonly ['shortText' | 'bytes', string];

const fields = fc.oneof(
  fc.tuple(fc.constant('u8' as const), fc.nat(255)),
  fc.tuple(
    fc.constantFrom('u48' as const, 'varint' as const),
    fc.maxSafeNat().map((n) => n % 2 ** 48),
  ),
  fc.tuple(
    fc.constant('shortText' as const),
    fc.string({ unit: 'grapheme', maxLength: 20 }).filter((text) => Buffer.byteLength(text) < 256),
  ),
  fc.tuple(
    fc.constant('bytes' as const),
    fc.nat(3_000).map((n) => 'b'.repeat(n)),
  ),
);

describe('writing rows', () => {
  test('what is written is read back, wherever the buffer ends, and views that were taken stay what they are', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fields, { minLength: 1, maxLength: 12 }), { maxLength: 12 }),
        fc.integer({ min: 65_300, max: 65_600 }),
        (rows: Field[][], filled) => {
          const writer = new ByteWriter();
          writer.bytes(new Uint8Array(filled)).take();
          const views = rows.map((row) => {
            for (const [type, value] of row) {
              if (type === 'bytes') writer.bytes(Buffer.from(value));
              else if (type === 'shortText') writer.shortText(value);
              else writer[type](value as number);
            }
            const crc = writer.crc32(0);
            return { view: writer.take(), crc };
          });
          for (const [i, row] of rows.entries()) {
            const { view, crc } = views[i]!;
            expect(crc).toBe(crc32(view));
            const reader = new ByteReader(view, 0, view.length);
            for (const [type, value] of row) {
              if (type === 'bytes') expect(reader.latin1(value.length)).toBe(value);
              else if (type === 'shortText') expect(reader.text(reader.u8())).toBe(value);
              else expect(reader[type]()).toBe(value);
            }
            reader.finish();
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
