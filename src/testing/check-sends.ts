import type { Message } from '../index.js';
import { groupBy } from './group-by.js';
import type { FinalMailbox, History, SendCall } from './history.js';
import type { Complain } from './history-problem.js';

/** All that was tried to send one message, by (conversation, sender, id), and where it stands in the end. */
interface Sent {
  readonly name: string;
  readonly conversation: string;
  readonly attempts: SendCall[];
  /** In the mailbox of the sender, and of the recipient. */
  readonly inSender: Message[];
  readonly inRecipient: Message[];
}

const pairOf = (a: string, b: string) => JSON.stringify([a, b].sort());

/** Every send against every mailbox. Gives the numbers of acknowledged messages by mailbox, for reads: what they had to see, from when on. */
export function checkSends({ calls, mailboxes }: History, complain: Complain): void {
  const byUser = new Map(mailboxes.map((mailbox) => [mailbox.userId, mailbox]));
  const sent = new Map<string, Sent>();
  for (const call of calls) {
    if (call.verb !== 'sendMessage') continue;
    const { senderId, recipientId, clientMessageId } = call.request;
    const conversation = pairOf(senderId, recipientId);
    const name = JSON.stringify([conversation, senderId, clientMessageId]);
    const one = sent.get(name) ?? { name, conversation, attempts: [], inSender: [], inRecipient: [] };
    sent.set(name, one);
    one.attempts.push(call);
  }
  for (const mailbox of mailboxes) place(mailbox, sent, complain);
  for (const one of sent.values()) checkOne(one, complain);
  checkOrder(sent, complain);
  checkCallOrder(calls, complain);
  for (const mailbox of mailboxes) checkCopies(mailbox, byUser, complain);
}

function place({ userId, messages }: FinalMailbox, sent: ReadonlyMap<string, Sent>, complain: Complain): void {
  for (const message of messages) {
    const [a, b] = message.participants;
    const one = sent.get(JSON.stringify([pairOf(a, b), message.senderId, message.clientMessageId]));
    if (one === undefined) complain('appeared', `a message that nobody sent is in the mailbox of ${userId}: ${message.messageId}`);
    else {
      if (message.senderId === userId) one.inSender.push(message);
      if (message.senderId !== userId || a === b) one.inRecipient.push(message);
    }
  }
}

function checkOne({ name, attempts, inSender, inRecipient }: Sent, complain: Complain): void {
  const oks = attempts.flatMap(({ request, outcome }) => (outcome.type === 'ok' ? [{ request, result: outcome.result }] : []));
  const possible = attempts.filter(({ outcome }) => outcome.type !== 'not-accepted');
  for (const { outcome } of attempts)
    if (outcome.type === 'strange') complain('outcome', `a send failed without saying what is known: ${name}: ${outcome.text}`);
  for (const { request, outcome } of attempts) {
    if (outcome.type !== 'not-accepted' || outcome.code !== 'MAILRING_ID_CONFLICT') continue;
    if (!inSender.some(({ messageContent }) => messageContent !== request.messageContent))
      complain('dedupe', `an id conflicts with a message that is not there: ${name}`);
  }
  if (inSender.length > 1 || inRecipient.length > 1) complain('twice', `a message is in a mailbox more than once: ${name}`);
  const copies = [...inSender, ...inRecipient];
  if (possible.length === 0 && copies.length > 0) complain('appeared', `a message whose every attempt was not accepted is there: ${name}`);
  if (inSender.length !== inRecipient.length) complain('copies', `a message is in one mailbox and not in the other: ${name}`);
  for (const { messageContent } of copies)
    if (!possible.some(({ request }) => request.messageContent === messageContent)) complain('appeared', `a content that was not accepted is there: ${name}`);
  const [first] = oks;
  if (first === undefined) return;
  if (inSender.length === 0 || inRecipient.length === 0) complain('lost', `an acknowledged message is not in both mailboxes: ${name}`);
  if (oks.filter(({ result }) => !result.duplicate).length > 1) complain('dedupe', `two sends of one id were both the first: ${name}`);
  for (const { request, result } of oks) {
    const { duplicate: _, ...rest } = result;
    const { duplicate: __, ...firstRest } = first.result;
    if (JSON.stringify(rest) !== JSON.stringify(firstRest)) complain('dedupe', `two answers to one id differ: ${name}`);
    for (const { messageId, seq, sentTimestamp, messageContent } of copies) {
      if (messageId !== result.messageId || seq !== result.seq || sentTimestamp !== result.sentTimestamp)
        complain('lost', `an acknowledged message stands at another place: ${name}`);
      if (messageContent !== request.messageContent) complain('lost', `an acknowledged message has another content: ${name}`);
    }
    for (const { lastUpdatedTimestamp } of inSender)
      if (lastUpdatedTimestamp !== result.lastUpdatedTimestamp) complain('lost', `an acknowledged message has another number in its sender's mailbox: ${name}`);
  }
}

/** A message that was acknowledged before another one was first sent stands before it. */
function checkOrder(sent: ReadonlyMap<string, Sent>, complain: Complain): void {
  const conversations = new Map<string, { readonly seq: number; readonly begin: number; readonly acknowledged: number; readonly name: string }[]>();
  for (const { name, conversation, attempts, inSender } of sent.values()) {
    const message = inSender[0];
    if (message === undefined) continue;
    const begin = Math.min(...attempts.flatMap(({ begin, outcome }) => (outcome.type === 'not-accepted' ? [] : [begin])));
    const acknowledged = Math.min(...attempts.flatMap(({ end, outcome }) => (outcome.type === 'ok' ? [end] : [])));
    const all = conversations.get(conversation) ?? [];
    conversations.set(conversation, all);
    all.push({ seq: message.seq, begin, acknowledged, name });
  }
  for (const all of conversations.values()) {
    let latest = Number.NEGATIVE_INFINITY;
    for (const { begin, acknowledged, name } of all.sort((a, b) => a.seq - b.seq)) {
      if (acknowledged < latest) complain('order', `a message stands behind one that was first sent after its acknowledgement: ${name}`);
      latest = Math.max(latest, begin);
    }
  }
}

/** Sends of one conversation that were called one after the other on one engine, none of which failed or was tried twice, stand in that order. */
function checkCallOrder(calls: History['calls'], complain: Complain): void {
  const last = new Map<string, number>();
  for (const call of [...calls].sort((a, b) => a.begin - b.begin)) {
    if (call.verb !== 'sendMessage' || call.outcome.type !== 'ok' || call.outcome.result.duplicate) continue;
    const { conversationId, seq, messageId } = call.outcome.result;
    const key = `${call.engine} ${conversationId}`;
    if (seq < (last.get(key) ?? 0)) complain('order', `a message stands before one that was sent earlier on the same engine: ${messageId}`);
    last.set(key, seq);
  }
}

/** Both copies of every conversation are the same, dense from 1, in the order of their times. */
function checkCopies({ userId, messages }: FinalMailbox, byUser: ReadonlyMap<string, FinalMailbox>, complain: Complain): void {
  const conversations = groupBy(messages, ({ conversationId }) => conversationId);
  for (const [conversationId, newestFirst] of conversations) {
    const own = newestFirst.toSorted((a, b) => a.seq - b.seq);
    const peer = own[0]!.participants.find((user) => user !== userId) ?? userId;
    const theirs = (byUser.get(peer)?.messages ?? []).filter((message) => message.conversationId === conversationId).sort((a, b) => a.seq - b.seq);
    if (own.some(({ seq }, i) => seq !== i + 1)) complain('hole', `the messages of a conversation are not dense from 1: ${userId} ${conversationId}`);
    if (own.some(({ sentTimestamp }, i) => i > 0 && sentTimestamp <= own[i - 1]!.sentTimestamp))
      complain('order', `the times of a conversation do not increase: ${userId} ${conversationId}`);
    if (own.some(({ lastUpdatedTimestamp }, i) => i > 0 && lastUpdatedTimestamp <= own[i - 1]!.lastUpdatedTimestamp))
      complain('order', `the numbers of a conversation do not increase: ${userId} ${conversationId}`);
    if (JSON.stringify(own.map(shared)) !== JSON.stringify(theirs.map(shared)))
      complain('copies', `the copies of a conversation differ: ${userId} ${peer} ${conversationId}`);
  }
}

const shared = ({ lastUpdatedTimestamp: _, ...rest }: Message) => rest;
