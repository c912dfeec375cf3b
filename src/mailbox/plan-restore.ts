import { crc32 } from '../model/crc32.js';
import { corrupt } from '../model/errors.js';
import { RESTORE_MARGIN_MS } from '../model/limits.js';
import { HEAD_KEY, type LoadedPartition, noteKey, type Partition, type PartitionWrite } from '../store/store.js';
import type { ByteWriter } from './byte-writer.js';
import { decodeHead, decodeLogRow, encodeHead, encodeLogRow, FRESH_HEAD, type Head } from './rows.js';

/** What a restore makes of a mailbox's head: every cursor below `version` is answered by a full page with that reason. */
export function restoredHead(head: Head, version: number): Head {
  return { ...head, deltaFloor: version, reset: version, reason: 2 };
}

/**
 * The commit that ends what a restored mailbox was: it changes nothing, and takes a number above all that this mailbox can have given after the backup was taken. `above`: the clock, or
 * where an earlier restore began. Every cursor that a client holds is below, so that it is answered by a full page; the log stays, as the order of the conversations.
 *
 * @throws `MAILRING_CORRUPT`
 */
export function planRestore(partition: Partition, loaded: LoadedPartition, above: number, writer: ByteWriter): PartitionWrite {
  if (loaded.note === undefined) throw corrupt('a mailbox has rows and no log row', { partition: Buffer.from(partition).toString('hex') });
  const partitionCrc = crc32(partition);
  const place = (key: Uint8Array) => ({ partitionCrc, key });
  const { conversations, unread } = decodeLogRow(loaded.note, place(noteKey(loaded.version)), loaded.version);
  const head = loaded.head === undefined ? FRESH_HEAD : decodeHead(loaded.head, place(HEAD_KEY));
  const version = Math.max(above, loaded.version + 1) + RESTORE_MARGIN_MS;
  return {
    partition,
    expectVersion: loaded.version,
    version,
    note: encodeLogRow(writer, place(noteKey(version)), { version, conversations, unread, changes: [] }),
    head: encodeHead(writer, place(HEAD_KEY), restoredHead(head, version)),
    ops: [],
  };
}
