import fc, { type AsyncCommand } from 'fast-check';
import type { Limits } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { describe, it } from 'vitest';
import { conversationIdOf } from '../../src/testing/mailbox-model.js';
import { checkProperty, PROPERTY_TIMEOUT_MS, REPLAY } from './budget.js';
import { Interleaving } from './interleaving.js';
import type { List } from './model-lists.js';

const file = 'test/property/interleavings.test.ts';
const USERS = ['a', 'b', '\u00e9', 'd'];

let executed = 0;

type Step = AsyncCommand<Interleaving, Interleaving>;

function step<A>(name: string, args: fc.Arbitrary<A>, action: (run: Interleaving, args: A) => void | Promise<void>): fc.Arbitrary<Step> {
  return args.map((chosen) => ({
    check: () => true,
    run: async (run) => {
      run.later(async () => {
        await action(run, chosen);
        executed++;
      });
    },
    toString: () => `${name}(${fc.stringify(chosen)})`,
  }));
}

const user = fc.constantFrom(...USERS);
/** Few ids, so that they meet; in no order, so that most have to be looked up. */
const id = fc.oneof(
  fc.constantFrom('1', '2', '3', '4', '5', '6'),
  fc.string({ unit: fc.constantFrom('0', '9', '\uff5e', '\u{1f433}'), minLength: 1, maxLength: 4 }),
);

const send = step(
  'send',
  fc.record({ senderId: user, recipientId: user, messageContent: fc.constantFrom('', 'x', 'y'), clientMessageId: id, abortable: fc.boolean() }),
  (run, { abortable, ...request }) => run.send(request, abortable),
);
const repeat = step('repeat', fc.nat(1_000), (run, which) => {
  const earlier = run.sends[which % run.sends.length];
  if (earlier) run.send(earlier.request, false);
});
const lists: readonly List[] = [
  { of: 'conversations' },
  { of: 'messages' },
  ...USERS.map((peer) => ({ of: 'messages', conversationId: conversationIdOf('a', peer) }) as const),
];
const list = fc.constantFrom(...lists);
const pageSize = fc.constantFrom(1, 2, 3, 200);
const page = step('page', fc.record({ user, list, pageSize, pageNumber: fc.integer({ min: 1, max: 3 }) }), (run, { user, ...query }) => run.fetch(user, query));
const delta = step('delta', fc.record({ which: fc.nat(1_000), list, pageSize }), (run, { which, list, pageSize }) => {
  const since = run.cursors[which % run.cursors.length];
  if (since) run.fetch(since.user, { list, pageSize, since, maxChanges: Number.POSITIVE_INFINITY });
});
const next = step('next', fc.record({ which: fc.nat(1_000), pageSize }), (run, { which, pageSize }) => {
  const before = run.borders[which % run.borders.length];
  if (before) run.fetch(before.user, { list: before.list, pageSize, before });
});
const clock = step('clock', fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(1e6, -1e6)), (run, by) => run.move(by));
const abort = step('abort', fc.nat(100), (run, which) => run.abort(which));
const settle = step('settle', fc.constant('all'), (run) => run.settle());
const reopen = step('reopen', fc.constant('now'), (run) => run.reopen());

/** Calls about one conversation in one tick, on mailboxes that were in memory or have to be loaded by all of them at once. */
const together = step(
  'together',
  fc.record({
    pair: fc.constantFrom(['a', 'b'], ['b', 'a'], ['a', 'a'], ['a', '\u00e9']),
    cold: fc.boolean(),
    calls: fc.array(
      fc.oneof(
        fc.record({ id }),
        fc.record({ list: fc.constantFrom<'conversations' | 'mailbox' | 'conversation'>('conversations', 'mailbox', 'conversation'), of: fc.nat(1) }),
      ),
      { minLength: 2, maxLength: 6 },
    ),
  }),
  async (run, { pair, cold, calls }) => {
    if (cold) await run.reopen();
    const [senderId, recipientId] = pair as [string, string];
    for (const call of calls) {
      if ('id' in call) run.send({ senderId, recipientId, messageContent: 'x', clientMessageId: call.id }, false);
      else {
        const conversation = call.list === 'conversation' && { conversationId: conversationIdOf(senderId, recipientId) };
        run.fetch(pair[call.of]!, { list: call.list === 'conversations' ? { of: 'conversations' } : { of: 'messages', ...conversation }, pageSize: 200 });
      }
    }
  },
);

const kinds = {
  send: [9, send],
  together: [4, together],
  repeat: [3, repeat],
  page: [3, page],
  delta: [3, delta],
  next: [1, next],
  clock: [1, clock],
  abort: [1, abort],
  settle: [1, settle],
  reopen: [1, reopen],
} as const;
const commands = fc.commands(
  Object.values(kinds).flatMap(([weight, arbitrary]) => Array<fc.Arbitrary<Step>>(weight).fill(arbitrary)),
  { maxCommands: 50, size: 'max', ...REPLAY },
);

/** A number for a schedule: a scheduler that is itself the generated value changes with each copy made of it, so that its failure could not be replayed. */
const schedule = fc.noShrink(fc.integer());
const schedulerOf = (seed: number): fc.Scheduler => fc.sample(fc.scheduler(), { seed, numRuns: 1 })[0]!;

/** Steps that nobody waits for any more have their turn too. */
async function drain(scheduler: fc.Scheduler): Promise<void> {
  do {
    await scheduler.waitAll();
    await new Promise((resolve) => setImmediate(resolve));
  } while (scheduler.count() > 0);
}

/** Little memory, so that much is read, and short logs, so that rows are deleted beside what reads them. */
const limits = fc.constantFrom<Partial<Limits>>({}, { cacheBytes: 1 }, { cacheBytes: 3_000 }, { logChanges: 2 }, { cacheBytes: 1, logChanges: 3 });

describe('calls beside each other, in every order of the steps of the store', () => {
  it(
    'end in what some order of them gives, and show nothing else on the way',
    async () => {
      const property = fc.asyncProperty(schedule, limits, commands, async (seed, chosen, run) => {
        const scheduler = schedulerOf(seed);
        const interleaving = await Interleaving.open(new MemoryStore(), scheduler, chosen);
        try {
          await fc.scheduledModelRun(scheduler, () => ({ model: interleaving, real: interleaving }), run);
          await scheduler.waitFor(interleaving.end());
          await drain(scheduler);
          await interleaving.check(USERS);
        } catch (error) {
          throw new Error(`${error instanceof Error ? error.message : error}\n${scheduler}`, { cause: error });
        }
        await interleaving.close();
      });
      await checkProperty(
        { file, test: 'end in what some order of them gives', runs: 300, least: { what: 'commands', count: 6_000, counter: () => executed } },
        property,
      );
    },
    PROPERTY_TIMEOUT_MS,
  );
});
