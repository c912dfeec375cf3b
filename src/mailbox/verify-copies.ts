import { crc32 } from '../model/crc32.js';
import { partitionOf } from '../model/ids.js';
import type { Row } from '../store/store.js';
import { parseKey } from './keys.js';
import { decodeConversationRow, decodeMessage, type MessageFields } from './rows.js';
import type { ConversationCheck, SeenMessage } from './verify-conversation.js';
import { type ProblemList, type Report, reportTo } from './verify-problem.js';
import { openRow } from './verify-row.js';

/** How far the other participant's copy of a conversation reaches. */
export interface PeerCopy {
  readonly conversation: ConversationCheck;
  readonly report: Report;
  /** What is at or below is not compared; `Infinity` where nothing can be. */
  readonly floorSeq: number;
  readonly lastSeq: number;
}

/** How two copies are compared. */
export interface Comparison {
  /** What of the other mailbox is damaged in itself is said when that one is checked. `alone`: it will not be, so it is said here. */
  readonly alone: boolean;
  /** Whether what the mailbox that is not the home lacks at its end is still to be delivered, and so no problem. */
  readonly owed: boolean;
  readonly problems: ProblemList;
}

/** Reads the beginning of the other copy (its row and newest message) and compares how far both go. */
export function openPeerCopy(conversation: ConversationCheck, rows: readonly Row[], { alone, owed, problems }: Comparison): PeerCopy {
  const { owner, peer, homeSide, isHome } = conversation.context;
  const reportOf = reportTo(problems, owner);
  const report: Report = (kind, text, place) => reportOf(kind, text, { ...place, peer });
  const nothing = { conversation, report, floorSeq: Number.POSITIVE_INFINITY, lastSeq: 0 };
  if (rows.length === 0) {
    if (!isHome || !owed) report('copies', 'the other participant has no copy of the conversation');
    return nothing;
  }
  const keys = rows.map(({ key }) => parseKey(key));
  const first = keys.findIndex((key) => key?.kind === 'conversation');
  const row = first < 0 ? undefined : openRow(rows[first]!, crc32(partitionOf(peer)), decodeConversationRow, '', ignore);
  if (row === undefined) {
    if (alone) report('copies', "the row of the other participant's copy is missing or cannot be read");
    return nothing;
  }
  if (alone && row.homeSide !== homeSide) report('home-side', `the other participant's copy names another home. stored=\`${row.homeSide}\``);
  const newest = keys.find((key) => key?.kind === 'message');
  const lastSeq = Math.max(newest?.kind === 'message' ? newest.seq : 0, row.floorSeq);
  const lacks = isHome ? conversation.lastSeq - lastSeq : lastSeq - conversation.lastSeq;
  if (lacks < 0 || (lacks > 0 && !owed)) {
    report('copies', `the two copies end at different messages. here=\`${conversation.lastSeq}\` there=\`${lastSeq}\``);
  }
  return { conversation, report, floorSeq: row.floorSeq, lastSeq };
}

/** Compares messages with those of the same seqs in the other mailbox, whose `rows` these are. */
export function compareCopies(
  messages: readonly SeenMessage[],
  { conversation, report, floorSeq, lastSeq }: PeerCopy,
  rows: readonly Row[],
  alone: boolean,
): void {
  const { owner, peer } = conversation.context;
  const partitionCrc = crc32(partitionOf(peer));
  const theirs = new Map<number, Row>();
  for (const row of rows) {
    const key = parseKey(row.key);
    if (key?.kind === 'message') theirs.set(key.seq, row);
  }
  for (const { seq, fields } of messages) {
    if (seq <= floorSeq || seq > lastSeq) continue;
    const row = theirs.get(seq);
    const other = row && openRow(row, partitionCrc, decodeMessage, '', ignore);
    if (row === undefined) report('copies', "a message is missing in the other participant's copy", { seq });
    else if (other === undefined) {
      if (alone) report('copies', "a message of the other participant's copy cannot be read", { seq });
    } else {
      const differing = SAME.filter((name) => fields[name] !== other[name]);
      const sender = (fields.incoming ? peer : owner) === (other.incoming ? owner : peer);
      if (differing.length > 0 || !sender)
        report('copies', `the two copies of a message differ. in=\`${sender ? differing : ['sender', ...differing]}\``, { seq });
    }
  }
}

/** Fields that are the same in both copies. */
const SAME = ['clientMessageId', 'content', 'sentTimestamp', 'revision', 'edited', 'deleted', 'firstDigest'] as const satisfies (keyof MessageFields)[];

const ignore: Report = () => undefined;
