import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Conversation, MailboxChanges, Message } from 'mailring';
import { chosenList, listChoice, pageSize, some } from './arbitraries.js';
import { command } from './command.js';
import { entriesAt } from './model-lists.js';
import { patience } from './patience.js';
import type { World } from './world.js';

/** Commands that read single items, pages around a place, whole lists, and what a watch brings. */

/** A user's list with all its items as they have to be shown. */
async function listed(world: World, userIndex: number, choice: number | 'stranger') {
  const user = world.user(userIndex);
  await world.learnAll(user);
  const mailbox = world.mailbox(user);
  const list = chosenList(world.listsOf(user), choice);
  const entries = entriesAt(mailbox, list, mailbox.end);
  return { user, list, entries, items: entries.map((entry) => entry.item()) };
}

const singles = command('single', fc.record({ user: some, of: some, stranger: some }), async (world, { user: index, of, stranger }) => {
  const { user, entries, items } = await listed(world, index, of);
  const { mailring } = world;
  if (entries.length === 0) return;
  const at = of % entries.length;
  const { key } = entries[at]!;
  const get = (userId: string) =>
    key.includes('.') ? mailring.getMessage({ userId, messageId: key }) : mailring.getConversation({ userId, conversationId: key });
  assert.deepEqual(await get(user), items[at], 'an item of a list, asked for alone');
  const other = world.user(stranger);
  const { participants } = items[at] as Conversation | Message;
  if (!participants.includes(other)) assert.equal(await get(other), undefined, 'an item of a conversation that the user has no part in');
});

const places = command(
  'place',
  fc.record({ user: some, list: some, at: some, pageSize, place: fc.constantFrom('around' as const, 'after' as const) }),
  async (world, args) => {
    const { user, list, items } = await listed(world, args.user, args.list);
    if (list.of === 'conversations' || list.conversationId === undefined || items.length === 0) return;
    const seq = (args.at % items.length) + 1;
    const page = await world.mailring.fetchMessages({ userId: user, conversationId: list.conversationId, pageSize: args.pageSize, [args.place]: seq });
    if (page.truncated) return;
    const newer = args.place === 'after' ? args.pageSize : Math.floor((args.pageSize - 1) / 2);
    const wanted = Math.max(0, items.length - seq - newer);
    const from = args.place === 'after' ? wanted : Math.max(0, Math.min(wanted, items.length - args.pageSize));
    const to = args.place === 'after' ? items.length - seq : from + args.pageSize;
    assert.deepEqual(page.messages, items.slice(from, to), `a page ${args.place} seq ${seq}`);
    assert.equal(page.isDeltaUpdate, false);
  },
);

const iterations = command('iterate', fc.record({ user: some, list: listChoice }), async (world, { user: index, list: choice }) => {
  const { user, list, items } = await listed(world, index, choice);
  const all: unknown[] = [];
  const { mailring } = world;
  for await (const item of list.of === 'conversations'
    ? mailring.conversations({ userId: user })
    : mailring.messages({ userId: user, conversationId: list.conversationId }))
    all.push(item);
  assert.deepEqual(all, items, 'all items of a list');
});

/** Resumes a watch from a cursor, and takes events until it is up to date. */
const watches = command('watch', fc.record({ which: some }), async (world, { which }) => {
  const { cursors } = world;
  if (cursors.length === 0) return;
  const { user, value, position } = await world.exactly(cursors[which % cursors.length]!);
  await world.learnAll(user);
  const mailbox = world.mailbox(user);
  const end = mailbox.end;
  if (position >= end) return;
  const step = patience('a watch');
  const messages: Message[] = [];
  const conversations = new Map<string, Conversation>();
  let last: MailboxChanges | undefined;
  for await (const event of world.mailring.watch({ userId: user, lastUpdatedTimestamp: value })) {
    step();
    if (event.type === 'reset') {
      assert.equal(event.reason, 'expired');
      return mailbox.learnExpired(true, value, position, end);
    }
    assert.ok(event.lastUpdatedTimestamp > (last?.lastUpdatedTimestamp ?? value), 'an event makes progress');
    last = event;
    messages.push(...event.messages);
    for (const conversation of event.conversations) conversations.set(conversation.conversationId, conversation);
    if (!event.hasMore) break;
  }
  if (mailbox.kept < Number.POSITIVE_INFINITY) mailbox.learnExpired(false, value, position, end);
  const changed = (list: 'conversations' | 'messages') => entriesAt(mailbox, { of: list }, end).filter(({ at }) => at >= position);
  assert.deepEqual(
    messages.toReversed(),
    changed('messages').map((entry) => entry.item()),
    'the messages that a watch brings',
  );
  const byKey = (all: readonly object[]) => new Map(all.map((item) => [(item as Conversation).conversationId, item]));
  assert.deepEqual(
    conversations,
    byKey(
      changed('conversations')
        .map((entry) => entry.item())
        .toReversed(),
    ),
    'the conversations that a watch brings',
  );
  assert.deepEqual(last!.totals, mailbox.model.totals(user, end), 'the totals of the last event');
});

/** Weighted. */
export const itemCommands = [
  { weight: 20, arbitrary: singles },
  { weight: 20, arbitrary: places },
  { weight: 6, arbitrary: iterations },
  { weight: 20, arbitrary: watches },
];
