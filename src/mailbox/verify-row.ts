import { crc32 } from '../model/crc32.js';
import type { Row } from '../store/store.js';
import type { Place } from './rows.js';
import type { ProblemPlace, Report } from './verify-problem.js';

const CRC_BYTES = 4;

/** Whether a value ends with the checksum that belongs to its place. */
function checksumHolds(value: Uint8Array, place: Place): boolean {
  const end = value.length - CRC_BYTES;
  if (end < 1) return false;
  return Buffer.from(value.buffer, value.byteOffset + end, CRC_BYTES).readUInt32BE(0) === crc32(value, crc32(place.key, place.partitionCrc), 0, end);
}

/** Decodes a row of the partition with that CRC; `undefined`, and reported, where that cannot be done. `what` names it in the text. */
export function openRow<T>(
  { key, value }: Row,
  partitionCrc: number,
  decode: (value: Uint8Array, place: Place) => T,
  what: string,
  report: Report,
  about?: ProblemPlace,
): T | undefined {
  const place = { partitionCrc, key };
  if (!checksumHolds(value, place)) {
    report('checksum', `${what} fails its checksum. key=\`${hex(key)}\``, about);
    return undefined;
  }
  try {
    return decode(value, place);
  } catch (error) {
    report('row', `${what} cannot be decoded. key=\`${hex(key)}\` reason=\`${(error as Error).message}\``, about);
    return undefined;
  }
}

/** Bytes as a problem's text shows them. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}
