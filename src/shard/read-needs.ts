import { ConversationState } from '../mailbox/conversation-state.js';
import {
  conversationKey,
  conversationPrefix,
  conversationRange,
  dedupeKey,
  dedupeRange,
  type KeyRange,
  logRange,
  messageKey,
  messageRange,
  oldListRange,
  parseKey,
} from '../mailbox/keys.js';
import type { MailboxView } from '../mailbox/mailbox-view.js';
import type { Need } from '../mailbox/needs.js';
import { decodeConversationRow, decodeDedupeRow, decodeLogRow, decodeMessage, decodeOldListRow, type LogRow } from '../mailbox/rows.js';
import { type StoredMessage, storedMessage } from '../mailbox/stored-message.js';
import { corrupt } from '../model/errors.js';
import type { UserId } from '../model/ids.js';
import { MERGE_READS_MAX, U48_MAX } from '../model/limits.js';
import { type Row, type Store, versionOfNoteKey } from '../store/store.js';

type Needed<K extends Need['kind']> = Need & { readonly kind: K };

/**
 * Reads what a plan or an answer lacks and puts it where the next run finds it: conversations into the mailbox's state, the rest into the request's view. Rows of
 * known keys come in one `read`; every need beyond that is one `scan`, and all of them go out together.
 *
 * @throws `MAILRING_CORRUPT`, and what the store throws
 */
export async function readNeeds(store: Store, view: MailboxView, needs: readonly Need[]): Promise<void> {
  await new NeedsReader(store, view).read(needs);
}

class NeedsReader {
  readonly #store: Store;
  readonly #view: MailboxView;

  constructor(store: Store, view: MailboxView) {
    this.#store = store;
    this.#view = view;
  }

  async read(needs: readonly Need[]): Promise<void> {
    const conversations = new Map<UserId, Needed<'conversation'>>();
    const points: { readonly key: Uint8Array; readonly found: (value: Uint8Array | undefined) => void }[] = [];
    const scans: Promise<void>[] = [];
    let numbers = 0;
    for (const need of needs) {
      if (need.kind === 'conversation') conversations.set(need.peer, need);
      else if (need.kind === 'message') {
        const key = messageKey(need.conversation.prefix, need.seq);
        points.push({
          key,
          found: (value) => this.#view.foundMessage(need.conversation, need.seq, value === undefined ? null : this.#message(key, value, need.seq)),
        });
      } else if (need.kind === 'numbers' && need.count === 1) {
        // What is left over is asked for again.
        if (numbers++ < MERGE_READS_MAX) points.push(this.#number(need));
      } else scans.push(this.#scanFor(need));
    }
    for (const { peer, newestSeq } of conversations.values()) {
      if (newestSeq === undefined) {
        scans.push(this.#scanConversation(peer));
        continue;
      }
      const prefix = conversationPrefix(peer);
      let row: Uint8Array | undefined;
      points.push({
        key: conversationKey(prefix),
        found: (value) => {
          row = value;
        },
      });
      points.push({ key: messageKey(prefix, newestSeq), found: (newest) => this.#hold(peer, row, newest && { seq: newestSeq, value: newest }, newestSeq) });
    }
    if (points.length > 0) scans.push(this.#readPoints(points));
    await Promise.all(scans);
  }

  #number({ conversation, seq }: Needed<'numbers'>): { readonly key: Uint8Array; readonly found: (value: Uint8Array | undefined) => void } {
    const key = messageKey(conversation.prefix, seq);
    return {
      key,
      found: (value) => {
        if (value === undefined) throw corrupt('a message between the floor and the newest is missing', { conversationId: conversation.conversationId, seq });
        this.#view.foundNumber(conversation, seq, decodeMessage(value, this.#view.state.place(key)).number);
      },
    };
  }

  /** Reads a few at a time: of each only the number is kept. */
  async #scanNumbers({ conversation, seq, count }: Needed<'numbers'>): Promise<void> {
    const { prefix, conversationId } = conversation;
    for (let top = seq; top > seq - count; top -= MERGE_READS_MAX) {
      const bottom = Math.max(top - MERGE_READS_MAX, seq - count) + 1;
      const rows = await this.#scan({ ...messageRange(prefix, top, bottom), limit: MERGE_READS_MAX });
      if (rows.length <= top - bottom) throw corrupt('a message between the floor and the newest is missing', { conversationId, top, bottom });
      for (const row of rows) this.#view.foundNumber(conversation, seqOf(row), decodeMessage(row.value, this.#view.state.place(row.key)).number);
    }
  }

  async #readPoints(points: readonly { readonly key: Uint8Array; readonly found: (value: Uint8Array | undefined) => void }[]): Promise<void> {
    const keys = points.map(({ key }) => key);
    const values = await this.#store.read(this.#view.state.partition, keys);
    for (const [i, { found }] of points.entries()) found(values[i]);
  }

  #scanFor(need: Exclude<Need, Needed<'conversation' | 'message'>>): Promise<void> {
    switch (need.kind) {
      case 'messages':
        return this.#scanMessages(need);
      case 'numbers':
        return this.#scanNumbers(need);
      case 'id':
        return this.#lookUpId(need);
      case 'log-down':
        return this.#scanLogDown(need);
      case 'log-up':
        return this.#scanLogUp(need);
      case 'old-list':
        return this.#scanOldList(need);
    }
  }

  async #scanConversation(peer: UserId): Promise<void> {
    const rows = await this.#scan({ ...conversationRange(conversationPrefix(peer)), limit: 2 });
    const row = rows.find(({ key }) => parseKey(key)?.kind === 'conversation')?.value;
    const newest = rows.find(({ key }) => parseKey(key)?.kind === 'message');
    this.#hold(peer, row, newest && { seq: seqOf(newest), value: newest.value }, row === undefined ? 0 : 1);
  }

  /** `sent`: messages of the conversation up to this seq are known to have been there. */
  #hold(peer: UserId, row: Uint8Array | undefined, newest: { readonly seq: number; readonly value: Uint8Array } | undefined, sent: number): void {
    const { state } = this.#view;
    // A commit has brought it into memory while it was read: what was read is older.
    if (state.conversations.has(peer)) return;
    const prefix = conversationPrefix(peer);
    const fields = row && decodeConversationRow(row, state.place(conversationKey(prefix)));
    if (fields === undefined && newest !== undefined) throw corrupt('a conversation has messages and no row', { userId: state.owner, peer });
    // A lost row taken for none would give its seqs away a second time.
    if (newest === undefined && sent > (fields?.floorSeq ?? 0)) throw corrupt('the newest message of a conversation is missing', { userId: state.owner, peer });
    const visible = newest !== undefined && newest.seq > fields!.floorSeq ? this.#message(messageKey(prefix, newest.seq), newest.value, newest.seq) : undefined;
    const conversation = new ConversationState(state.owner, peer, fields, visible);
    // Rows above the state's version are somebody else's commit: the state is behind.
    if (conversation.lastChange > state.version) this.#view.stale = true;
    else state.hold(conversation);
  }

  async #scanMessages({ conversation, top, bottom }: Needed<'messages'>): Promise<void> {
    const rows = await this.#scan({ ...messageRange(conversation.prefix, top, bottom), limit: top - bottom + 1 });
    const messages = rows.map((row) => this.#message(row.key, row.value, seqOf(row)));
    // What is missing is noted as missing, so that the next run says so instead of asking again.
    for (let seq = top; seq >= bottom; seq--) this.#view.foundMessage(conversation, seq, null);
    for (const message of messages) this.#view.foundMessage(conversation, message.seq, message);
    if (messages.length === top - bottom + 1) this.#view.state.grow(conversation.keep(messages.toReversed()));
  }

  /** The first look-up of a conversation reads its id only; the second learns the greatest id too, from where on increasing ids need none. */
  async #lookUpId({ conversation, direction, id }: Needed<'id'>): Promise<void> {
    const { state } = this.#view;
    const asOfSeq = conversation.lastSeq;
    const known = conversation.ids[direction];
    const learn = known.greatest === undefined && known.lookUps++ > 0;
    const key = dedupeKey(conversation.prefix, direction, id);
    const [values, last] = await Promise.all([
      this.#store.read(state.partition, [key]),
      learn ? this.#scan({ ...dedupeRange(conversation.prefix, direction), reverse: true, limit: 1 }) : undefined,
    ]);
    if (last !== undefined) conversation.learnGreatest(direction, last[0] === undefined ? '' : idOf(last[0]));
    this.#view.foundId(conversation, asOfSeq, values[0] === undefined ? null : decodeDedupeRow(values[0], state.place(key)));
  }

  async #scanLogDown(need: Needed<'log-down'>): Promise<void> {
    const [border, rows] = await Promise.all([
      need.enter ? this.#scanLog(logRange(U48_MAX, need.below), 1, true) : [],
      need.below > 1 ? this.#scanLog(logRange(need.below - 1, 0), need.rows, false) : [],
    ]);
    this.#view.foundLogDown(need, [...border, ...rows], rows.length < need.rows);
  }

  async #scanLogUp(need: Needed<'log-up'>): Promise<void> {
    const rows = need.below - need.above > 1 ? await this.#scanLog(logRange(need.below - 1, need.above + 1), need.rows, true) : [];
    this.#view.foundLogUp(need, rows, rows.length < need.rows);
  }

  async #scanOldList(need: Needed<'old-list'>): Promise<void> {
    const rows = await this.#scan({ ...oldListRange(need.below), limit: need.rows });
    const found = rows.map(({ key, value }) => ({ activity: activityOf(key), ...decodeOldListRow(value, this.#view.state.place(key)) }));
    this.#view.foundOldList(need, found, rows.length < need.rows);
  }

  async #scanLog(range: KeyRange, limit: number, reverse: boolean): Promise<LogRow[]> {
    const rows = await this.#scan({ ...range, limit, reverse });
    return rows.map(({ key, value }) => decodeLogRow(value, this.#view.state.place(key), versionOfNoteKey(key)));
  }

  #scan(range: KeyRange & { readonly limit: number; readonly reverse?: boolean }): Promise<Row[]> {
    return this.#store.scan(this.#view.state.partition, range);
  }

  #message(key: Uint8Array, value: Uint8Array, seq: number): StoredMessage {
    return storedMessage(seq, decodeMessage(value, this.#view.state.place(key)));
  }
}

function seqOf({ key }: Row): number {
  const parsed = parseKey(key);
  if (parsed?.kind !== 'message') throw corrupt('a row stands where only messages belong', { key: Buffer.from(key).toString('hex') });
  return parsed.seq;
}

function activityOf(key: Uint8Array): number {
  const parsed = parseKey(key);
  if (parsed?.kind !== 'old-list') throw corrupt('a row stands where only the old list belongs', { key: Buffer.from(key).toString('hex') });
  return parsed.activity;
}

function idOf({ key }: Row): string {
  const parsed = parseKey(key);
  if (parsed?.kind !== 'dedupe') throw corrupt('a row stands where only dedupe rows belong', { key: Buffer.from(key).toString('hex') });
  return parsed.id;
}
