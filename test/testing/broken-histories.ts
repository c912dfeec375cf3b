import type { HistoryRule, SendCall } from 'mailring/testing';
import type { Draft, Recorded } from './recorded-history.js';

/** One way in which a history is wrong. */
export interface BrokenHistory {
  readonly rule: HistoryRule;
  /** What the checker says, up to the first thing of this history that it names. */
  readonly says: string;
  readonly spoil: (history: Recorded) => void;
}

const broken = (rule: HistoryRule, says: string, spoil: BrokenHistory['spoil']): BrokenHistory => ({ rule, says, spoil });

const mailboxOf = ({ mailboxes }: Recorded, user: string) => mailboxes.find(({ userId }) => userId === user)!;
const messagesOf = (history: Recorded, user: string, conversationId?: string) =>
  mailboxOf(history, user).messages.filter((message) => conversationId === undefined || message.conversationId === conversationId);

/** The copies of a message, where it stands in the end. */
const copiesOf = (history: Recorded, { outcome }: Recorded['sends']['first']) =>
  history.mailboxes.flatMap(({ messages }) => messages).filter(({ messageId }) => messageId === outcome.result.messageId);

function remove(history: Recorded, { outcome }: Recorded['sends']['first'], users: readonly string[]): void {
  for (const user of users) {
    const mailbox = mailboxOf(history, user);
    mailbox.messages = mailbox.messages.filter(({ messageId }) => messageId !== outcome.result.messageId);
  }
}

function tell(call: Draft<SendCall>, outcome: SendCall['outcome']): void {
  call.outcome = outcome;
}

const UNCONFIRMED = { type: 'unconfirmed', code: 'MAILRING_UNAVAILABLE' } as const;
const NOT_ACCEPTED = { type: 'not-accepted', code: 'MAILRING_UNAVAILABLE' } as const;

/** Swaps when two calls were made. */
function swapTimes(a: Draft<SendCall>, b: Draft<SendCall>): void {
  [a.begin, a.end, b.begin, b.end] = [b.begin, b.end, a.begin, a.end];
}

const SENDS = [
  broken('appeared', 'a message that nobody sent is in the mailbox of', ({ calls, sends }) => void calls.splice(calls.indexOf(sends.other), 1)),
  broken('appeared', 'a message whose every attempt was not accepted is there', ({ sends }) => tell(sends.other, NOT_ACCEPTED)),
  broken('appeared', 'a content that was not accepted is there', (history) => {
    for (const copy of copiesOf(history, history.sends.other)) copy.messageContent = 'another content';
  }),
  broken('outcome', 'a send failed without saying what is known', ({ calls, sends }) => {
    calls.push({ ...sends.other, begin: 1_000, end: 1_001, outcome: { type: 'strange', text: 'planted' } });
  }),
  broken('twice', 'a message is in a mailbox more than once', (history) => {
    const { messages } = mailboxOf(history, 'cid');
    messages.unshift({ ...messages[0]!, seq: 2 });
  }),
  broken('copies', 'a message is in one mailbox and not in the other', (history) => {
    remove(history, history.sends.other, ['cid']);
    tell(history.sends.other, UNCONFIRMED);
  }),
  broken('copies', 'the copies of a conversation differ', (history) => void copiesOf(history, history.sends.other)[0]!.sentTimestamp++),
  broken('lost', 'an acknowledged message is not in both mailboxes', (history) => remove(history, history.sends.other, ['ann', 'cid'])),
  broken('lost', 'an acknowledged message stands at another place', ({ sends }) => void sends.other.outcome.result.seq++),
  broken('lost', 'an acknowledged message has another content', (history) => {
    for (const copy of copiesOf(history, history.sends.other)) copy.messageContent = 'another content';
  }),
  broken('lost', "an acknowledged message has another number in its sender's mailbox", ({ sends }) => void sends.other.outcome.result.lastUpdatedTimestamp++),
  broken('dedupe', 'two sends of one id were both the first', ({ sends }) => {
    sends.again.outcome.result.duplicate = false;
  }),
  broken('dedupe', 'two answers to one id differ', ({ sends }) => void sends.again.outcome.result.sentTimestamp++),
  broken('dedupe', 'an id conflicts with a message that is not there', ({ calls, sends }) => {
    calls.push({ ...sends.other, begin: 1_000, end: 1_001, outcome: { type: 'not-accepted', code: 'MAILRING_ID_CONFLICT' } });
  }),
  broken('order', 'a message stands behind one that was first sent after its acknowledgement', ({ sends }) => swapTimes(sends.first, sends.second)),
  broken('order', 'a message stands before one that was sent earlier on the same engine', ({ sends }) => {
    sends.second.begin = sends.first.begin - 0.5;
  }),
  broken('order', 'the times of a conversation do not increase', (history) => {
    const [first] = copiesOf(history, history.sends.first);
    for (const copy of copiesOf(history, history.sends.second)) copy.sentTimestamp = first!.sentTimestamp;
  }),
  broken('order', 'the numbers of a conversation do not increase', (history) => {
    const [reply, second] = messagesOf(history, 'bob');
    [reply!.lastUpdatedTimestamp, second!.lastUpdatedTimestamp] = [second!.lastUpdatedTimestamp, reply!.lastUpdatedTimestamp];
  }),
  broken('hole', 'the messages of a conversation are not dense from 1', (history) => remove(history, history.sends.first, ['ann', 'bob'])),
];

const READS = [
  broken('read', 'a mailbox is missing in the end', ({ mailboxes }) => void mailboxes.shift()),
  broken('read', 'a page without a cursor is a delta or has a reason', ({ messages }) => {
    messages.page.answer.reason = 'future';
  }),
  broken('read', 'the reason of an answer is wrong', ({ messages }) => {
    messages.future.answer.reason = 'too-many-changes';
  }),
  broken('read', 'a delta is not what changed', ({ messages }) => void messages.delta.answer.messages.pop()),
  broken('read', 'a slice made no progress', ({ messages }) => {
    messages.slice.answer.lastUpdatedTimestamp = 0;
  }),
  // A hole: seq 2 is not shown, seq 3 and 1 are.
  broken('read', 'a page is not what was there', ({ messages, sends }) => {
    const { answer } = messages.page;
    answer.messages = answer.messages.filter(({ messageId }) => messageId !== sends.second.outcome.result.messageId);
  }),
  broken('read', 'a page does not say what follows', ({ messages }) => {
    messages.page.answer.hasMore = false;
  }),
  broken('read', 'a page was cut for no reason', ({ messages: { page } }) => {
    page.answer.messages.pop();
    page.answer.truncated = true;
    page.answer.next = page.answer.messages.at(-1)!.lastUpdatedTimestamp;
  }),
  broken('read', 'totals are wrong', ({ conversations }) => void conversations.list.answer.totals.unread++),
  broken('read', 'an answer is not what was there', ({ conversations }) => void conversations.list.answer.conversations[0]!.unreadCount++),
  broken('read', 'an item of a delta is not what has changed', ({ conversations }) => void conversations.listDelta.answer.conversations[0]!.unreadCount++),
  broken('read', 'a delta passes over a message', ({ conversations }) => void conversations.listDelta.answer.conversations.pop()),
  broken('read', 'a delta passes over a read marker', ({ conversations }) => void conversations.markerDelta.answer.conversations.pop()),
  broken('read', 'a page does not say what follows', ({ conversations }) => void conversations.list.answer.next!++),
  broken('read', 'an item of a slice is not what was there', ({ conversations }) => void conversations.slice.answer.conversations[0]!.lastSeq--),
  broken('read', 'a slice made no progress', ({ conversations }) => {
    conversations.slice.answer.lastUpdatedTimestamp = 0;
  }),
  broken('read', 'a slice passes over a change', ({ conversations }) => {
    conversations.slice.answer.conversations = [];
  }),
  broken('stale', 'a read is older than what was known when it began', ({ messages: { early } }) => {
    [early.begin, early.end] = [1_000, 1_001];
  }),
  broken('read', 'the messages in the end are not in the order of their numbers', (history) => void mailboxOf(history, 'ann').messages.reverse()),
  broken('read', 'two messages have one number', (history) => {
    const [newest, next] = messagesOf(history, 'ann');
    newest!.lastUpdatedTimestamp = next!.lastUpdatedTimestamp;
  }),
  broken('read', 'the conversations in the end are not what the messages say', (history) => void mailboxOf(history, 'ann').conversations.reverse()),
  broken('read', 'the totals in the end are wrong', (history) => void mailboxOf(history, 'bob').totals.unread++),
  broken('follower', 'a client that followed by deltas does not hold the mailbox', ({ messages }) => void messages.followed.answer.messages.pop()),
];

/** Ann's conversation with Bob, as she sees it in the end. */
const lastOf = (history: Recorded) =>
  mailboxOf(history, 'ann').conversations.find(({ conversationId }) => conversationId === history.mark.request.conversationId)!;

const CURSORS_AND_ITEMS = [
  broken('read', 'a cursor has expired that the log reaches back to', ({ messages }) => {
    messages.future.answer.reason = 'expired';
  }),
  broken('read', 'a cursor is good again that had expired', ({ messages: { early } }) => {
    early.request.lastUpdatedTimestamp = 0;
    early.answer.reason = 'expired';
  }),
  broken('read', 'a cursor is called one of the future that is not', ({ watched }) => {
    watched.event = { type: 'reset', reason: 'future', lastUpdatedTimestamp: watched.event.lastUpdatedTimestamp };
  }),
  broken('read', 'a message asked for alone is not what was there', ({ message }) => void message.answer!.seq++),
  broken('read', 'a conversation asked for alone is not what was there', ({ conversation }) => {
    conversation.after.answer = undefined;
  }),
  broken('stale', 'a conversation asked for alone is older than what was known', (history) => {
    const { before } = history.conversation;
    [before.begin, before.end] = [1_000, 1_001];
    for (const call of history.calls) if (call.verb === 'sendMessage' && call.request.senderId === 'bob') call.end = 999;
    const [newest] = messagesOf(history, 'ann', history.mark.request.conversationId);
    const earlier = messagesOf(history, 'ann', history.mark.request.conversationId)[1]!;
    const { messageContent: snippet, seq: lastSeq, sentTimestamp: lastSentTimestamp, lastUpdatedTimestamp } = earlier;
    before.answer = {
      ...before.answer!,
      snippet,
      lastSeq,
      lastSentTimestamp,
      lastUpdatedTimestamp,
      lastActivityTimestamp: lastUpdatedTimestamp,
      unreadCount: 0,
    };
    if (newest!.senderId !== 'bob') throw new Error('bob has sent the newest');
  }),
  broken('stale', 'a read does not show a marker that was acknowledged before it began', ({ conversation: { before } }) => {
    [before.begin, before.end] = [1_000, 1_001];
  }),
  broken('read', 'a read marker goes back, or is at two places at once', (history) => {
    lastOf(history).lastReadSeq--;
  }),
  broken('read', 'a read marker stands where nobody has put it', ({ calls, mark }) => void calls.splice(calls.indexOf(mark), 1)),
];

/** Every way that the checker knows. */
export const BROKEN_HISTORIES: readonly BrokenHistory[] = [...SENDS, ...READS, ...CURSORS_AND_ITEMS];
