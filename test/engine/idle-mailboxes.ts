import { ByteWriter } from '../../src/mailbox/byte-writer.js';
import { contentDigest } from '../../src/mailbox/content-digest.js';
import { MailboxDraft } from '../../src/mailbox/mailbox-draft.js';
import { MailboxState } from '../../src/mailbox/mailbox-state.js';
import { MailboxView } from '../../src/mailbox/mailbox-view.js';
import { planSend } from '../../src/mailbox/plan-send.js';
import { conversationIdOf, parseClientMessageId, parseUserId } from '../../src/model/ids.js';
import type { PartitionWrite } from '../../src/store/store.js';

const CONTENT = 'a note to myself';
const SENT_AT = 1_600_000_000_000;

/** Mailboxes with one message each, from the user to the user, as the engine would write them: much faster than by sends. The i-th user is `idle-i`. */
export function idleMailboxes(count: number): PartitionWrite[] {
  const writer = new ByteWriter();
  const digest = contentDigest(CONTENT);
  const clientMessageId = parseClientMessageId('note');
  return Array.from({ length: count }, (_, i) => {
    const user = parseUserId(`idle-${i}`);
    const state = new MailboxState(user, { version: 0 });
    const side = { view: new MailboxView(state), draft: new MailboxDraft(state) };
    const conversationId = conversationIdOf([user, user]);
    const intent = { sender: user, recipient: user, clientMessageId, content: CONTENT, contentBytes: CONTENT.length, digest, conversationId };
    planSend({ ...intent, homeSide: 0, home: user }, side, undefined, false, SENT_AT);
    return side.draft.seal(SENT_AT, writer);
  });
}
