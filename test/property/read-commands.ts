import assert from 'node:assert/strict';
import fc from 'fast-check';
import { chosenList, listChoice, maxChanges, pageSize, some } from './arbitraries.js';
import { Client } from './client.js';
import { command } from './command.js';
import type { List } from './model-lists.js';
import { patience } from './patience.js';
import type { World } from './world.js';

/** Commands that fetch, and those that move clock and engine. */

const FUTURE = Number.POSITIVE_INFINITY;

function listOf(world: World, user: string, choice: number | 'stranger'): List {
  return chosenList(world.listsOf(user), choice);
}

const pages = command(
  'page',
  fc.record({
    user: some,
    list: listChoice,
    pageSize: fc.option(pageSize, { nil: undefined }),
    pageNumber: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 9 }), fc.constant(2 ** 48 - 1)),
  }),
  async (world, { user, list, pageSize, pageNumber }) => {
    const owner = world.user(user);
    await world.fetch(owner, { list: listOf(world, owner, list), pageNumber, ...(pageSize && { pageSize }) });
  },
);

const nexts = command('next', fc.record({ which: some, pageSize }), async (world, { which, pageSize }) => {
  const { borders } = world;
  if (borders.length === 0) return;
  const border = borders[which % borders.length]!;
  await world.fetch(border.user, { list: border.list, pageSize, before: border });
});

const walks = command(
  'walk',
  fc.record({ user: some, list: listChoice, pageSize, by: fc.constantFrom('next' as const, 'number' as const) }),
  async (world, args) => {
    const user = world.user(args.user);
    // A walk of a thousand pages shows no more than one of fifty.
    const pageSize = Math.min(200, args.pageSize + Math.floor(world.mailbox(user).end / 50));
    await world.walk(user, listOf(world, user, args.list), pageSize, args.by);
  },
);

const deltaArguments = { list: listChoice, pageSize, maxChanges };

const deltas = command('delta', fc.record({ which: some, ...deltaArguments }), async (world, { which, list, pageSize, maxChanges }) => {
  const { cursors } = world;
  if (cursors.length === 0) return;
  const since = await world.exactly(cursors[which % cursors.length]!);
  await world.fetch(since.user, { list: listOf(world, since.user, list), pageSize, since, ...(maxChanges && { maxChanges }) });
});

/** A number that this mailbox may never have returned: the beginning, a neighbour of a number, one of another mailbox, one of the future. */
const anyNumber = fc.oneof(
  fc.constant('zero' as const),
  fc.record({ neighbourOf: some, by: fc.integer({ min: -2, max: 2 }) }),
  fc.record({ cursor: some }),
  fc.record({ above: fc.constantFrom(1, 2, 1_000, 2 ** 40) }),
);
const anyDeltas = command('deltaFromAnyNumber', fc.record({ user: some, from: anyNumber, ...deltaArguments }), async (world, args) => {
  const user = world.user(args.user);
  await world.learnAll(user);
  const mailbox = world.mailbox(user);
  const version = await world.versionOf(user);
  const { from } = args;
  let value = 0;
  if (from !== 'zero') {
    if ('above' in from) value = version + from.above;
    else if ('cursor' in from) value = world.cursors[from.cursor % world.cursors.length]?.value ?? 0;
    else value = Math.max(0, (mailbox.end === 0 ? 0 : mailbox.number(from.neighbourOf % mailbox.end)!) + from.by);
  }
  const since = { user, value, position: value > version ? FUTURE : mailbox.positionOf(value), exact: true };
  await world.fetch(user, { list: listOf(world, user, args.list), pageSize: args.pageSize, since, ...(args.maxChanges && { maxChanges: args.maxChanges }) });
});

/** A client asks, and answers land in the order they were asked in, or the newest first. */
const clientSteps = command(
  'client',
  fc.record({
    which: some,
    user: some,
    list: some,
    question: fc.constantFrom('first', 'delta', 'delta', 'delta', 'next', 'next'),
    land: fc.constantFrom('now', 'now', 'later', 'newest first'),
    pageSize,
    maxChanges,
  }),
  async (world, { which, user, list, question, land, pageSize, maxChanges }) => {
    const client = clientOf(world, which, user, list);
    await client.ask(world.mailring, question as 'first' | 'delta' | 'next', pageSize, maxChanges);
    if (land === 'later') return;
    const landing = client.inFlight.splice(0);
    for (const answer of land === 'now' ? landing : landing.reverse()) client.land(answer);
    await checkClient(world, client);
  },
);

const CLIENTS_MAX = 5;

function clientOf(world: World, which: number, user: number, list: number): Client {
  const { clients } = world;
  if (clients.length < CLIENTS_MAX) {
    const owner = world.user(user);
    clients.push(new Client(owner, listOf(world, owner, list)));
  }
  return clients[which % clients.length]!;
}

async function checkClient(world: World, client: Client): Promise<void> {
  await world.learnAll(client.user);
  client.check(world.mailbox(client.user));
}

/** Every client comes to the end of its list, and holds it. */
export async function finishClient(world: World, client: Client): Promise<void> {
  const { mailring } = world;
  for (const landing of client.inFlight.splice(0)) client.land(landing);
  const patient = patience('what a client asks for');
  const step = async (question: 'delta' | 'next') => {
    patient();
    await client.ask(mailring, question, 3, Number.POSITIVE_INFINITY);
    for (const landing of client.inFlight.splice(0)) client.land(landing);
  };
  do await step('delta');
  while (client.copy.behind);
  while (client.copy.next !== undefined) await step('next');
  await checkClient(world, client);
  const { newest } = world.mailbox(client.user);
  const { cursor } = client.copy;
  const isNewest = world.settings.logChanges === undefined ? cursor === newest : cursor! >= newest;
  assert.ok(isNewest, `a client that took every slice has the newest cursor: ${cursor} of ${newest}`);
}

const clocks = command('clock', fc.oneof(fc.integer({ min: -5, max: 5 }), fc.constantFrom(0.5, 1e6, 1e9, -1e6, -1e9, -1e13)), async ({ clock }, by) => {
  clock.time = Math.min(clock.time + by, 2 ** 44);
});

const reopens = command('reopen', fc.constant(undefined), async (world) => {
  await world.mailring.close();
  await world.open();
});

/** Commands that fetch or move something, weighted. */
export const readCommands = [
  { weight: 40, arbitrary: pages },
  { weight: 30, arbitrary: nexts },
  { weight: 10, arbitrary: walks },
  { weight: 60, arbitrary: deltas },
  { weight: 20, arbitrary: anyDeltas },
  { weight: 60, arbitrary: clientSteps },
  { weight: 30, arbitrary: clocks },
];
/** Closing and opening again: its weight is a matter of what the store takes for it. */
export const reopenCommands = (weight: number) => ({ weight, arbitrary: reopens });
