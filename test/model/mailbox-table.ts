import { parseKey } from '../../src/mailbox/keys.js';
import {
  type DedupeRow,
  decodeConversationRow,
  decodeDedupeRow,
  decodeHead,
  decodeLogRow,
  decodeMessage,
  type LogRow,
  type MessageFields,
} from '../../src/mailbox/rows.js';
import { crc32 } from '../../src/model/crc32.js';
import { parseUserId, partitionOf, type UserId } from '../../src/model/ids.js';
import { HEAD_KEY, type LoadedPartition, noteKey, type PartitionWrite } from '../../src/store/store.js';

/** The two mailboxes of the conversation: its home, and the other one. */
export const HOME = 0;
export const OTHER = 1;
export type Side = typeof HOME | typeof OTHER;

/** In words. */
export const NAMES = ['the home', 'the other mailbox'] as const;

/** Who owns them; in the order of their names, so the home's side is 0. */
export const OWNERS: readonly [UserId, UserId] = [parseUserId('h'), parseUserId('o')];

const CRCS = OWNERS.map((owner) => crc32(partitionOf(owner)));

/** Something is wrong in a state: what, in words. */
export class Violation extends Error {}

/** A message as it is stored. */
export interface Held extends MessageFields {
  readonly seq: number;
}

/** What a mailbox holds at one version: the rows as bytes, and what they say. Never changes. */
export interface Mailbox {
  readonly id: number;
  readonly side: Side;
  readonly version: number;
  readonly head: string | undefined;
  /** Key to value, one character a byte. */
  readonly rows: ReadonlyMap<string, string>;
  readonly begun: boolean;
  /** In the order of their seqs, which are 1, 2, … */
  readonly messages: readonly Held[];
  /** By direction and id. */
  readonly ids: ReadonlyMap<string, DedupeRow>;
  /** Oldest first. */
  readonly log: readonly LogRow[];
  /** The version that the mark named in the head says; `undefined` for none. */
  readonly base: number | undefined;
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
export const bytesOf = (row: string): Buffer => Buffer.from(row, 'latin1');

/**
 * Every content that a mailbox has had in a search, under a small number. A state of the search names contents by number, so that it stays short, and what is computed
 * of a content is computed once.
 */
export class MailboxTable {
  readonly #byKey = new Map<string, Mailbox>();
  readonly #all: Mailbox[] = [];
  readonly #applied = new Map<number, Mailbox>();

  /** The mailbox of a side in which nothing was ever committed. */
  empty(side: Side): Mailbox {
    return this.#intern(side, 0, undefined, new Map());
  }

  at(id: number): Mailbox {
    return this.#all[id]!;
  }

  /** What a write makes of a mailbox; whether it may be applied there is the caller's to say. */
  after(mailbox: Mailbox, write: PartitionWrite): Mailbox {
    const rows = new Map(mailbox.rows);
    for (const op of write.ops) {
      if (op.type === 'put') rows.set(text(op.key), text(op.value));
      else if (op.type === 'delete') rows.delete(text(op.key));
      else throw new Violation('a commit of send, delivery, mark or sweep deletes a range');
    }
    rows.set(text(noteKey(write.version)), text(write.note));
    return this.#intern(mailbox.side, write.version, write.head ? text(write.head) : mailbox.head, rows);
  }

  /** The same for a commit that has a number: found again without looking at rows. */
  afterCommit(mailbox: Mailbox, id: number, write: PartitionWrite): Mailbox {
    const key = mailbox.id * 65_536 + id;
    const known = this.#applied.get(key) ?? this.after(mailbox, write);
    this.#applied.set(key, known);
    return known;
  }

  /** What `Store.load` answers. */
  loaded({ version, head, rows }: Mailbox): LoadedPartition {
    if (version === 0) return { version };
    return { version, note: bytesOf(rows.get(text(noteKey(version)))!), ...(head !== undefined && { head: bytesOf(head) }) };
  }

  #intern(side: Side, version: number, head: string | undefined, rows: ReadonlyMap<string, string>): Mailbox {
    const key = JSON.stringify([side, version, head, [...rows].sort()]);
    let mailbox = this.#byKey.get(key);
    if (mailbox === undefined) {
      mailbox = { id: this.#all.length, side, version, head, rows, ...read(side, version, head, rows) };
      this.#all.push(mailbox);
      this.#byKey.set(key, mailbox);
    }
    return mailbox;
  }
}

/** Reads every row, and insists on what must hold in one mailbox whatever happened. */
function read(
  side: Side,
  version: number,
  head: string | undefined,
  rows: ReadonlyMap<string, string>,
): Pick<Mailbox, 'begun' | 'messages' | 'ids' | 'log' | 'base'> {
  const messages: Held[] = [];
  const ids = new Map<string, DedupeRow>();
  const log: LogRow[] = [];
  let begun = false;
  for (const [key, value] of rows) {
    const place = { partitionCrc: CRCS[side]!, key: bytesOf(key) };
    const parsed = parseKey(place.key);
    if (parsed?.kind === 'message') messages.push({ seq: parsed.seq, ...decodeMessage(bytesOf(value), place) });
    else if (parsed?.kind === 'dedupe') ids.set(`${parsed.direction}${parsed.id}`, decodeDedupeRow(bytesOf(value), place));
    else if (parsed?.kind === 'log') log.push(decodeLogRow(bytesOf(value), place, parsed.version));
    else if (parsed?.kind === 'conversation') begun = decodeConversationRow(bytesOf(value), place).homeSide === HOME;
    else throw new Violation(`a row that belongs to nothing: ${place.key.toString('hex')}`);
  }
  messages.sort((a, b) => a.seq - b.seq);
  log.sort((a, b) => a.version - b.version);
  const name = head === undefined ? undefined : decodeHead(bytesOf(head), { partitionCrc: CRCS[side]!, key: HEAD_KEY }).markName;
  insist(side, version, messages, ids, log, begun);
  return { begun, messages, ids, log, base: name?.length ? Buffer.from(name).readUIntBE(0, 6) : undefined };
}

function insist(side: Side, version: number, messages: readonly Held[], ids: ReadonlyMap<string, DedupeRow>, log: readonly LogRow[], begun: boolean): void {
  const where = NAMES[side];
  const seen = new Set<string>();
  for (const [i, { seq, number, incoming, clientMessageId, inNo, sentTimestamp }] of messages.entries()) {
    const name = nameOf(side, { incoming, clientMessageId });
    if (seq !== i + 1) throw new Violation(`gap: ${where} shows seq ${seq} without seq ${i + 1}`);
    if (seen.has(name)) throw new Violation(`twice: ${name} is in ${where} two times`);
    if (number > version || number <= (messages[i - 1]?.number ?? 0)) throw new Violation(`number ${number} of seq ${seq} in ${where} is out of order`);
    if (sentTimestamp <= (messages[i - 1]?.sentTimestamp ?? 0)) throw new Violation(`seq ${seq} in ${where} was not sent after the one before`);
    if (inNo !== messages.slice(0, seq).filter((message) => message.incoming).length)
      throw new Violation(`seq ${seq} in ${where} counts ${inNo} incoming messages`);
    if (!log.some((row) => row.changes.some((change, k) => change.seq === seq && row.version - k === number)))
      throw new Violation(`no log row of ${where} has seq ${seq}`);
    if (side === HOME && ids.get(`${incoming ? 1 : 0}${clientMessageId}`)?.seq !== seq) throw new Violation(`the id of seq ${seq} leads elsewhere`);
    seen.add(name);
  }
  if (ids.size !== (side === HOME ? messages.length : 0)) throw new Violation(`${where} has ${ids.size} ids for ${messages.length} messages`);
  if (messages.length > 0 && !begun) throw new Violation(`${where} has messages and no conversation row`);
}

/** A message by who sent it and its id: what makes two copies the same message. */
export function nameOf(side: Side, { incoming, clientMessageId }: Pick<MessageFields, 'incoming' | 'clientMessageId'>): string {
  const fromHome = incoming === (side === OTHER);
  return `${fromHome ? 'home' : 'other'}:${clientMessageId}`;
}
