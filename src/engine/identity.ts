import { ByteWriter } from '../mailbox/byte-writer.js';
import { encodeLogRow } from '../mailbox/rows.js';
import { crc32 } from '../model/crc32.js';
import { corrupt, MailringError } from '../model/errors.js';
import type { Shard } from '../shard/shard.js';
import { noteKey } from '../store/store.js';

/**
 * What a store is part of: written when it is first opened, compared at every open. It stands in a partition of its own, which no user's can be.
 *
 *   partition  0x00 ‖ u8 8 ‖ 'mailring'
 *   head       u8 format (1) ‖ JSON of StoreIdentity, keys in the order below ‖ u32 crc32 over format ‖ JSON
 *
 * Part of the stored format: never change, only add.
 */
export interface StoreIdentity {
  /** Name of the shard this store is. */
  readonly shard: string;
  /** Names of all shards of the ring, in the order of their UTF-8 bytes. */
  readonly shards: readonly string[];
  /** Fingerprint of the ring: shards, weights, tokens, format. */
  readonly ring: string;
}

const FORMAT = 1;
const IDENTITY_PARTITION = Buffer.concat([Uint8Array.of(0x00, 8), Buffer.from('mailring')]);

/** Whether a partition is the engine's own and no mailbox. */
export function isIdentityPartition(partition: Uint8Array): boolean {
  return IDENTITY_PARTITION.equals(partition);
}

function encode({ shard, shards, ring }: StoreIdentity): Buffer {
  const body = Buffer.concat([Uint8Array.of(FORMAT), Buffer.from(JSON.stringify({ shard, shards, ring }))]);
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(crc32(body));
  return Buffer.concat([body, crc]);
}

function decode(head: Uint8Array): StoreIdentity {
  const bytes = Buffer.from(head);
  const end = bytes.length - 4;
  if (end < 1 || crc32(bytes, 0, 0, end) !== bytes.readUInt32BE(end)) throw corrupt('the identity of a store fails its checksum');
  if (bytes[0] !== FORMAT) {
    throw new MailringError('MAILRING_FORMAT', `this data was written by a newer mailring; upgrade the package. format=\`${bytes[0]}\` known=\`${FORMAT}\``, {
      details: { format: bytes[0], known: FORMAT },
    });
  }
  return JSON.parse(bytes.toString('utf8', 1, end)) as StoreIdentity;
}

/**
 * Insists that a store is the one it is opened as; a new store becomes it.
 *
 * @throws `MAILRING_FORMAT` for data of a newer format, of another shard or under another ring; `MAILRING_CORRUPT`
 */
export async function insistOnIdentity(shard: Shard, identity: StoreIdentity): Promise<void> {
  let { head } = await shard.ask((store) => store.load(IDENTITY_PARTITION));
  if (head === undefined) {
    const place = { partitionCrc: crc32(IDENTITY_PARTITION), key: noteKey(1) };
    const note = encodeLogRow(new ByteWriter(), place, { version: 1, conversations: 0, unread: 0, changes: [] });
    await shard.ask((store) => store.apply([{ partition: IDENTITY_PARTITION, expectVersion: 0, version: 1, note, head: encode(identity), ops: [] }]));
    // Read back: another engine over the same store may have been first.
    head = (await shard.ask((store) => store.load(IDENTITY_PARTITION))).head;
  }
  if (head === undefined) throw corrupt('a store has no identity');
  const stored = decode(head);
  if (stored.shard === identity.shard && stored.ring === identity.ring) return;
  const missing = stored.shards.filter((name) => !identity.shards.includes(name));
  const unknown = identity.shards.filter((name) => !stored.shards.includes(name));
  const named = ({ shard, shards, ring }: StoreIdentity) => `\`${shard} of ${shards}, ring ${ring}\``;
  const facts = `made-as=${named(stored)} opened-as=${named(identity)}`;
  throw new MailringError('MAILRING_FORMAT', `this data was made with other shards, weights or tokens; open it with those. ${facts}`, {
    details: { stored, given: identity, missing, unknown },
  });
}
