import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isMailringError, type SendRequest } from 'mailring';
import { conversationIdOf } from '../../src/testing/mailbox-model.js';
import { type Answer, ask, checkAnswer, type Query } from './answers.js';
import { chosenList, content, largeContent, largeIndex, listChoice, messageId, pageSize, some } from './arbitraries.js';
import { command } from './command.js';
import { learnOrder } from './learn-order.js';
import type { World } from './world.js';

/** Commands that change mailboxes. */

const sendArguments = fc.record({ sender: some, recipient: some, id: messageId, content });
type SendChoice = { readonly sender: number; readonly recipient: number; readonly id: string; readonly content: string };

function requestOf(world: World, choice: SendChoice): SendRequest {
  const ordered = choice.id === 'ordered';
  return {
    senderId: world.user(choice.sender),
    recipientId: world.user(choice.recipient),
    messageContent: choice.content,
    clientMessageId: ordered ? `o${String(world.orderedIds++).padStart(8, '0')}` : choice.id,
  };
}

async function send(world: World, request: SendRequest): Promise<void> {
  const [settled] = await Promise.allSettled([world.mailring.sendMessage(request)]);
  world.checkSend(request, world.mailboxes.send(request, world.clock.time), settled!);
}

const sends = command('send', sendArguments, (world, choice) => send(world, requestOf(world, choice)));

const repeats = command('repeat', some, async (world, which) => {
  const { accepted } = world;
  if (accepted.length > 0) await send(world, accepted[which % accepted.length]!);
});

/** A refused send leaves every mailbox as it was. */
async function refused(world: World, request: SendRequest): Promise<void> {
  const before = await world.dump();
  await send(world, request);
  assert.deepEqual(await world.dump(), before, 'a refused send changes nothing');
}

const conflicts = command('conflict', fc.record({ which: some, content }), async (world, { which, content }) => {
  const { accepted } = world;
  if (accepted.length === 0) return;
  const first = accepted[which % accepted.length]!;
  await refused(world, { ...first, messageContent: first.messageContent === content ? `${content}!` : content });
});

const WRONG: readonly Partial<SendRequest>[] = [
  { messageContent: 'x'.repeat(65_536) },
  { messageContent: '\u4f60'.repeat(21_846) },
  { messageContent: 'a\ud800b' },
  { clientMessageId: '' },
  { clientMessageId: 'k'.repeat(129) },
  { clientMessageId: '\udc00' },
  { senderId: '' },
  { senderId: '\u{1f433}'.repeat(33) },
  { recipientId: 'x\ud800' },
];
const refusals = command('refuse', fc.record({ send: sendArguments, wrong: fc.constantFrom(...WRONG) }), (world, { send, wrong }) =>
  refused(world, { ...requestOf(world, send), ...wrong }),
);

const large = command('sendLarge', fc.record({ sender: some, recipient: some, content: largeIndex }), async (world, { content, ...choice }) => {
  for (let i = 0; i < 3; i++) await send(world, requestOf(world, { ...choice, id: 'ordered', content: largeContent(content) }));
});

interface BurstFetch {
  readonly user: number;
  readonly list: number | 'stranger';
  readonly pageSize: number;
}
type BurstStep = { readonly send: SendChoice } | { readonly repeat: number } | { readonly fetch: BurstFetch } | 'a microtask later' | 'a turn later';

const burstStep: fc.Arbitrary<BurstStep> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ send: sendArguments }) },
  { weight: 2, arbitrary: fc.record({ repeat: some }) },
  { weight: 2, arbitrary: fc.record({ fetch: fc.record({ user: some, list: listChoice, pageSize }) }) },
  { weight: 1, arbitrary: fc.constantFrom('a microtask later' as const, 'a turn later' as const) },
);

/** A promise that may fail before anybody looks at it. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

/** Sends that nobody waits for, in the order of their calls in each conversation, with fetches in between; then, if so wished, closing over them. */
const bursts = command(
  'burst',
  fc.record({ steps: fc.array(burstStep, { minLength: 2, maxLength: 24, size: 'max' }), close: fc.constantFrom(true, false, false, false, false) }),
  async (world, { steps, close }) => {
    const { mailring } = world;
    const sent: { readonly request: SendRequest; readonly answer: Promise<unknown> }[] = [];
    const fetched: { readonly user: string; readonly query: Query; readonly answer: Promise<Answer> }[] = [];
    for (const step of steps) {
      if (step === 'a microtask later') await undefined;
      else if (step === 'a turn later') await new Promise((resolve) => setImmediate(resolve));
      else if ('fetch' in step) {
        const user = world.user(step.fetch.user);
        const list = chosenList(world.listsOf(user), step.fetch.list);
        const query = { list, pageSize: step.fetch.pageSize };
        fetched.push({ user, query, answer: handled(ask(mailring, user, query)) });
      } else {
        const earlier = 'repeat' in step ? [...world.accepted, ...sent.map(({ request }) => request)] : [];
        const request = 'send' in step ? requestOf(world, step.send) : earlier[step.repeat % earlier.length];
        if (request !== undefined) sent.push({ request, answer: handled(mailring.sendMessage(request)) });
      }
    }
    const closed = close ? mailring.close() : undefined;
    const late = close
      ? await Promise.allSettled([mailring.sendMessage({ senderId: 'a', recipientId: 'b', messageContent: '', clientMessageId: 'late' })])
      : [];
    for (const result of late) assert.ok(result.status === 'rejected' && isMailringError(result.reason, 'MAILRING_CLOSED'), 'a closed engine takes nothing');
    const settled = await Promise.allSettled(sent.map(({ answer }) => answer));
    const answers = await Promise.all(fetched.map(({ answer }) => answer));
    await closed;
    if (close) await world.open();

    const ends = new Map([...world.mailboxes.all()].map((mailbox) => [mailbox, mailbox.end]));
    const expected = sent.map(({ request }, i) => {
      const result = settled[i]!;
      const overloaded = result.status === 'rejected' && isMailringError(result.reason, 'MAILRING_OVERLOADED') && result.reason.outcome === 'not-accepted';
      if (!overloaded) return world.mailboxes.send(request, world.clock.time);
      assert.notEqual(world.settings.waitingWritesPerMailbox, undefined, 'no queue is full');
      return undefined;
    });
    for (const mailbox of world.mailboxes.all()) await learnOrder(world.mailring, mailbox, ends.get(mailbox) ?? 0);
    for (const [i, { request }] of sent.entries()) if (expected[i]) world.checkSend(request, expected[i], settled[i]!);
    for (const [i, { user, query }] of fetched.entries()) {
      await world.learnAll(user);
      const mailbox = world.mailbox(user);
      checkAnswer(mailbox, query, answers[i]!, mailbox.positionOf(answers[i]!.lastUpdatedTimestamp));
    }
  },
);

/** A marker somewhere in a conversation, or behind its end; or in one that is not there yet, or that the user has no part in. */
const marks = command(
  'markRead',
  fc.record({ user: some, of: listChoice, other: some, seq: fc.oneof(some, fc.constant('behind the end' as const)) }),
  (world, { user, of, other, seq }) => {
    const userId = world.user(user);
    const { model } = world.mailboxes;
    const list = chosenList(world.listsOf(userId), of);
    const conversationId = (list.of === 'messages' && list.conversationId) || conversationIdOf(userId, world.user(other));
    const last = model.messages(userId, conversationId).length;
    return world.markRead(userId, conversationId, seq === 'behind the end' ? 2 ** 48 - 1 : seq % (last + 2));
  },
);

/** Commands that send or mark, weighted. */
export const writeCommands = [
  { weight: 100, arbitrary: sends },
  { weight: 20, arbitrary: repeats },
  { weight: 40, arbitrary: marks },
  { weight: 10, arbitrary: conflicts },
  { weight: 10, arbitrary: refusals },
  { weight: 20, arbitrary: bursts },
];
/** Sends of large contents, which cost too much to be among the others. */
export const largeCommands = [{ weight: 40, arbitrary: large }];
