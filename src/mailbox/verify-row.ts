import type { Row } from '../store/store.js';
import { checksumHolds, type Place } from './rows.js';
import type { ProblemPlace, Report } from './verify-problem.js';

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
