import { ByteWriter } from '../../src/mailbox/byte-writer.js';
import { baseName, type MailboxDraft } from '../../src/mailbox/mailbox-draft.js';
import type { MailboxState } from '../../src/mailbox/mailbox-state.js';
import type { PlanSide } from '../../src/mailbox/plan-copy.js';
import type { SendIntent } from '../../src/mailbox/plan-send.js';
import { decodeHead, encodeHead } from '../../src/mailbox/rows.js';
import type { StoredMessage } from '../../src/mailbox/stored-message.js';
import { HEAD_KEY, type PartitionWrite } from '../../src/store/store.js';
import type { BugName } from './bugs.js';
import { HOME, type Mailbox, OTHER, OWNERS, Violation } from './mailbox-table.js';

/** Planted bugs of planning: what they change around the engine's plans, which stay as they are. All others stand in the steps. */

/**
 * Spoils what is known of the conversation before a send is planned. Gives the answer where the bug answers without a plan; a `seq` that is absent: the conversation has to
 * be read first.
 */
export function spoilSend(
  bug: BugName,
  { view, draft }: PlanSide,
  intent: SendIntent,
  { lookUp, greatest }: { readonly lookUp: boolean; readonly greatest?: string },
  mailbox: Mailbox,
): { readonly seq: number | undefined } | undefined {
  const conversation = view.conversation(OWNERS[OTHER]);
  if (conversation === undefined) return { seq: undefined };
  const direction = intent.sender === OWNERS[HOME] ? 0 : 1;
  const sent = mailbox.messages.filter(({ incoming }) => incoming === (direction === 1)).map(({ clientMessageId }) => clientMessageId);
  const known = conversation.ids[direction];
  if (bug === 'no-dedupe' || !lookUp) known.greatest = '';
  if (bug === 'shortcut-last-id') known.greatest = sent.at(-1) ?? '';
  if (bug === 'shortcut-not-reset-on-reload' && direction === 0 && greatest !== undefined) known.greatest = greatest;
  if (bug === 'shortcut-skips-overlay') draft.conversation(conversation).plannedId = () => undefined;
  if (bug === 'loaded-means-marked') conversation.marked = mailbox.messages.length > 0;
  const below = sent.some((id) => id > intent.clientMessageId) && !sent.includes(intent.clientMessageId);
  return bug === 'shortcut-below-is-dup' && below ? { seq: 1 } : undefined;
}

/** Makes the other mailbox believe that it holds everything before the first message of a delivery. */
export function spoilWatermark({ view }: PlanSide, first: StoredMessage): void {
  const conversation = view.conversation(OWNERS[HOME]);
  if (conversation !== undefined && conversation.lastSeq < first.seq - 1) conversation.recent = [{ ...first, seq: first.seq - 1 }];
}

/** Seals a batch with a bug. */
export function spoilSeal(bug: BugName, state: MailboxState, draft: MailboxDraft, writer: ByteWriter): PartitionWrite {
  const expectVersion = state.version;
  // The clock stands at 1.
  if (bug === 'no-plus-one' && expectVersion > 0) state.version--;
  const write = { ...draft.seal(0, writer), expectVersion };
  if (write.head === undefined || (bug !== 'pending-untokened' && bug !== 'mark-names-own-version')) return write;
  const place = state.place(HEAD_KEY);
  const head = decodeHead(write.head, place);
  const name = baseNamed(bug, 'set', head.markName, write);
  return head.markName.length === 0 ? write : { ...write, head: encodeHead(new ByteWriter(), place, { ...head, markName: baseName(name) }) };
}

/** The base that a mark names. */
export function baseNamed(bug: BugName | undefined, type: 'set' | 'clear', name: Uint8Array, write: PartitionWrite): number {
  if (bug === 'pending-untokened') return 0;
  if (bug === 'mark-names-own-version' && type === 'set') return write.version;
  if (name.length === 0) throw new Violation('a mark without a name is cleared');
  return Buffer.from(name).readUIntBE(0, name.length);
}
