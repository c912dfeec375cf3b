import { ByteWriter } from '../mailbox/byte-writer.js';
import { encodeLogRow } from '../mailbox/rows.js';
import { crc32 } from '../model/crc32.js';
import { corrupt, MailringError } from '../model/errors.js';
import { compareUtf8 } from '../model/text.js';
import type { Shard } from '../shard/shard.js';
import { noteKey, type PartitionWrite } from '../store/store.js';

/**
 * What a store is part of: written when it is first opened, compared at every open. It stands in a partition of its own, which no user's can be.
 *
 *   partition  0x00 ‖ u8 8 ‖ 'mailring'
 *   version    1; of a store that was restored, where its last restore began
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
/** Version of the partition until the store is restored; then it is where that began. */
export const MADE_AT = 1;
/** Where it stands. */
export const IDENTITY_PARTITION = Buffer.concat([Uint8Array.of(0x00, 8), Buffer.from('mailring')]);

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

/** @throws `MAILRING_CORRUPT`, `MAILRING_FORMAT` */
export function decodeIdentity(head: Uint8Array): StoreIdentity {
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
 * The identities of the stores that one mailring opens. Each is looked at when it was opened, and only when all are right those that are new are given theirs: a refused
 * open changes nothing.
 */
export class Identities {
  readonly #given: ReadonlyMap<Shard, StoreIdentity>;
  readonly #fresh: Shard[] = [];

  constructor(shards: readonly Shard[], ring: string) {
    const names = shards.map(({ name }) => name).toSorted(compareUtf8);
    this.#given = new Map(shards.map((shard) => [shard, { shard: shard.name, shards: names, ring }]));
  }

  /** Insists that a store is the one it is opened as, or new. @throws `MAILRING_FORMAT` for data of a newer format, of another shard or under another ring; `MAILRING_CORRUPT` */
  async look(shard: Shard): Promise<void> {
    if (!(await this.#has(shard))) this.#fresh.push(shard);
  }

  /** Makes new stores part of this mailring. @throws `MAILRING_FORMAT` for a new store while others hold data: every store has its identity before the first message */
  async make(): Promise<void> {
    const others = [...this.#given.keys()].filter((shard) => !this.#fresh.includes(shard));
    const lost = this.#fresh.length > 0 && (await holdAnything(others));
    for (const shard of this.#fresh) {
      // Somebody else may have opened all of them for the first time meanwhile.
      if (lost && !(await this.#has(shard))) {
        throw format('a store is empty and others hold data: put back what is missing', { stored: undefined, given: this.#given.get(shard)! });
      }
      await writeIdentity(shard, this.#given.get(shard)!);
      if (!(await this.#has(shard))) throw corrupt('a store has no identity');
    }
  }

  async #has(shard: Shard): Promise<boolean> {
    const { head, version } = await shard.ask((store) => store.load(IDENTITY_PARTITION));
    if (head === undefined) return false;
    insistOnSame(decodeIdentity(head), this.#given.get(shard)!);
    if (version > MADE_AT) shard.restoredAt(version);
    return true;
  }
}

function insistOnSame(stored: StoreIdentity, given: StoreIdentity): void {
  if (stored.shard !== given.shard || stored.ring !== given.ring)
    throw format('this data was made with other shards, weights or tokens; open it with those', { stored, given });
}

function format(text: string, { stored, given }: { readonly stored: StoreIdentity | undefined; readonly given: StoreIdentity }): MailringError {
  const named = ({ shard, shards, ring }: StoreIdentity) => `\`${shard} of ${shards}, ring ${ring}\``;
  const missing = stored?.shards.filter((name) => !given.shards.includes(name)) ?? [];
  const unknown = given.shards.filter((name) => !(stored ?? given).shards.includes(name));
  return new MailringError('MAILRING_FORMAT', `${text}. made-as=${stored ? named(stored) : '`nothing`'} opened-as=${named(given)}`, {
    details: { stored, given, missing, unknown },
  });
}

async function holdAnything(shards: readonly Shard[]): Promise<boolean> {
  for (const shard of shards) {
    const found = await shard.ask(async (store) => {
      for await (const partition of store.partitions()) if (!isIdentityPartition(partition)) return true;
      return false;
    });
    if (found) return true;
  }
  return false;
}

/** The commit of a store's identity. */
export function identityWrite(expectVersion: number, version: number, head: Uint8Array): PartitionWrite {
  const place = { partitionCrc: crc32(IDENTITY_PARTITION), key: noteKey(version) };
  const note = encodeLogRow(new ByteWriter(), place, { version, conversations: 0, unread: 0, changes: [] });
  return { partition: IDENTITY_PARTITION, expectVersion, version, note, head, ops: [] };
}

async function writeIdentity(shard: Shard, identity: StoreIdentity): Promise<void> {
  // Refused where another engine over the same store was first: what it has written is read then.
  await shard.ask((store) => store.apply([identityWrite(0, MADE_AT, encode(identity))]));
}
