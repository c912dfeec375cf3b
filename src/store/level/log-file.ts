import { type FileHandle, open } from 'node:fs/promises';
import { crc32c } from './crc32c.js';

/**
 * Reads LevelDB's log format, which its `.log` files and its MANIFEST are written in:
 *
 *   file      blocks of 32,768 bytes; only the last one may be shorter
 *   block     fragments; fewer than 7 bytes that are left at its end are not used
 *   fragment  u32 masked crc32c over type ‖ data (little-endian) ‖ u16 length of the data (little-endian) ‖ u8 type ‖ data
 *   record    one fragment (1 full), or several: 2 first, any number of 3 middle, 4 last
 *
 * LevelDB's own reader passes over what it cannot read, and the records in it are gone without an error. This one only looks, and says what is there.
 *
 * Source: LevelDB 1.20, db/log_format.h and log_reader.cc.
 */
const BLOCK_BYTES = 32_768;
const HEADER_BYTES = 7;
const FULL = 1;
const FIRST = 2;
const LAST = 4;
/** LevelDB stores a checksum turned and moved, so that one over data that holds checksums is no weaker. */
const MASK_DELTA = 0xa282ead8;

/** A fragment that ends in so many zeros, and the file with it, was never written to its end: a commit ends in a checksum or a name. */
const UNWRITTEN_BYTES_MIN = 8;

/**
 * What a log holds. `torn`: whole records, then the beginning of one that was never written to its end, as a crash leaves it. `damaged`: something else
 * stands at `offset`, and what follows it cannot be trusted.
 */
export type LogContents = { readonly state: 'empty' | 'whole' | 'torn' } | { readonly state: 'damaged'; readonly offset: number; readonly reason: string };

/**
 * Reads the log at `path`, one record in memory at a time. `refuse` looks at each and says what is wrong with it, if anything is.
 *
 * @throws the file system's errors
 */
export async function readLog(path: string, refuse: (record: Buffer) => string | undefined): Promise<LogContents> {
  const handle = await open(path, 'r');
  try {
    return await readRecords(handle, refuse);
  } finally {
    await handle.close();
  }
}

async function readRecords(handle: FileHandle, refuse: (record: Buffer) => string | undefined): Promise<LogContents> {
  let fragments: Buffer[] = [];
  let offset = 0;
  for (let base = 0; ; base += BLOCK_BYTES) {
    const block = await readBlock(handle, base);
    let at = 0;
    for (; block.length - at >= HEADER_BYTES; at = endOf(block, at)) {
      if (!isIntact(block, at)) return judge(handle, block, base, at);
      const type = block[at + 6]!;
      const begins = type === FULL || type === FIRST;
      if (begins) offset = base + at;
      if (begins !== (fragments.length === 0)) return { state: 'damaged', offset: base + at, reason: 'a record lacks a part' };
      fragments.push(block.subarray(at + HEADER_BYTES, endOf(block, at)));
      if (type !== FULL && type !== LAST) continue;
      const reason = refuse(Buffer.concat(fragments));
      if (reason !== undefined) return { state: 'damaged', offset, reason };
      fragments = [];
    }
    if (block.length === BLOCK_BYTES) continue;
    if (base + block.length === 0) return { state: 'empty' };
    return { state: fragments.length === 0 && at === block.length ? 'whole' : 'torn' };
  }
}

/** What it means that no intact fragment stands at `at`. */
async function judge(handle: FileHandle, block: Buffer, base: number, at: number): Promise<LogContents> {
  const offset = base + at;
  const end = endOf(block, at);
  const written = await writtenUntil(handle, block, base);
  if (written <= offset + HEADER_BYTES) return { state: 'torn' };
  if (end <= block.length) {
    return base + end - written >= UNWRITTEN_BYTES_MIN ? { state: 'torn' } : { state: 'damaged', offset, reason: 'a record fails its checksum' };
  }
  // Only the last block is shorter: there the file may have been cut off. A length that was changed looks the same, but for what stands behind it.
  if (block.length < BLOCK_BYTES && !hasIntactBehind(block, at)) return { state: 'torn' };
  return { state: 'damaged', offset, reason: 'a record has a wrong length' };
}

/** Whether what stands at `at` was written whole: with another length, or with an intact fragment behind it. */
function hasIntactBehind(block: Buffer, at: number): boolean {
  const expected = storedCrc(block, at);
  let crc = 0;
  for (let i = at + 6; i < block.length; i++) {
    crc = crc32c(block, crc, i, i + 1);
    if (crc === expected) return true;
  }
  for (let i = at + 1; i <= block.length - HEADER_BYTES; i++) if (isIntact(block, i)) return true;
  return false;
}

function endOf(block: Buffer, at: number): number {
  return at + HEADER_BYTES + block.readUInt16LE(at + 4);
}

function isIntact(block: Buffer, at: number): boolean {
  const type = block[at + 6]!;
  const end = endOf(block, at);
  return type >= FULL && type <= LAST && end <= block.length && crc32c(block, 0, at + 6, end) === storedCrc(block, at);
}

function storedCrc(block: Buffer, at: number): number {
  const turned = (block.readUInt32LE(at) - MASK_DELTA) >>> 0;
  return ((turned >>> 17) | (turned << 15)) >>> 0;
}

/** Where the file ends but for zeros. `block` stands at `base`. */
async function writtenUntil(handle: FileHandle, block: Buffer, base: number): Promise<number> {
  let written = base;
  for (let piece = block, at = base; piece.length > 0; at += BLOCK_BYTES, piece = await readBlock(handle, at)) {
    let length = piece.length;
    while (length > 0 && piece[length - 1] === 0) length--;
    if (length > 0) written = at + length;
  }
  return written;
}

/** The block at `base`; shorter where the file ends. */
async function readBlock(handle: FileHandle, base: number): Promise<Buffer> {
  const block = Buffer.allocUnsafe(BLOCK_BYTES);
  let length = 0;
  while (length < BLOCK_BYTES) {
    const { bytesRead } = await handle.read(block, length, BLOCK_BYTES - length, base + length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return block.subarray(0, length);
}
