import type { UserId } from '../model/ids.js';
import { U48_MAX } from '../model/limits.js';
import type { ConversationState } from './conversation-state.js';
import type { MailboxView, OldConversation } from './mailbox-view.js';
import { isOfList } from './needs.js';
import { CHANGE } from './rows.js';

/** Where a message stands. */
export interface MessagePlace {
  readonly conversation: ConversationState;
  readonly seq: number;
}

/** A conversation in the merge: its next message, whose number is known, and how many it has given. */
interface Head extends MessagePlace {
  readonly number: number;
  readonly given: number;
}

/** What the log has of one conversation. */
interface LoggedSeqs {
  readonly newest: number;
  oldest: number;
}

/**
 * Where a walk beyond the log has come to, so that the next page goes on there. It holds for as long as no commit deletes rows: what is beyond the log has no other way to
 * change.
 */
export interface PlaceBeyondLog {
  /** Every message below this number is still to come. */
  readonly border: number;
  /** The mailbox's count of removals when it was taken. */
  readonly removals: number;
  readonly heads: readonly Head[];
  /** Conversations of the old list below this activity have not joined. */
  readonly oldBelow: number;
}

/**
 * The messages of the whole mailbox that have left the log, those below number `before`, by number, newest first: a merge of the conversations' messages, in each of which numbers
 * increase with seq. Conversations of the log take part from the beginning, those of the old list when the merge comes to their newest message. A border beyond the log tells of no
 * conversation where it goes on: that is searched in each that stands above it, unless a page has ended there. Gives nothing more, with needs noted, where something has not been
 * read so far.
 */
export class MessagesBeyondLog {
  readonly #view: MailboxView;
  readonly #merge: Merge | undefined;
  readonly #before: number;

  constructor(view: MailboxView, before: number) {
    this.#view = view;
    this.#before = before;
    const { head, placeBeyondLog: place, removals } = view.state;
    if (head.deltaFloor === 0) return;
    if (place !== undefined && place.removals === removals && before <= place.border) this.#merge = new Merge(view, place.border, place.heads, place.oldBelow);
    else this.#merge = this.#begin();
  }

  next(): MessagePlace | undefined {
    for (;;) {
      const place = this.#merge?.next();
      if (place === undefined || place.number < this.#before) return place;
    }
  }

  /** What stands behind the message given last. */
  place(): PlaceBeyondLog | undefined {
    return this.#merge?.place();
  }

  #begin(): Merge | undefined {
    const view = this.#view;
    const { logged, above } = seqsOfLog(view);
    if (view.needs.some(isOfList)) return undefined;
    const merge = new Merge(view, Math.min(this.#before, above));
    for (const [peer, { newest, oldest }] of logged) merge.join(view.conversation(peer, newest), oldest - 1, this.#before < above);
    return merge;
  }
}

/** The conversations of the log with their newest and oldest message there, and the lowest number that the log has. */
function seqsOfLog(view: MailboxView): { readonly logged: ReadonlyMap<UserId, LoggedSeqs>; readonly above: number } {
  const logged = new Map<UserId, LoggedSeqs>();
  let above = U48_MAX;
  for (const { version, changes } of view.logDown(Number.POSITIVE_INFINITY)) {
    above = version - changes.length + 1;
    for (const { kind, peer, seq } of changes) {
      if (kind !== CHANGE.message) continue;
      const known = logged.get(peer);
      if (known === undefined) logged.set(peer, { newest: seq, oldest: seq });
      else known.oldest = seq;
    }
  }
  return { logged, above };
}

class Merge {
  readonly #view: MailboxView;
  /** What is still to come has numbers below this one. */
  #edge: number;
  /** By number, lowest first. */
  readonly #heads: Head[];
  #old: Iterator<OldConversation, void> | undefined;
  #nextOld: IteratorResult<OldConversation, void> | undefined;
  #oldBelow: number;
  /** Something that may come first has to be read. */
  #waits = false;

  constructor(view: MailboxView, edge: number, heads: readonly Head[] = [], oldBelow = U48_MAX) {
    this.#view = view;
    this.#edge = edge;
    this.#heads = [...heads];
    this.#oldBelow = oldBelow;
  }

  /** Takes a conversation in, with its newest message up to `top` whose number is below the edge. */
  join(conversation: ConversationState | undefined, top: number, search: boolean): void {
    if (conversation === undefined) this.#waits = true;
    else this.#push(conversation, search ? this.#searched(conversation, top) : top, 0);
  }

  place(): PlaceBeyondLog {
    // Numbers that were read ahead are of one call: the next one begins with few again.
    const heads = this.#heads.map((head) => ({ ...head, given: 0 }));
    return { border: this.#edge, removals: this.#view.state.removals, heads, oldBelow: this.#oldBelow };
  }

  next(): Head | undefined {
    const view = this.#view;
    this.#old ??= view.oldList(this.#oldBelow, OLD_LIST_ROWS);
    this.#nextOld ??= this.#old.next();
    for (; !this.#nextOld.done && this.#nextOld.value.activity > (this.#heads.at(-1)?.number ?? 0); this.#nextOld = this.#old.next()) {
      this.#oldBelow = this.#nextOld.value.activity;
      this.#joinOld(this.#nextOld.value);
    }
    if (this.#waits || view.needs.some(isOfList)) return undefined;
    const head = this.#heads.pop();
    if (head === undefined) return undefined;
    this.#edge = head.number;
    this.#push(head.conversation, head.seq - 1, head.given + 1);
    return head;
  }

  #joinOld({ peer, seq, activity }: OldConversation): void {
    const conversation = this.#view.conversation(peer, seq);
    // Not where a message has brought it back into the log since that was read.
    if (conversation === undefined || conversation.activity === activity) this.join(conversation, seq, activity >= this.#edge);
  }

  #push(conversation: ConversationState, seq: number | undefined, given: number): void {
    if (seq !== undefined && seq <= conversation.floorSeq) return;
    // What a conversation has given, it is likely to give again.
    const number = seq && this.#view.numberOf(conversation, seq, Math.min(Math.max(given, 1), seq - conversation.floorSeq));
    if (seq === undefined || number === undefined) {
      this.#waits = true;
      return;
    }
    let at = this.#heads.length;
    for (let low = 0; low < at; ) {
      const middle = (low + at) >>> 1;
      if (this.#heads[middle]!.number > number) at = middle;
      else low = middle + 1;
    }
    this.#heads.splice(at, 0, { conversation, seq, number, given });
  }

  /** The newest message up to `top` whose number is below the edge; the floor where there is none. */
  #searched(conversation: ConversationState, top: number): number | undefined {
    let low = conversation.floorSeq + 1;
    let high = top;
    while (low <= high) {
      const middle = Math.floor((low + high) / 2);
      const number = this.#view.numberOf(conversation, middle, 1);
      if (number === undefined) return undefined;
      if (number < this.#edge) low = middle + 1;
      else high = middle - 1;
    }
    return high;
  }
}

/** Rows of the first scan of the old list. */
const OLD_LIST_ROWS = 64;
