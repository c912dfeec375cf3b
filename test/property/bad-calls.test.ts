import { type CallOptions, type FetchMessagesRequest, Mailring, type OpenOptions, type VerifyOptions, type VerifyRequest } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../src/model/limits.js';
import { conversationIdOf } from '../../src/testing/mailbox-model.js';
import { refused } from './refusals.js';
import { unchangedMailring } from './unchanged.js';
import { NO_INTEGER, NO_NUMBER, NO_OBJECT, NO_STRING, SEND, untyped, untypedCalls } from './wrong-arguments.js';

const opened = unchangedMailring();

const { send, conversations, messages, verify, mark, conversation, message, eachConversation, eachMessage, watch } = untypedCalls(opened);
const IN_CONVERSATION = { userId: 'a', conversationId: conversationIdOf('a', 'b') };

describe('the options of a call', () => {
  const calls = {
    sendMessage: (options: unknown) => send(SEND, options),
    fetchConversations: (options: unknown) => conversations({ userId: 'a' }, options),
    fetchMessages: (options: unknown) => messages({ userId: 'a' }, options),
    markRead: (options: unknown) => mark({ ...IN_CONVERSATION, seq: 1 }, options),
    getConversation: (options: unknown) => conversation(IN_CONVERSATION, options),
    getMessage: (options: unknown) => message({ userId: 'a', messageId: `${IN_CONVERSATION.conversationId}.1` }, options),
    conversations: (options: unknown) => eachConversation({ userId: 'a' }, options),
    messages: (options: unknown) => eachMessage({ userId: 'a' }, options),
  };

  it.each(Object.entries(calls))('of %s are an object of signal and timeoutMs', async (_verb, call) => {
    for (const options of NO_OBJECT.slice(1)) await refused('TypeError', call(options));
    for (const signal of [null, 5, 'x', {}, new AbortController(), { aborted: false }]) await refused('TypeError', call({ signal }));
    for (const timeoutMs of NO_NUMBER) await refused('TypeError', call({ timeoutMs }));
    for (const timeoutMs of [0, 2 ** 31, ...NO_INTEGER]) await refused('RangeError', call({ timeoutMs }));
    for (const [key, nearest] of [
      ['timeout', 'timeoutMs'],
      ['signals', 'signal'],
      ['abort', 'signal'],
    ] as const) {
      const { message } = await refused('TypeError', call({ [key]: 1 }));
      expect(message).toContain(`\`${key}\``);
      if (key !== 'abort') expect(message).toContain(`\`${nearest}\``);
    }
  });

  it.each(Object.entries(calls))('of %s with a signal that is aborted already: nothing is begun', async (_verb, call) => {
    const [settled] = await Promise.allSettled([call({ signal: AbortSignal.abort() })()]);
    expect(settled).toMatchObject({ status: 'rejected', reason: { code: 'MAILRING_ABORTED', name: 'AbortError', retryable: true } });
  });
});

describe('Mailring.open', () => {
  const open = (options: unknown) => () => Mailring.open(untyped<OpenOptions>(options));
  const fresh = () => ({ store: new MemoryStore() });

  it('refuses what is no options object, and neither or both of location and store', async () => {
    for (const options of NO_OBJECT) await refused('TypeError', open(options));
    for (const options of [{}, [], { location: './x', ...fresh() }, { location: undefined }]) await refused('TypeError', open(options));
  });

  it('refuses a location, a store or a signal that is none', async () => {
    for (const location of NO_STRING.slice(1)) await refused('TypeError', open({ location }));
    await refused('RangeError', open({ location: '' }));
    for (const wrong of [null, 5, 'x', true, {}, [], () => {}, { capabilities: {} }]) await refused('TypeError', open({ store: wrong }));
    for (const signal of [null, 5, {}, new AbortController()]) await refused('TypeError', open({ ...fresh(), signal }));
    const [settled] = await Promise.allSettled([open({ ...fresh(), signal: AbortSignal.abort() })()]);
    expect(settled).toMatchObject({ status: 'rejected', reason: { code: 'MAILRING_ABORTED' } });
  });

  it('refuses a clock that is none', async () => {
    const methods = { now: () => 5, after: () => () => {}, soon: () => {} };
    const partly = Object.keys(methods).flatMap((name) => [
      { ...methods, [name]: undefined },
      { ...methods, [name]: 5 },
    ]);
    for (const clock of [null, 5, 'x', true, {}, [], () => {}, ...partly]) await refused('TypeError', open({ ...fresh(), clock }));
  });

  it('refuses a store that is open, and leaves it open', async () => {
    const taken = fresh();
    await using first = await Mailring.open(taken);
    await refused('MAILRING_LOCKED', open(taken));
    expect(await first.sendMessage(SEND)).toMatchObject({ seq: 1 });
  });

  it('refuses limits and waits outside their range, and limits that do not exist', async () => {
    for (const limits of [null, 5, 'x']) await refused('TypeError', open({ ...fresh(), limits }));
    for (const [key, { max }] of Object.entries(LIMITS)) {
      for (const value of NO_NUMBER) await refused('TypeError', open({ ...fresh(), limits: { [key]: value } }));
      for (const value of [0, max + 1, ...NO_INTEGER]) await refused('RangeError', open({ ...fresh(), limits: { [key]: value } }));
      for (const value of [1, max, undefined]) await (await Mailring.open({ ...fresh(), limits: { [key]: value } })).close();
    }
    for (const openWaitMs of NO_NUMBER) await refused('TypeError', open({ ...fresh(), openWaitMs }));
    for (const openWaitMs of [2 ** 31, ...NO_INTEGER]) await refused('RangeError', open({ ...fresh(), openWaitMs }));
    expect((await refused('TypeError', open({ ...fresh(), limits: { cacheByte: 5 } }))).message).toContain('`cacheBytes`');
    expect((await refused('TypeError', open({ ...fresh(), locations: 'x' }))).message).toContain('`location`');
  });
});

describe('verify', () => {
  it('refuses what is no request, no user, no options', async () => {
    for (const request of NO_OBJECT.slice(1)) await refused('TypeError', verify(request));
    for (const userId of NO_STRING.slice(1)) await refused('TypeError', verify({ userId }));
    for (const userId of ['', 'x'.repeat(129), '\ud800']) await refused('MAILRING_INVALID_TEXT', verify({ userId }));
    expect((await refused('TypeError', verify({ userID: 'a' }))).message).toContain('`userId`');
    for (const options of NO_OBJECT.slice(1)) await refused('TypeError', verify({}, options));
    for (const signal of [null, 5, {}]) await refused('TypeError', verify({}, { signal }));
    for (const onProgress of [null, 5, 'x', {}]) await refused('TypeError', verify({}, { onProgress }));
    expect((await refused('TypeError', verify({}, { onprogress: () => {} }))).message).toContain('`onProgress`');
  });

  it('finds nothing wrong after all of this, of an unknown user neither', async () => {
    expect(await opened().verify()).toMatchObject({ ok: true, problems: [] });
    expect(await opened().verify({ userId: 'nobody' })).toMatchObject({ ok: true, problems: [] });
  });
});

describe('a closed engine', () => {
  it('refuses every verb but those that need nothing, and closes again', async () => {
    const closed = await Mailring.open({ store: new MemoryStore() });
    const closing = closed.close();
    for (const state of ['closing', 'closed']) {
      expect(await refused('MAILRING_CLOSED', () => closed.sendMessage(SEND)), state).toMatchObject({ outcome: 'not-accepted' });
      await refused('MAILRING_CLOSED', () => closed.fetchConversations({ userId: 'a' }));
      await refused('MAILRING_CLOSED', () => closed.fetchMessages({ userId: 'a' }));
      await refused('MAILRING_CLOSED', () => closed.verify());
      await refused('MAILRING_CLOSED', () => closed.markRead({ ...IN_CONVERSATION, seq: 1 }));
      await refused('MAILRING_CLOSED', () => closed.getConversation(IN_CONVERSATION));
      await refused('MAILRING_CLOSED', () => closed.getMessage({ userId: 'a', messageId: `${IN_CONVERSATION.conversationId}.1` }));
      await refused('MAILRING_CLOSED', () => closed.conversations({ userId: 'a' }).next());
      await refused('MAILRING_CLOSED', () => closed.messages({ userId: 'a' }).next());
      await refused('MAILRING_CLOSED', () => closed.watch({ userId: 'a' }).next());
      expect(closed.health()).toMatchObject({ status: 'closed' });
      expect(closed.conversationIdOf('b', 'a')).toBe(conversationIdOf('a', 'b'));
      expect(closed.stats()).toMatchObject({ closed: true });
      await closing;
    }
    await Promise.all([closed.close(), untyped<(value: unknown) => Promise<void>>(closed.close).call(closed, 5), closed[Symbol.asyncDispose]()]);
  });
});

describe('a request', () => {
  it('is read when the call is made: what becomes of the object later changes nothing', async () => {
    await using another = await Mailring.open({ store: new MemoryStore() });
    const request = { ...SEND, clientMessageId: 'read at once' };
    const options: { timeoutMs: unknown } = { timeoutMs: 60_000 };
    const sent = another.sendMessage(request, untyped<CallOptions>(options));
    Object.assign(request, { senderId: 'x', recipientId: 5, messageContent: 'y'.repeat(100_000), clientMessageId: '' });
    options.timeoutMs = 'x';
    expect(await sent).toMatchObject({ conversationId: conversationIdOf('a', 'b'), seq: 1 });
    const fetch: Record<string, unknown> = { userId: 'a', pageSize: 5 };
    const fetched = another.fetchMessages(untyped<FetchMessagesRequest>(fetch));
    Object.assign(fetch, { userId: 'x', pageSize: -1 });
    expect((await fetched).messages).toMatchObject([{ messageContent: 'hello', clientMessageId: 'read at once' }]);
    const check: VerifyRequest = { userId: 'a' };
    const verified = another.verify(check);
    Object.assign(check, { userId: '' });
    expect(await verified).toMatchObject({ ok: true });
  });

  it('whose getters or traps throw rejects with what they threw', async () => {
    const thrown = new Error('from a getter');
    const fail = () => {
      throw thrown;
    };
    const trap = () => new Proxy({}, { ownKeys: fail, get: fail, getOwnPropertyDescriptor: fail });
    const getter = (rest: object, key: string) => Object.defineProperty({ ...rest }, key, { enumerable: true, get: fail });
    const calls: Record<string, () => Promise<unknown>> = {
      send: send(getter(SEND, 'messageContent')),
      sendOptions: send(SEND, getter({}, 'timeoutMs')),
      sendTrap: send(trap()),
      conversations: conversations(getter({}, 'userId')),
      messages: messages(getter({ userId: 'a' }, 'conversationId')),
      messagesOptions: messages({ userId: 'a' }, trap()),
      mark: mark(getter({ userId: 'a' }, 'seq')),
      markOptions: mark({ ...IN_CONVERSATION, seq: 1 }, getter({}, 'signal')),
      conversation: conversation(getter({ userId: 'a' }, 'conversationId')),
      message: message(trap()),
      eachConversation: eachConversation(getter({}, 'userId')),
      eachMessage: eachMessage({ userId: 'a' }, trap()),
      watch: watch(getter({ userId: 'a' }, 'lastUpdatedTimestamp')),
      watchOptions: watch({ userId: 'a' }, getter({}, 'signal')),
      verify: verify(getter({}, 'userId')),
      verifyOptions: verify({}, untyped<VerifyOptions>(getter({}, 'onProgress'))),
      open: () => Mailring.open(untyped(getter({}, 'location'))),
      openLimits: () => Mailring.open(untyped({ store: new MemoryStore(), limits: trap() })),
    };
    for (const [name, call] of Object.entries(calls)) {
      const [settled] = await Promise.allSettled([Promise.resolve().then(() => refusedWith(call))]);
      expect(settled, name).toEqual({ status: 'fulfilled', value: thrown });
    }
  });

  it('of a class, with no prototype, or frozen is one like any other', async () => {
    class Request {
      get userId() {
        return 'a';
      }
    }
    const plain = await opened().fetchMessages({ userId: 'a' });
    for (const request of [new Request(), Object.assign(Object.create(null), { userId: 'a' }), Object.freeze({ userId: 'a', [Symbol('x')]: 1 })]) {
      expect(await opened().fetchMessages(untyped(request))).toEqual(plain);
    }
  });
});

async function refusedWith(call: () => Promise<unknown>): Promise<unknown> {
  let answer: Promise<unknown>;
  try {
    answer = call();
  } catch {
    return 'thrown, not rejected';
  }
  return answer.then(
    () => 'accepted',
    (error) => error,
  );
}
