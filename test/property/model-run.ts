import assert from 'node:assert/strict';
import fc from 'fast-check';
import { settings } from './arbitraries.js';
import { REPLAY } from './budget.js';
import { itemCommands } from './item-commands.js';
import { learnOrder } from './learn-order.js';
import { finishClient, readCommands, reopenCommands } from './read-commands.js';
import { type OpenMailring, type Settings, World } from './world.js';
import { largeCommands, writeCommands } from './write-commands.js';

/** How the runs on one kind of store are made. */
export interface RunOptions {
  readonly maxCommands: number;
  /** How often closing and opening again is among the commands. */
  readonly reopenWeight: number;
  /** Messages that are there before the first command: more than are kept in memory, or than one delta looks at. */
  readonly filled?: number;
  /** Changes that a filled mailbox's log keeps; absent: all of them. */
  readonly logChanges?: number;
  /** Send large contents, so that pages and slices end before they are full. */
  readonly large?: boolean;
  /** What opens the next run, and what makes its users different from those of other runs in it. */
  store(): { readonly open: OpenMailring; readonly suffix: string };
}

/** Settings of runs whose mailboxes are filled: no queue is too short for it, no walk has a thousand pages. */
const LONG = { waitingWritesPerMailbox: undefined, lastPageSize: 150 } as const;

/** Random commands on the API, beside the model; in the end every list of everybody is walked and every client comes to its end. */
export function modelProperty(options: RunOptions): fc.IAsyncProperty<[Settings, Iterable<fc.AsyncCommand<World, World>>]> {
  const { maxCommands, reopenWeight, filled = 0, logChanges, large = false, store } = options;
  const kinds = [...writeCommands, ...readCommands, ...itemCommands, ...(large ? largeCommands : []), reopenCommands(reopenWeight)];
  const commands = fc.commands([fc.oneof(...kinds)], { maxCommands, size: 'max', ...REPLAY });
  return fc.asyncProperty(settings, commands, async (chosen, run) => {
    const { open, suffix } = store();
    const world = await World.open(open, { ...chosen, ...(filled > 0 && { ...LONG, logChanges }), users: chosen.users.map((user) => user + suffix) });
    try {
      await fill(world, filled);
      await fc.asyncModelRun(() => ({ model: world, real: world }), run);
      await checkEverything(world);
    } finally {
      await world.mailring.close();
    }
  });
}

/** Sends so many messages, hundreds at a time, most of them in the conversation of two. */
async function fill(world: World, count: number): Promise<void> {
  for (let sent = 0; sent < count; ) {
    const requests = Array.from({ length: Math.min(400, count - sent) }, (_, i) => ({
      senderId: world.user((sent + i) % 2),
      recipientId: world.user(i % 5 === 0 ? i : 1 - ((sent + i) % 2)),
      messageContent: `${sent + i}`,
      clientMessageId: `fill ${String(sent + i).padStart(6, '0')}`,
    }));
    const settled = await Promise.allSettled(requests.map((request) => world.mailring.sendMessage(request)));
    const ends = new Map([...world.mailboxes.all()].map((mailbox) => [mailbox, mailbox.end]));
    const expected = requests.map((request) => world.mailboxes.send(request, world.clock.time));
    for (const mailbox of world.mailboxes.all()) await learnOrder(world.mailring, mailbox, ends.get(mailbox) ?? 0);
    for (const [i, request] of requests.entries()) world.checkSend(request, expected[i]!, settled[i]!);
    sent += requests.length;
  }
}

async function checkEverything(world: World): Promise<void> {
  const { lastPageSize } = world.settings;
  for (const user of [...world.settings.users, 'nobody']) {
    for (const [i, list] of world.listsOf(user).entries()) await world.walk(user, list, lastPageSize, i % 2 === 0 ? 'next' : 'number');
    await world.learnAll(user);
  }
  for (const client of world.clients) await finishClient(world, client);
  for (const userId of world.settings.users) {
    const { problems, checked } = await world.mailring.verify({ userId });
    assert.deepEqual(problems, [], 'verify finds nothing wrong');
    assert.equal(checked.messages >= world.mailboxes.model.messages(userId).length, true, 'verify looks at every message of the mailbox');
  }
}
