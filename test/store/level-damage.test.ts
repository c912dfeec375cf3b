import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { LevelStore } from 'mailring/level';
import { beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/model/clock.js';
import { isMailringError } from '../../src/model/errors.js';
import { sequencesOf } from '../../src/store/level/log-records.js';
import { checkProperty, PROPERTY_TIMEOUT_MS } from '../property/budget.js';
import { A, BLOCK_BYTES, contentOf, filesOf, folderWith, logsOf, onCopy, sizeOf, storeAt, writeUntilKilled } from './damaged-folders.js';
import { temporaryFolders } from './temporary-folder.js';

const folder = temporaryFolders();
const open = { clock: systemClock };
/** Small commits, one of several blocks, and small ones again: the last log ends in the middle of its fourth block. */
const SIZES = [10, 200, 3_000, 10, 90_000, 500, 10, 1];
const HEADER_BYTES = 7;

/** A folder that was closed, its one log, and where the records in it begin. */
let location: string;
let log: Buffer;
let logName: string;
let records: number[];

const REFUSED = { code: 'MAILRING_CORRUPT', retryable: false } as const;

/** Opening is refused, and what is there is byte for byte what was there. */
async function expectRefused(damaged: string, details: object = {}): Promise<void> {
  const before = await filesOf(damaged);
  const message = expect.stringContaining('bring back the whole folder from a copy');
  await expect(storeAt(damaged).open(open)).rejects.toMatchObject({ ...REFUSED, message, details: { location: damaged, ...details } });
  expect(await filesOf(damaged)).toEqual(before);
}

/** Runs `task` on a copy of the folder with other bytes in its log. */
const onLog = (bytes: Buffer, task: (copy: string) => Promise<void>) =>
  onCopy(location, async (copy) => {
    await writeFile(join(copy, logName), bytes);
    await task(copy);
  });

function flipped(bytes: Buffer, at: number, bit: number): Buffer {
  const other = Buffer.from(bytes);
  other[at]! ^= 1 << bit;
  return other;
}

/** Where the fragments of a log that is whole begin. */
function fragmentsOf(bytes: Buffer): { readonly at: number; readonly begins: boolean }[] {
  const found: { at: number; begins: boolean }[] = [];
  for (let at = 0; at < bytes.length; at += HEADER_BYTES + bytes.readUInt16LE(at + 4)) {
    const left = BLOCK_BYTES - (at % BLOCK_BYTES);
    if (left < HEADER_BYTES) at += left;
    found.push({ at, begins: bytes[at + 6]! <= 2 });
  }
  return found;
}

beforeAll(async () => {
  location = await folder();
  await folderWith(location, SIZES);
  logName = (await logsOf(location)).at(-1)!;
  log = await readFile(join(location, logName));
  records = fragmentsOf(log)
    .filter(({ begins }) => begins)
    .map(({ at }) => at);
  expect(records.length).toBe(SIZES.length);
  expect(fragmentsOf(log).length).toBeGreaterThan(SIZES.length);
});

describe('what a crash leaves is opened', () => {
  test('a last record that is cut off at any of its bytes: every commit before it is there', async () => {
    const last = records.at(-1)!;
    for (let length = last; length < log.length; length++) {
      await onLog(log.subarray(0, length), async (copy) => expect((await contentOf(copy)).version).toBe(SIZES.length - 1));
    }
  });

  test('a record of several blocks that is cut off: every commit before it is there', async () => {
    const [begin, end] = [records[4]!, records[5]!];
    const borders = [1, 2, 3].map((block) => (Math.floor(begin / BLOCK_BYTES) + block) * BLOCK_BYTES).filter((border) => border < end);
    for (const border of [begin + 8, ...borders.flatMap((each) => [each - 1, each, each + 1, each + HEADER_BYTES, each + 100]), end - 1]) {
      await onLog(log.subarray(0, border), async (copy) => expect((await contentOf(copy)).version).toBe(4));
    }
  });

  test.each([1, 7, 512, 4_096, 3 * BLOCK_BYTES])('%d zeros behind the last record, for which there was room and nothing was written', async (zeros) => {
    const whole = await onCopy(location, contentOf);
    await onLog(Buffer.concat([log, Buffer.alloc(zeros)]), async (copy) => expect(await contentOf(copy)).toEqual(whole));
  });

  test('a last record of which only the first bytes were written, and zeros to the end of the file', async () => {
    const last = records.at(-1)!;
    for (let written = last; written <= log.length - 8; written++) {
      const bytes = Buffer.concat([log.subarray(0, written), Buffer.alloc(log.length - written + 5_000)]);
      await onLog(bytes, async (copy) => expect((await contentOf(copy)).version).toBe(SIZES.length - 1));
    }
  });

  test('a folder whose process was killed while it wrote, again and again: every acknowledged commit is there', async () => {
    const killed = await folder();
    for (const count of [1, 7, 30, 61]) {
      const acknowledged = await writeUntilKilled(killed, count);
      const { version, rows } = await contentOf(killed);
      expect(version).toBeGreaterThanOrEqual(acknowledged);
      for (let each = 0; each < version; each++) expect(rows).toContain(`key ${each}=${'x'.repeat(sizeOf(each))}`);
    }
  });

  test('a log that ends inside a record, and empty ones behind it: opens that did not come to their end', async () => {
    await onLog(log.subarray(0, -1), async (copy) => {
      for (const number of [900, 901]) await writeFile(join(copy, `000${number}.log`), '');
      expect((await contentOf(copy)).version).toBe(SIZES.length - 1);
    });
  });

  test('a folder that was begun and has no CURRENT yet', async () => {
    await onCopy(location, async (copy) => {
      for (const name of await readdir(copy)) if (!name.startsWith('LO')) await rm(join(copy, name));
      await writeFile(join(copy, 'MANIFEST-000001'), 'x');
      await writeFile(join(copy, '000003.log'), '');
      expect((await contentOf(copy)).version).toBe(0);
    });
  });
});

describe('damage is refused, and nothing is changed', () => {
  test('a flipped bit in the header of any fragment', async () => {
    for (const { at } of fragmentsOf(log)) {
      for (let bit = 0; bit < 8 * HEADER_BYTES; bit += 5) {
        await onLog(flipped(log, at + (bit >> 3), bit & 7), (copy) => expectRefused(copy, { file: logName, offset: at }));
      }
    }
  });

  test('a flipped bit in the data of any record, also of the last one', async () => {
    for (const at of records) await onLog(flipped(log, at + HEADER_BYTES + 20, 3), (copy) => expectRefused(copy, { file: logName, offset: at }));
    await onLog(flipped(log, log.length - 1, 0), (copy) => expectRefused(copy, { file: logName, offset: records.at(-1)! }));
  });

  test('zeros, or other bytes, in the place of a record that others follow', async () => {
    const [begin, end] = [records[5]!, records[6]!];
    for (const fill of [0, 0xa5]) {
      const bytes = Buffer.from(log);
      bytes.fill(fill, begin, end);
      await onLog(bytes, (copy) => expectRefused(copy, { file: logName, offset: begin }));
    }
  });

  test('a block that is missing in the middle', async () => {
    await onLog(Buffer.concat([log.subarray(0, BLOCK_BYTES), log.subarray(2 * BLOCK_BYTES)]), (copy) => expectRefused(copy, { file: logName }));
  });

  test('any bit of a log: it is refused, or the content is the same', { timeout: PROPERTY_TIMEOUT_MS }, async () => {
    const whole = await onCopy(location, contentOf);
    const bits = fc.tuple(fc.nat(log.length - 1), fc.nat(7));
    const property = fc.asyncProperty(bits, async ([at, bit]) =>
      onLog(flipped(log, at, bit), async (copy) => {
        const before = await filesOf(copy);
        const content = await contentOf(copy).catch((error: unknown) => error);
        if (!isMailringError(content, 'MAILRING_CORRUPT')) return expect(content).toEqual(whole);
        expect(await filesOf(copy)).toEqual(before);
      }),
    );
    await checkProperty({ file: 'test/store/level-damage.test.ts', test: 'any bit of a log', runs: 200 }, property);
  });

  test('a batch that has one byte less or more than its operations have', () => {
    const batch = log.subarray(records[1]! + HEADER_BYTES, records[2]!);
    expect(sequencesOf(batch)).toEqual({ first: 3, next: 5 });
    expect(sequencesOf(batch.subarray(0, -1))).toBeUndefined();
    expect(sequencesOf(Buffer.concat([batch, Buffer.of(0)]))).toBeUndefined();
    expect(sequencesOf(batch.subarray(0, 11))).toBeUndefined();
  });

  test('a log that is missing', async () => {
    await onCopy(location, async (copy) => {
      await rm(join(copy, logName));
      await expectRefused(copy);
    });
  });

  test('a log that ends inside a record although a later one goes on', async () => {
    await onLog(log.subarray(0, -1), async (copy) => {
      await writeFile(join(copy, '000900.log'), log.subarray(records.at(-1)!));
      await expectRefused(copy, { file: logName });
    });
  });

  test('a record that is missing between others, in one log or between two', async () => {
    await onLog(Buffer.concat([log.subarray(0, records[1]!), log.subarray(records[2]!, records[4]!)]), (copy) =>
      expectRefused(copy, { file: logName, offset: records[1]! }),
    );
    await onLog(log.subarray(0, records[1]!), async (copy) => {
      await writeFile(join(copy, '000900.log'), log.subarray(records[2]!, records[3]!));
      await expectRefused(copy, { file: '000900.log', offset: 0 });
      await writeFile(join(copy, '000900.log'), log.subarray(records[1]!, records[3]!));
      expect((await contentOf(copy)).version).toBe(3);
    });
  });

  test('a flipped bit in the MANIFEST, a MANIFEST without a record, and one that is missing', async () => {
    const name = (await readdir(location)).find((each) => each.startsWith('MANIFEST'))!;
    const manifest = await readFile(join(location, name));
    for (let bit = 0; bit < 8 * manifest.length; bit += 13) {
      await onCopy(location, async (copy) => {
        await writeFile(join(copy, name), flipped(manifest, bit >> 3, bit & 7));
        await expectRefused(copy, { file: name });
      });
    }
    await onCopy(location, async (copy) => {
      await truncate(join(copy, name), 3);
      await expectRefused(copy, { file: name });
      await rm(join(copy, name));
      await expectRefused(copy, { file: name });
    });
  });

  test('a CURRENT that is missing, empty, or names something else', async () => {
    const current = await readFile(join(location, 'CURRENT'));
    await onCopy(location, async (copy) => {
      const path = join(copy, 'CURRENT');
      for (let bit = 0; bit < 8 * (current.length - 1); bit++) {
        await writeFile(path, flipped(current, bit >> 3, bit & 7));
        await expectRefused(copy);
      }
      await writeFile(path, '');
      await expectRefused(copy, { file: 'CURRENT' });
      await rm(path);
      await expectRefused(copy, { file: 'CURRENT' });
    });
  });

  test('a table that is missing', async () => {
    await onCopy(location, async (copy) => {
      await contentOf(copy);
      const table = (await readdir(copy)).find((name) => name.endsWith('.ldb'))!;
      const bytes = await readFile(join(copy, table));
      await rm(join(copy, table));
      await expect(storeAt(copy).open(open)).rejects.toMatchObject({ ...REFUSED, details: { location: copy }, cause: expect.anything() });
      await expect(storeAt(copy).open(open)).rejects.toThrow(/bring back the whole folder from a copy/);
      await writeFile(join(copy, table), bytes);
      expect((await contentOf(copy)).version).toBe(SIZES.length);
    });
  });
});

test('a refused folder opens when what was missing is there again', async () => {
  await onCopy(location, async (copy) => {
    await rm(join(copy, logName));
    const store = new LevelStore({ location: copy });
    await expect(store.open(open)).rejects.toMatchObject(REFUSED);
    await writeFile(join(copy, logName), log);
    await store.open(open);
    expect(await store.validate(A)).toBe(SIZES.length);
    await store.close();
  });
});
