import type { Conversation, Message } from 'mailring';
import type { ClientCopy } from './client-copy.js';
import { compareDeltas } from './compare-deltas.js';
import { compareMessages } from './compare-messages.js';
import { comparePagesByNumber, comparePagesThroughNext, type ExpectedList, readThroughNext } from './compare-pages.js';
import type { Findings } from './findings.js';
import { InFlight } from './in-flight.js';
import { type DemoMailring, type ListName, nameOf } from './lists.js';
import { expectedConversation, type Oracle } from './oracle.js';
import { Random } from './random.js';

/** What is compared with what. */
export interface Comparison {
  readonly mailring: DemoMailring;
  readonly oracle: Oracle;
  readonly copies: readonly ClientCopy[];
  readonly findings: Findings;
  /** Whether the messages were sent one after the other, so that whole mailboxes must be in that order. */
  readonly exactOrder: boolean;
  readonly seed: number;
  readonly onProgress?: (mailboxes: number) => void;
}

const MAILBOXES_AT_ONCE = 8;

/** Compares every mailbox, and every delta from the cursors that clients kept. */
export async function compareAll(comparison: Comparison): Promise<void> {
  const reading = new InFlight(MAILBOXES_AT_ONCE);
  let done = 0;
  for (const [i, user] of comparison.oracle.users.entries()) {
    await reading.start(async () => {
      await compareMailbox(comparison, user, new Random(comparison.seed + i)).catch((error) => comparison.findings.failed(() => `mailbox ${user}`, error));
      comparison.onProgress?.(++done);
    });
  }
  await reading.idle();
}

/**
 * One mailbox. Only the mailbox knows its numbers, so one list of its messages is read and compared with the replay, and gives the numbers; all other pages
 * and deltas must then be equal to it, item for item.
 */
async function compareMailbox({ mailring, oracle, copies, findings, exactOrder }: Comparison, userId: string, random: Random): Promise<void> {
  const pageSize = () => random.integer(1, 60);
  const sent = oracle.mailbox(userId);
  const lists = new Map<string, ExpectedList>();
  const expect = async (list: ListName, expected: ExpectedList) => {
    lists.set(nameOf(list), expected);
    await comparePagesThroughNext(mailring, list, expected, pageSize(), findings);
    await comparePagesByNumber(mailring, list, expected, pageSize(), findings);
  };

  const all: ListName = { userId, of: 'messages' };
  const { items, version } = await readThroughNext(mailring, all, pageSize(), sent.length, findings);
  const messages = items as readonly Message[];
  compareMessages(userId, messages, sent, exactOrder, findings);
  await expect(all, { items, version });

  const conversations: Conversation[] = [];
  for (const [conversationId, sentHere] of oracle.conversationsOf(userId)) {
    const here = messages.filter((message) => message.conversationId === conversationId);
    const newest = here[0]?.lastUpdatedTimestamp ?? 0;
    conversations.push({ ...expectedConversation(userId, sentHere), lastActivityTimestamp: newest, lastUpdatedTimestamp: newest });
    await expect({ userId, of: 'messages', conversationId }, { items: here, version });
  }

  conversations.sort((a, b) => b.lastActivityTimestamp - a.lastActivityTimestamp);
  const unread = conversations.reduce((sum, { unreadCount }) => sum + unreadCount, 0);
  await expect({ userId, of: 'conversations' }, { items: conversations, version, totals: { conversations: conversations.length, unread } });

  const changes = messages.map((message) => message.lastUpdatedTimestamp).reverse();
  for (const copy of copies) {
    if (copy.list.userId !== userId) continue;
    await compareDeltas(mailring, copy, { ...lists.get(nameOf(copy.list))!, changes }, pageSize(), findings);
  }
}
