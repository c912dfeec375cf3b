import { crc32 } from '../model/crc32.js';
import type { Hash64 } from '../model/hash.js';
import { homeSideOf, participantsOf, partitionOf, type UserId } from '../model/ids.js';
import { HEAD_KEY, type LoadedPartition, type Row, versionOfNoteKey } from '../store/store.js';
import { type ParsedKey, parseKey } from './keys.js';
import {
  decodeConversationRow,
  decodeDedupeRow,
  decodeHead,
  decodeLogRow,
  decodeMessage,
  decodeOldListRow,
  FRESH_HEAD,
  type Head,
  type LogRow,
  type OldListRow,
  type Place,
} from './rows.js';
import { ConversationCheck, type SeenMessage } from './verify-conversation.js';
import { LogCheck } from './verify-log.js';
import { ProblemList, type Report, reportTo } from './verify-problem.js';
import { hex, openRow } from './verify-row.js';

/** Messages of one conversation without a gap, newest first, to be compared with the other participant's copy. Empty where no message is visible. */
export interface CopyRun {
  readonly conversation: ConversationCheck;
  readonly messages: SeenMessage[];
}

/** A problem unless a later commit explains it. */
interface Expectation {
  readonly holds: (later: LogCheck) => boolean;
  readonly report: () => void;
}

/**
 * Checks what one mailbox stores, as of the version it had when the check began: pure, fed with all rows in the order of their keys. Commits may go on meanwhile; what
 * they bring has numbers above that version, which the log above it has to explain. Trims, markers and floors that come meanwhile can look like damage.
 */
export class MailboxCheck {
  readonly problems = new ProblemList();
  /** Visible messages. */
  messages = 0;
  readonly version: number;
  readonly #owner: UserId;
  readonly #hash: Hash64;
  readonly #partitionCrc: number;
  readonly #report: Report;
  readonly #head: Head;
  readonly #log: LogCheck;
  readonly #later: LogCheck;
  readonly #expectations: Expectation[] = [];
  readonly #oldList = new Map<UserId, OldListRow & { readonly activity: number }>();
  #current: ConversationCheck | undefined;
  /** Whether a run of the current conversation was given. */
  #compared = false;
  #runs: CopyRun[] = [];
  /** Changes in the log rows that the head counts; NaN where one of them cannot be read. */
  #counted = 0;
  #conversations = 0;
  #unread = 0;
  #certain = true;

  constructor(owner: UserId, { version, head }: LoadedPartition, hash: Hash64) {
    this.version = version;
    this.#owner = owner;
    this.#hash = hash;
    this.#partitionCrc = crc32(partitionOf(owner));
    this.#report = reportTo(this.problems, owner);
    this.#head = this.#openHead(head);
    const { deltaFloor, reset } = this.#head;
    this.#log = new LogCheck(reset === 0 || deltaFloor > reset ? deltaFloor : undefined, this.#report);
    this.#later = new LogCheck(version, this.#report);
  }

  /** Takes the next rows; gives what of them is to be compared with other mailboxes. */
  feed(rows: readonly Row[]): readonly CopyRun[] {
    for (const row of rows) {
      const key = parseKey(row.key);
      if (key === undefined) this.#report('key', `a key is none of the layout. key=\`${hex(row.key)}\``);
      else this.#take(key, row);
    }
    return this.#takeRuns();
  }

  /** Says that all rows were taken. */
  end(): readonly CopyRun[] {
    this.#endConversation();
    const { newest, newestRow, conversations } = this.#log;
    if (newest !== this.version) this.#report('log', `the newest log row is not the version. log=\`${newest}\` version=\`${this.version}\``);
    const counts = this.#head.logged?.changes;
    if (counts !== undefined && counts !== this.#counted && !Number.isNaN(this.#counted))
      this.#report('head', `the head counts other changes than the log has. stored=\`${counts}\` counted=\`${this.#counted}\``);
    for (const peer of conversations.keys()) this.#lost('conversation', 'the log names a conversation of which nothing is stored', peer);
    for (const [peer, { activity }] of this.#oldList)
      this.#lost('old-list', `the old list names a conversation that is not beyond the log. activity=\`${activity}\``, peer);
    if (newestRow !== undefined && this.#certain && (newestRow.conversations !== this.#conversations || newestRow.unread !== this.#unread)) {
      const { conversations, unread } = newestRow;
      const facts = `conversations=\`${conversations}\` recomputed=\`${this.#conversations}\` unread=\`${unread}\` recomputed=\`${this.#unread}\``;
      this.#report('totals', `the totals of the newest log row are not those of the conversations. ${facts}`);
    }
    return this.#takeRuns();
  }

  /** Whether something can only be explained by commits above {@link version}: their log rows are wanted, newest first, then {@link settle}. */
  get unsettled(): boolean {
    return this.#expectations.length > 0;
  }

  /** Takes log rows above the version. */
  feedLater(rows: readonly Row[]): void {
    for (const row of rows) this.#later.add(versionOfNoteKey(row.key), this.#openLog(row));
  }

  /** Reports what no later commit explains. */
  settle(): void {
    for (const { holds, report } of this.#expectations.splice(0)) if (!holds(this.#later)) report();
  }

  #take(key: ParsedKey, row: Row): void {
    if (key.kind === 'log') {
      if (key.version <= this.version) this.#takeLog(key.version, this.#openLog(row));
    } else if (key.kind === 'old-list') this.#takeOldList(key.activity, row);
    else {
      if (this.#current?.context.peer !== key.peer) this.#begin(key.peer, key.kind);
      this.#takeInto(this.#current!, key, row);
    }
  }

  #takeLog(version: number, row: LogRow | undefined): void {
    const { deltaFloor, reset, logged } = this.#head;
    // What a reset has put out of reach of deltas may still be there; a trim deletes what it does.
    if (version <= deltaFloor && deltaFloor > reset && deltaFloor <= this.version) {
      this.#report('log', `a log row is left where the log was trimmed. version=\`${version}\` delta-floor=\`${deltaFloor}\``);
    }
    if (version <= (logged?.at ?? 0)) this.#counted += row?.changes.length ?? Number.NaN;
    this.#log.add(version, row);
  }

  #takeInto(conversation: ConversationCheck, key: Extract<ParsedKey, { readonly peer: UserId }>, row: Row): void {
    const { peer } = key;
    const open = <T>(decode: (value: Uint8Array, place: Place) => T, what: string, seq?: number) =>
      openRow(row, this.#partitionCrc, decode, what, this.#report, seq === undefined ? { peer } : { peer, seq });
    if (key.kind === 'conversation') conversation.row(open(decodeConversationRow, "a conversation's row"));
    else if (key.kind === 'message') this.#addToRun(conversation, conversation.message(key.seq, open(decodeMessage, 'a message', key.seq)));
    else conversation.dedupe(key.direction, key.id, open(decodeDedupeRow, 'a dedupe row'));
  }

  #begin(peer: UserId, kind: ParsedKey['kind']): void {
    this.#endConversation();
    this.#compared = false;
    const participants = participantsOf(this.#owner, peer);
    const homeSide = homeSideOf(participants, this.#hash);
    this.#current = new ConversationCheck({
      owner: this.#owner,
      peer,
      homeSide,
      isHome: participants[homeSide] === this.#owner,
      version: this.version,
      log: this.#log,
      report: (kind, text, place) => this.#report(kind, text, { ...place, peer }),
      expectLater: (holds, kind, text, place) => {
        this.#expectations.push({ holds, report: () => this.#report(kind, text, { ...place, peer }) });
      },
    });
    if (kind === 'conversation') return;
    this.#current.row(undefined);
    this.#report('conversation', 'messages or ids are stored without their conversation', { peer });
  }

  #endConversation(): void {
    const conversation = this.#current;
    if (conversation === undefined) return;
    this.#current = undefined;
    conversation.end();
    const { newest, unread, messages, certain, context } = conversation;
    if (!this.#compared) this.#runs.push({ conversation, messages: [] });
    this.messages += messages;
    this.#certain &&= certain;
    if (newest !== undefined) {
      this.#conversations++;
      this.#unread += unread;
      if (newest.number <= this.#log.end) this.#checkOldList(context.peer, newest);
    }
    this.#log.conversations.delete(context.peer);
  }

  #addToRun(conversation: ConversationCheck, message: SeenMessage | undefined): void {
    if (message === undefined) return;
    this.#compared = true;
    const run = this.#runs.at(-1);
    if (run?.conversation === conversation && run.messages.at(-1)?.seq === message.seq + 1) run.messages.push(message);
    else this.#runs.push({ conversation, messages: [message] });
  }

  #takeRuns(): readonly CopyRun[] {
    const runs = this.#runs;
    this.#runs = [];
    return runs;
  }

  #takeOldList(activity: number, row: Row): void {
    const fields = openRow(row, this.#partitionCrc, decodeOldListRow, 'a row of the old list', this.#report);
    if (fields === undefined) return;
    const { peer } = fields;
    if (this.#oldList.has(peer)) this.#report('old-list', `a conversation stands twice in the old list. activity=\`${activity}\``, { peer });
    else this.#oldList.set(peer, { ...fields, activity });
  }

  /** A conversation whose newest message left the log stands in the old list, with that message. */
  #checkOldList(peer: UserId, { seq, number }: { readonly seq: number; readonly number: number }): void {
    const row = this.#oldList.get(peer);
    this.#oldList.delete(peer);
    if (row?.activity === number && row.seq === seq) return;
    this.#report('old-list', `a conversation beyond the log is not in the old list as it is. activity=\`${row?.activity}\` number=\`${number}\``, {
      peer,
      seq,
    });
  }

  #lost(kind: 'conversation' | 'old-list', text: string, peer: UserId): void {
    this.#certain = false;
    this.#report(kind, text, { peer });
  }

  #openLog(row: Row) {
    const version = versionOfNoteKey(row.key);
    return openRow(row, this.#partitionCrc, (value, place) => decodeLogRow(value, place, version), `the log row of version ${version}`, this.#report);
  }

  #openHead(value: Uint8Array | undefined): Head {
    const head = value && openRow({ key: HEAD_KEY, value }, this.#partitionCrc, decodeHead, 'the head', this.#report);
    if (head === undefined) return FRESH_HEAD;
    const { deltaFloor, reset, reason, logged } = head;
    if (Math.max(deltaFloor, logged?.at ?? 0) > this.version || reset > deltaFloor || (reset === 0) !== (reason === 0)) {
      this.#report(
        'head',
        `the head's numbers contradict each other. delta-floor=\`${deltaFloor}\` reset=\`${reset}\` reason=\`${reason}\` version=\`${this.version}\``,
      );
    }
    return head;
  }
}
