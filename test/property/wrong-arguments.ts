import { Mailring } from 'mailring';

/** Wrong arguments, and calls that pass whatever they are given. */

/** What a caller without types passes. */
export const untyped = <T>(value: unknown): T => value as T;

/** A good send. */
export const SEND = { senderId: 'a', recipientId: 'b', messageContent: 'hello', clientMessageId: '1' };
/** What is no object. The first is `undefined`, which counts as absent where something may be absent. */
export const NO_OBJECT: readonly unknown[] = [undefined, null, 'x', 5, true, 5n, Symbol('x'), () => {}];
/** What is no string, `undefined` first. */
export const NO_STRING: readonly unknown[] = [
  undefined,
  null,
  5,
  Number.NaN,
  true,
  5n,
  Symbol('x'),
  () => {},
  {},
  [],
  ['a'],
  new String('a'),
  Buffer.from('a'),
];
/** What is no number. */
export const NO_NUMBER: readonly unknown[] = [null, '5', '', true, 5n, Symbol('x'), () => {}, {}, [], [5], new Date(5)];
/** Numbers that are no integer from 0 to 2^53. */
export const NO_INTEGER = [Number.NaN, 1.5, 0.1, -0.5, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** 53 + 2, -1, Number.MAX_VALUE, Number.MIN_VALUE];

/** The calls of an engine, which take anything. */
export function untypedCalls(engine: () => Mailring) {
  return {
    send: (request: unknown, options?: unknown) => () => engine().sendMessage(untyped(request), untyped(options)),
    conversations: (request: unknown, options?: unknown) => () => engine().fetchConversations(untyped(request), untyped(options)),
    messages: (request: unknown, options?: unknown) => () => engine().fetchMessages(untyped(request), untyped(options)),
    verify: (request: unknown, options?: unknown) => () => engine().verify(untyped(request), untyped(options)),
    backup: (request: unknown, options?: unknown) => () => engine().backup(untyped(request), untyped(options)),
    restore: (request: unknown, options?: unknown) => () => Mailring.restore(untyped(request), untyped(options)),
    mark: (request: unknown, options?: unknown) => () => engine().markRead(untyped(request), untyped(options)),
    conversation: (request: unknown, options?: unknown) => () => engine().getConversation(untyped(request), untyped(options)),
    message: (request: unknown, options?: unknown) => () => engine().getMessage(untyped(request), untyped(options)),
    eachConversation: (request: unknown, options?: unknown) => () => engine().conversations(untyped(request), untyped(options)).next(),
    eachMessage: (request: unknown, options?: unknown) => () => engine().messages(untyped(request), untyped(options)).next(),
    watch: (request: unknown, options?: unknown) => () => engine().watch(untyped(request), untyped(options)).next(),
  };
}
