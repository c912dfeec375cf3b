import { LevelStore } from 'mailring/level';
import { MemoryLevel } from 'memory-level';
import { ByteWriter } from '../../src/mailbox/byte-writer.js';
import { conversationKey, conversationPrefix, type Direction, dedupeKey, messageKey, oldListKey } from '../../src/mailbox/keys.js';
import {
  type ConversationRow,
  type DedupeRow,
  decodeConversationRow,
  decodeDedupeRow,
  decodeLogRow,
  decodeMessage,
  encodeConversationRow,
  encodeDedupeRow,
  encodeHead,
  encodeLogRow,
  encodeMessage,
  encodeOldListRow,
  type Head,
  type LogRow,
  type MessageFields,
  type OldListRow,
  type Place,
} from '../../src/mailbox/rows.js';
import { crc32 } from '../../src/model/crc32.js';
import { partitionOf, type UserId } from '../../src/model/ids.js';
import { HEAD_KEY, NOTE_TAG, noteKey, versionOfNoteKey } from '../../src/store/store.js';

const BYTES = { keyEncoding: 'view', valueEncoding: 'view' } as const;

type Encode<T> = (writer: ByteWriter, place: Place, row: T) => Uint8Array;
type Decode<T> = (value: Uint8Array, place: Place) => T;

/** What stands under one physical key. */
export interface PhysicalRow {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** The bytes that a mailring over LevelDB has stored, to be read and changed below the storage contract, with right checksums. */
export class StoredRows {
  readonly #db = new MemoryLevel<Uint8Array, Uint8Array>(BYTES);

  /** A store over them; closing it leaves the bytes. */
  store(): LevelStore {
    return new LevelStore({ db: this.#db });
  }

  /** A copy that can be damaged by itself. */
  async copy(): Promise<StoredRows> {
    const copy = new StoredRows();
    for (const { key, value } of await this.all()) await copy.write(key, value);
    return copy;
  }

  async all(): Promise<PhysicalRow[]> {
    await this.#db.open();
    const entries = await this.#db.iterator<Uint8Array, Uint8Array>(BYTES).all();
    return entries.map(([key, value]) => ({ key, value }));
  }

  async write(physicalKey: Uint8Array, value: Uint8Array | undefined): Promise<void> {
    await this.#db.open();
    if (value === undefined) await this.#db.del(physicalKey, BYTES);
    else await this.#db.put(physicalKey, value, BYTES);
  }

  /** Puts a value, or removes the row for `undefined`. */
  put(owner: UserId, key: Uint8Array, value: Uint8Array | undefined): Promise<void> {
    return this.write(Buffer.concat([partitionOf(owner), key]), value);
  }

  async get(owner: UserId, key: Uint8Array): Promise<Uint8Array> {
    await this.#db.open();
    const value = await this.#db.get(Buffer.concat([partitionOf(owner), key]), BYTES);
    if (value === undefined) throw new Error(`nothing is stored there: ${owner} ${Buffer.from(key).toString('hex')}`);
    return value;
  }

  /** Removes everything of a mailbox. */
  async removeMailbox(owner: UserId): Promise<void> {
    const partition = partitionOf(owner);
    for (const { key } of await this.all()) if (partition.equals(key.subarray(0, partition.length))) await this.write(key, undefined);
  }

  message(owner: UserId, peer: UserId, seq: number, change: (message: MessageFields) => MessageFields): Promise<void> {
    return this.#change(owner, messageKey(conversationPrefix(peer), seq), decodeMessage, encodeMessage, change);
  }

  putMessage(owner: UserId, peer: UserId, seq: number, message: MessageFields): Promise<void> {
    return this.#encode(owner, messageKey(conversationPrefix(peer), seq), encodeMessage, message);
  }

  getMessage(owner: UserId, peer: UserId, seq: number): Promise<MessageFields> {
    return this.#decode(owner, messageKey(conversationPrefix(peer), seq), decodeMessage);
  }

  removeMessage(owner: UserId, peer: UserId, seq: number): Promise<void> {
    return this.put(owner, messageKey(conversationPrefix(peer), seq), undefined);
  }

  conversation(owner: UserId, peer: UserId, change: (row: ConversationRow) => ConversationRow): Promise<void> {
    return this.#change(owner, conversationKey(conversationPrefix(peer)), decodeConversationRow, encodeConversationRow, change);
  }

  putConversation(owner: UserId, peer: UserId, row: ConversationRow): Promise<void> {
    return this.#encode(owner, conversationKey(conversationPrefix(peer)), encodeConversationRow, row);
  }

  dedupe(owner: UserId, peer: UserId, direction: Direction, id: string, change: (row: DedupeRow) => DedupeRow): Promise<void> {
    return this.#change(owner, dedupeKey(conversationPrefix(peer), direction, id), decodeDedupeRow, encodeDedupeRow, change);
  }

  putDedupe(owner: UserId, peer: UserId, direction: Direction, id: string, row: DedupeRow): Promise<void> {
    return this.#encode(owner, dedupeKey(conversationPrefix(peer), direction, id), encodeDedupeRow, row);
  }

  getDedupe(owner: UserId, peer: UserId, direction: Direction, id: string): Promise<DedupeRow> {
    return this.#decode(owner, dedupeKey(conversationPrefix(peer), direction, id), decodeDedupeRow);
  }

  /** The log of a mailbox, newest first. */
  async log(owner: UserId): Promise<LogRow[]> {
    const partition = partitionOf(owner);
    const rows: LogRow[] = [];
    for (const { key } of await this.all()) {
      const own = key.subarray(partition.length);
      if (!partition.equals(key.subarray(0, partition.length)) || own[0] !== NOTE_TAG) continue;
      const version = versionOfNoteKey(own);
      rows.push(await this.#decode(owner, own, (value, place) => decodeLogRow(value, place, version)));
    }
    return rows;
  }

  putLog(owner: UserId, row: LogRow): Promise<void> {
    return this.#encode(owner, noteKey(row.version), encodeLogRow, row);
  }

  putHead(owner: UserId, head: Head): Promise<void> {
    return this.#encode(owner, HEAD_KEY, encodeHead, head);
  }

  putOldList(owner: UserId, activity: number, row: OldListRow): Promise<void> {
    return this.#encode(owner, oldListKey(activity), encodeOldListRow, row);
  }

  /** Puts the value with a checksum that is right for it: `change` gets and gives what stands before the checksum. */
  async reseal(owner: UserId, key: Uint8Array, change: (body: Uint8Array) => Uint8Array): Promise<void> {
    const body = change((await this.get(owner, key)).slice(0, -4));
    const crc = Buffer.alloc(4);
    crc.writeUInt32BE(crc32(body, crc32(key, crc32(partitionOf(owner)))));
    await this.put(owner, key, Buffer.concat([body, crc]));
  }

  async #change<T>(owner: UserId, key: Uint8Array, decode: Decode<T>, encode: Encode<T>, change: (row: T) => T): Promise<void> {
    await this.#encode(owner, key, encode, change(await this.#decode(owner, key, decode)));
  }

  async #decode<T>(owner: UserId, key: Uint8Array, decode: Decode<T>): Promise<T> {
    return decode(await this.get(owner, key), place(owner, key));
  }

  #encode<T>(owner: UserId, key: Uint8Array, encode: Encode<T>, row: T): Promise<void> {
    return this.put(owner, key, encode(new ByteWriter(), place(owner, key), row));
  }
}

function place(owner: UserId, key: Uint8Array): Place {
  return { partitionCrc: crc32(partitionOf(owner)), key };
}
