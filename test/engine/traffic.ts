import type { Conversation, Mailring, Message } from 'mailring';
import { send } from './mailrings.js';

/** What one user's mailbox has to hold, as known from what was sent: the truth that answers are compared with. */
export interface Traffic {
  readonly user: string;
  readonly peers: readonly string[];
  /** Messages of the mailbox, oldest first; `lastUpdatedTimestamp` is their number. */
  readonly messages: readonly Message[];
}

/**
 * Sends in groups, each of which is one commit of several changes in the mailbox of `user`, over several conversations. The clock must stand: then the numbers of a
 * mailbox are known, one after the other from the time of its first message.
 */
export async function makeTraffic(mailring: Mailring, user: string, groups: readonly number[], now: number): Promise<Traffic> {
  const peers = ['p0', 'p1', 'p2', 'p3', user];
  const messages: Message[] = [];
  const seqs = new Map<string, number>();
  let count = 0;
  const sendOne = async (peer: string): Promise<void> => {
    const i = count++;
    const [senderId, recipientId] = i % 3 === 1 ? [user, peer] : [peer, user];
    const conversationId = mailring.conversationIdOf(user, peer);
    const seq = (seqs.get(peer) ?? 0) + 1;
    seqs.set(peer, seq);
    const clientMessageId = `id-${String(i).padStart(6, '0')}`;
    const shared = { conversationId, seq, senderId, participants: [user, peer].sort() as [string, string], messageContent: `text ${i}`, clientMessageId };
    const place = messages.push({ ...shared, messageId: `${conversationId}.${seq}`, sentTimestamp: 0, lastUpdatedTimestamp: now + i });
    const { sentTimestamp } = await send(mailring, senderId, recipientId, shared.messageContent, clientMessageId);
    messages[place - 1] = { ...messages[place - 1]!, sentTimestamp };
  };
  // One by one at first, so that everything is in memory and groups are planned in the order of their calls.
  for (const peer of peers) await sendOne(peer);
  for (const [g, size] of groups.entries()) {
    const elsewhere = send(mailring, 'p0', 'p1', 'not for the user', `group-${String(g).padStart(6, '0')}`);
    await Promise.all([...Array.from({ length: size }, (_, i) => sendOne(peers[(g * 3 + i * i) % peers.length]!)), elsewhere]);
  }
  return { user, peers, messages };
}

/** The messages of the mailbox or of one conversation, newest first. */
export function messagesOf({ messages }: Traffic, conversationId?: string): Message[] {
  return messages.filter((message) => conversationId === undefined || message.conversationId === conversationId).toReversed();
}

/** The conversations of the mailbox, newest first. */
export function conversationsOf({ user, messages }: Traffic): Conversation[] {
  const conversations = new Map<string, Conversation>();
  for (const { conversationId, participants, messageContent, seq, senderId, sentTimestamp, lastUpdatedTimestamp } of messages) {
    conversations.set(conversationId, {
      conversationId,
      participants,
      snippet: messageContent,
      lastSeq: seq,
      lastSentTimestamp: sentTimestamp,
      lastReadSeq: 0,
      unreadCount: (conversations.get(conversationId)?.unreadCount ?? 0) + (senderId === user ? 0 : 1),
      floorSeq: 0,
      lastActivityTimestamp: lastUpdatedTimestamp,
      lastUpdatedTimestamp,
    });
  }
  return [...conversations.values()].sort((a, b) => b.lastActivityTimestamp - a.lastActivityTimestamp);
}

/** The totals of the mailbox, counted. */
export function totalsOf({ user, messages }: Traffic): { conversations: number; unread: number } {
  return {
    conversations: new Set(messages.map(({ conversationId }) => conversationId)).size,
    unread: messages.filter(({ senderId }) => senderId !== user).length,
  };
}
