import { crc32 } from '../model/crc32.js';
import type { UserId } from '../model/ids.js';
import { contentDigest } from './content-digest.js';
import type { Direction } from './keys.js';
import { CHANGE, type ConversationRow, type DedupeRow, type MessageFields } from './rows.js';
import { type LogCheck, LoggedConversation } from './verify-log.js';
import type { ProblemPlace, VerifyProblemKind } from './verify-problem.js';

/** What a conversation is checked against. */
export interface ConversationContext {
  readonly owner: UserId;
  readonly peer: UserId;
  readonly homeSide: 0 | 1;
  /** Whether this mailbox is the conversation's home. */
  readonly isHome: boolean;
  /** The mailbox's version when the check began; rows may be of later commits. */
  readonly version: number;
  readonly log: LogCheck;
  report(kind: VerifyProblemKind, text: string, place?: MessagePlace): void;
  /** Something that only commits above `version` can explain: a problem unless `holds` for the log of those. */
  expectLater(holds: (later: LogCheck) => boolean, kind: VerifyProblemKind, text: string, place?: MessagePlace): void;
}

type MessagePlace = Pick<ProblemPlace, 'seq'>;

/** A message that was read. */
export interface SeenMessage {
  readonly seq: number;
  readonly fields: MessageFields;
}

/** The last message that was read; the rows come newest first. */
interface Newer {
  readonly seq: number;
  readonly number: number;
  /** Messages from the peer below it. */
  readonly inBelow: number;
  readonly sentTimestamp: number;
}

const NOTHING_LOGGED = new LoggedConversation();
/** Stands for a message whose dedupe row was found. */
const FOUND = -1;

/** Checks the rows of one conversation in the order of their keys: its row, its messages from the newest on, its dedupe rows. */
export class ConversationCheck {
  readonly context: ConversationContext;
  /** Seq of the newest message, or the floor. */
  lastSeq = 0;
  /** Messages above the floor. */
  messages = 0;
  /** The newest message as of the version; `undefined` when none is visible. */
  newest: { readonly seq: number; readonly number: number; readonly inNo: number } | undefined;
  /** Whether visibility and unread follow from what was read. */
  certain = true;
  readonly #logged: LoggedConversation;
  #row: ConversationRow | undefined;
  #oldestSeq: number | undefined;
  #newer: Newer | undefined;
  #inAtMarker: number | undefined;
  /** In the home: fingerprints of what the dedupe rows have to say, by seq. */
  readonly #ids = new Map<number, number>();
  readonly #differing = new Set<number>();
  #unreadableIds = 0;

  constructor(context: ConversationContext) {
    this.context = context;
    this.#logged = context.log.conversations.get(context.peer) ?? NOTHING_LOGGED;
  }

  get floorSeq(): number {
    return this.#row?.floorSeq ?? 0;
  }

  /** Messages from the peer above the read marker, as of the version. */
  get unread(): number {
    return this.newest === undefined ? 0 : this.newest.inNo - (this.#row?.readIn ?? 0);
  }

  /** Takes the conversation's row; `undefined` for one that is missing or cannot be read. */
  row(row: ConversationRow | undefined): void {
    this.#row = row;
    this.certain = row !== undefined;
    this.lastSeq = this.floorSeq;
    if (row !== undefined && row.homeSide !== this.context.homeSide) {
      this.context.report('home-side', `a conversation names another home than its participants give it. stored=\`${row.homeSide}\``);
    }
  }

  /** Takes the next older message; `undefined` for one that cannot be read. What is at or below the floor counts as absent. */
  message(seq: number, fields: MessageFields | undefined): SeenMessage | undefined {
    if (seq === 0) this.context.report('seq', 'a message has seq 0', { seq });
    if (seq <= this.floorSeq) return undefined;
    if (this.messages++ === 0) this.lastSeq = seq;
    this.#insistDense(seq);
    this.#oldestSeq = seq;
    if (fields === undefined) {
      if (this.newest === undefined) this.certain = false;
      return undefined;
    }
    this.#follow(seq, fields.inNo, fields.sentTimestamp);
    const number = this.#checkNumbers(seq, fields);
    if (seq === this.#row?.readSeq) this.#inAtMarker = fields.inNo;
    if (fields.incoming && this.context.peer === this.context.owner) this.context.report('count', 'a message to oneself counts as incoming', { seq });
    this.#newer = { seq, number, inBelow: fields.inNo - (fields.incoming ? 1 : 0), sentTimestamp: fields.sentTimestamp };
    if (this.newest === undefined && number <= this.context.version) this.newest = { seq, number, inNo: fields.inNo };
    if (this.context.isHome) {
      const digest = fields.firstDigest ?? contentDigest(fields.content);
      this.#ids.set(seq, fingerprint(fields.incoming ? 1 : 0, fields.clientMessageId, fields.sentTimestamp, digest));
    }
    return { seq, fields };
  }

  /** Takes a dedupe row; `undefined` for one that cannot be read. */
  dedupe(direction: Direction, id: string, row: DedupeRow | undefined): void {
    const { context } = this;
    const seq = row?.seq ?? 0;
    if (!context.isHome) context.report('dedupe', `an id is stored in a mailbox that is not the home. id=\`${id}\``, row && { seq });
    else if (row === undefined) this.#unreadableIds++;
    else if (seq > this.floorSeq) this.#match(seq, this.#ids.get(seq), fingerprint(direction, id, row.sentTimestamp, row.digest), id);
  }

  #match(seq: number, expected: number | undefined, stored: number, id: string): void {
    const { context } = this;
    if (expected === stored) this.#ids.set(seq, FOUND);
    else if (expected !== undefined) {
      this.#differing.add(seq);
      context.report('dedupe', `an id is stored that is not its message's, or with another time or digest. id=\`${id}\``, { seq });
    } else if (seq > this.lastSeq && seq > this.#logged.newestSeq) {
      const came = (later: LogCheck) => later.conversations.get(context.peer)?.numberOf(seq) !== undefined;
      context.expectLater(came, 'dedupe', `an id is stored for a message that does not exist. id=\`${id}\``, { seq });
    }
  }

  /** Checks what can be said only now that all rows were taken. */
  end(): void {
    const row = this.#row;
    const { newestSeq, changedSeq } = this.#logged;
    if (newestSeq > this.lastSeq) {
      this.#uncertain('last-seq', `the newest message of the log is missing. newest-row=\`${this.lastSeq}\``, newestSeq);
    }
    if (changedSeq > Math.max(this.lastSeq, newestSeq)) this.context.report('number', 'the log changes a message that does not exist', { seq: changedSeq });
    if (row !== undefined) {
      if (this.lastSeq === 0 && newestSeq === 0) this.context.report('conversation', 'a conversation has a row and no message');
      this.#insistDense(row.floorSeq);
      this.#follow(row.floorSeq, row.floorIn, row.floorTimestamp);
      this.#checkMarker(row);
    }
    let unreadable = this.#unreadableIds;
    for (const [seq, expected] of this.#ids) {
      if (expected === FOUND || this.#differing.has(seq) || unreadable-- > 0) continue;
      this.context.report('dedupe', 'a message has no dedupe row', { seq });
    }
  }

  #insistDense(seq: number): void {
    if (this.#oldestSeq === undefined || this.#oldestSeq <= seq + 1) return;
    this.context.report('seq', `messages are missing. from=\`${seq + 1}\` to=\`${this.#oldestSeq - 1}\``, { seq: seq + 1 });
  }

  /** Compares a message, or the floor, with the newer message that was read before it; between the two there may be some that are missing or unreadable. */
  #follow(seq: number, inNo: number, sentTimestamp: number): void {
    const newer = this.#newer;
    if (newer === undefined) return;
    const between = newer.inBelow - inNo;
    if (between < 0 || between > newer.seq - seq - 1) {
      this.#uncertain(
        'count',
        `the count of incoming messages does not follow from the message before. incoming-below=\`${newer.inBelow}\` before=\`${inNo}\``,
        newer.seq,
      );
    }
    if (sentTimestamp < newer.sentTimestamp) return;
    const times = `this=\`${newer.sentTimestamp}\` before=\`${sentTimestamp}\``;
    this.context.report('sent-timestamp', `sentTimestamp is not above that of the message before. ${times}`, { seq: newer.seq });
  }

  /** Checks a message's numbers against its changes in the log; gives the one it came with. */
  #checkNumbers(seq: number, { number, updated }: MessageFields): number {
    const { context } = this;
    const { log, peer, version } = context;
    const logged = this.#logged.numberOf(seq);
    const facts = `number=\`${number}\` logged=\`${logged}\` version=\`${version}\``;
    const kind = seq > this.#logged.newestSeq ? 'last-seq' : 'number';
    if (logged !== undefined) {
      if (logged !== number) context.report('number', `a message's number is not its change's. ${facts}`, { seq });
    } else if (number > version) {
      const came = (later: LogCheck) => later.conversations.get(peer)?.numberOf(seq) === number;
      context.expectLater(came, kind, `a message is not in the log. ${facts}`, { seq });
    } else if (number === 0 || !log.knowsNothingOf(number)) {
      if (this.newest === undefined) this.certain = false;
      context.report(kind, `a message is not in the log. ${facts}`, { seq });
    } else if (this.#newer !== undefined && number >= this.#newer.number) {
      context.report('number', `a message's number is not below the next one's. ${facts}`, { seq });
    }
    const changed = this.#logged.changedAt(seq);
    const isWrong = changed === undefined ? updated < number || !log.knowsNothingOf(updated) : !log.isUnreadable(updated);
    if (updated !== (changed ?? number) && isWrong) {
      context.report('number', `a message's last change is not the one in the log. updated=\`${updated}\` logged=\`${changed}\` number=\`${number}\``, { seq });
    }
    return logged ?? number;
  }

  #checkMarker({ number, floorSeq, floorIn, floorTimestamp, readSeq, readIn }: ConversationRow): void {
    const { context, lastSeq } = this;
    const facts = `floor=\`${floorSeq}\` read=\`${readSeq}\` last=\`${lastSeq}\``;
    if (readSeq < floorSeq || readSeq > lastSeq) context.report('marker', `a read marker is not between floor and newest message. ${facts}`);
    if (number === 0 && floorSeq + floorIn + floorTimestamp + readSeq + readIn > 0) {
      context.report('marker', `a marker or floor is set that no change has moved. ${facts}`);
    }
    const inAtMarker = readSeq === floorSeq ? floorIn : this.#inAtMarker;
    if (inAtMarker !== undefined && inAtMarker !== readIn) {
      this.#uncertain('count', `the count of read messages is not the one at the marker. stored=\`${readIn}\` there=\`${inAtMarker}\``, readSeq);
    }
    const change = this.#logged.rowChange;
    if (context.log.isUnreadable(number)) return;
    if (change === undefined ? !context.log.knowsNothingOf(number) : change.number !== number) {
      this.certain = false;
      context.report('number', `the number of a conversation's row is not its change's. number=\`${number}\` logged=\`${change?.number}\``);
    } else if (change !== undefined && change.seq !== (change.kind === CHANGE.floor ? floorSeq : readSeq)) {
      context.report('marker', `a marker or floor is not where its change moved it. logged=\`${change.seq}\` ${facts}`);
    }
  }

  #uncertain(kind: VerifyProblemKind, text: string, seq: number): void {
    this.certain = false;
    this.context.report(kind, text, { seq });
  }
}

/** What a dedupe row has to say of its message, as short as a row's checksum: it stands for every message of a conversation at once. */
function fingerprint(direction: Direction, id: string, sentTimestamp: number, digest: string): number {
  return crc32(Buffer.from(`${direction}${digest}${sentTimestamp} ${id}`));
}
