import { ConversationState, type KnownIds } from '../../src/mailbox/conversation-state.js';
import { MailboxState, type MarksBy } from '../../src/mailbox/mailbox-state.js';
import type { MailboxView } from '../../src/mailbox/mailbox-view.js';
import type { Need } from '../../src/mailbox/needs.js';
import { type StoredMessage, storedMessage } from '../../src/mailbox/stored-message.js';
import { HOME, type Mailbox, type MailboxTable, NAMES, OTHER, OWNERS, Violation } from './mailbox-table.js';

/** What a process knows of a mailbox beyond its content: what the engine's `MailboxState` has learned since it was loaded. */
export interface Cache {
  readonly id: number;
  readonly mailbox: Mailbox;
  /** Absent while the conversation was not read. */
  readonly conversation: { readonly marked: boolean; readonly ids: readonly [Known, Known] } | undefined;
}

type Known = Pick<KnownIds, 'greatest'> & { readonly lookedUp: boolean };

/** Every cache that a process has had in a search, under a small number; 0 is the cold one. Turns them into the engine's states and back. */
export class CacheTable {
  readonly #mailboxes: MailboxTable;
  readonly #marksBy: MarksBy;
  readonly #insists: boolean;
  readonly #byKey = new Map<string, Cache>();
  readonly #all: (Cache | undefined)[] = [undefined];

  /** `insists`: not where a planted bug writes what the engine did not plan. */
  constructor(mailboxes: MailboxTable, marksBy: MarksBy, insists: boolean) {
    this.#mailboxes = mailboxes;
    this.#insists = insists;
    this.#marksBy = marksBy;
  }

  at(id: number): Cache {
    return this.#all[id]!;
  }

  /** The cache after a load. */
  fresh(mailbox: Mailbox): Cache {
    return this.#intern(mailbox, undefined);
  }

  /** The engine's state of a cache: its own object, to be planned on and thrown away. Of the messages only the newest is in memory. */
  revive({ mailbox, conversation }: Cache): MailboxState {
    const owner = OWNERS[mailbox.side];
    const state = new MailboxState(owner, this.#mailboxes.loaded(mailbox), { marksBy: this.#marksBy });
    if (conversation === undefined) return state;
    const held = state.hold(readConversation(mailbox));
    held.marked = conversation.marked;
    for (const direction of [0, 1] as const) {
      held.ids[direction].greatest = conversation.ids[direction].greatest;
      held.ids[direction].lookUps = conversation.ids[direction].lookedUp ? 1 : 0;
    }
    return state;
  }

  /** The cache that a state is, once `mailbox` is its content. */
  capture(mailbox: Mailbox, state: MailboxState): Cache {
    if (this.#insists) insistOnContent(mailbox, state);
    const held = state.conversations.get(peerOf(mailbox));
    const known = ({ greatest, lookUps }: KnownIds): Known => ({ greatest, lookedUp: lookUps > 0 && greatest === undefined });
    return this.#intern(mailbox, held && { marked: held.marked, ids: [known(held.ids[0]), known(held.ids[1])] });
  }

  #intern(mailbox: Mailbox, conversation: Cache['conversation']): Cache {
    const key = JSON.stringify([mailbox.id, conversation?.marked, conversation?.ids.map(({ greatest, lookedUp }) => [greatest ?? null, lookedUp])]);
    let cache = this.#byKey.get(key);
    if (cache === undefined) {
      cache = { id: this.#all.length, mailbox, conversation };
      this.#all.push(cache);
      this.#byKey.set(key, cache);
    }
    return cache;
  }
}

/** What is in memory at a version is what is stored at that version. */
function insistOnContent(mailbox: Mailbox, state: MailboxState): void {
  const held = state.conversations.get(peerOf(mailbox));
  const [newest, stored, log] = [held?.newest, mailbox.messages.at(-1), mailbox.log.at(-1)];
  const base = state.head.markName.length === 0 ? undefined : Buffer.from(state.head.markName).readUIntBE(0, 6);
  const same =
    state.version === mailbox.version &&
    base === mailbox.base &&
    (log === undefined || (state.totals.conversations === log.conversations && state.totals.unread === log.unread)) &&
    (held === undefined || (newest?.seq === stored?.seq && newest?.number === stored?.number && newest?.inNo === stored?.inNo));
  if (!same) throw new Violation(`what is in memory of ${NAMES[mailbox.side]} at version ${state.version} is not what is stored`);
}

const peerOf = ({ side }: Mailbox) => OWNERS[side === HOME ? OTHER : HOME];

function readConversation(mailbox: Mailbox): ConversationState {
  const row = mailbox.begun ? { homeSide: 0 as const, number: 0, floorSeq: 0, floorIn: 0, floorTimestamp: 0, readSeq: 0, readIn: 0 } : undefined;
  return new ConversationState(OWNERS[mailbox.side], peerOf(mailbox), row, stored(mailbox, mailbox.messages.length) ?? undefined);
}

function stored({ messages }: Mailbox, seq: number): StoredMessage | null {
  const message = messages[seq - 1];
  return message ? storedMessage(seq, message) : null;
}

/** What `readNeeds` of the shard does, on a mailbox as it stands now, which may be newer than the view's state. */
export function readNeeds(view: MailboxView, now: Mailbox): void {
  for (const need of view.takeNeeds()) {
    if (need.kind === 'conversation') {
      const conversation = readConversation(now);
      if (conversation.lastChange > view.state.version) view.stale = true;
      else view.state.hold(conversation);
    } else if (need.kind === 'message') view.foundMessage(need.conversation, need.seq, stored(now, need.seq));
    else if (need.kind === 'messages') for (let seq = need.top; seq >= need.bottom; seq--) view.foundMessage(need.conversation, seq, stored(now, seq));
    else if (need.kind === 'id') lookUp(view, now, need);
    else if (need.kind === 'log-up') {
      const rows = now.log.filter(({ version }) => version > need.above && version < need.below);
      view.foundLogUp(need, rows, true);
    } else throw new Violation(`a plan reads ${need.kind}`);
  }
}

function lookUp(view: MailboxView, now: Mailbox, { conversation, direction, id }: Need & { readonly kind: 'id' }): void {
  const asOfSeq = conversation.lastSeq;
  const known = conversation.ids[direction];
  if (known.greatest === undefined && known.lookUps++ > 0) {
    const stored = [...now.ids.keys()].filter((key) => key.startsWith(`${direction}`)).map((key) => key.slice(1));
    conversation.learnGreatest(direction, stored.sort().at(-1) ?? '');
  }
  view.foundId(conversation, asOfSeq, now.ids.get(`${direction}${id}`) ?? null);
}
