import { checkKeys, readInteger, requireObject, typeOf } from '../model/arguments.js';
import { MailringError } from '../model/errors.js';
import { type Participants, parseConversationId, parseMessageId, parseUserId, type UserId } from '../model/ids.js';
import { PAGE_SIZE_MAX, TIMEOUT_MS_MAX, U48_MAX } from '../model/limits.js';

/** How a single call may be given up. */
export interface CallOptions {
  /** Gives the call up with `MAILRING_ABORTED`. */
  readonly signal?: AbortSignal | undefined;
  /** Gives the call up after so many milliseconds, 1 … 2^31−1; never when absent. */
  readonly timeoutMs?: number | undefined;
}

/** A request object whose keys are all known. `undefined` counts as absent. @throws `TypeError` */
export function readRequest<T extends object>(request: T, known: readonly (keyof T & string)[], verb: string): T {
  const object = requireObject(request, `the request of ${verb}`);
  checkKeys(object, known, `the request of ${verb}`);
  return object as T;
}

/** An options object whose keys are all known; absent, it says nothing. @throws `TypeError` */
export function readOptions<T extends object>(options: T | undefined, known: readonly (keyof T & string)[], verb: string): Partial<T> {
  if (options === undefined) return {};
  checkKeys(requireObject(options, `the options of ${verb}`), known, `the options of ${verb}`);
  return options;
}

/** @throws `TypeError` */
export function readString(value: unknown, name: string): string {
  if (typeof value !== 'string') throw new TypeError(`${name} must be a string. type=\`${typeOf(value)}\``);
  return value;
}

/** @throws `TypeError`, `MAILRING_INVALID_TEXT` */
export function readUserId(value: unknown, name: string): UserId {
  return parseUserId(readString(value, name), name);
}

/** The users of a conversation id. @throws `TypeError`, `RangeError` for a string that is none */
export function readConversationId(value: unknown): Participants {
  const text = readString(value, 'conversationId');
  const participants = parseConversationId(text);
  if (participants === undefined)
    throw new RangeError(`conversationId is no conversation id; take it from a result or from conversationIdOf(). length=\`${text.length}\``);
  return participants;
}

/** What a message id names. @throws `TypeError`, `RangeError` for a string that is none */
export function readMessageId(value: unknown): { readonly participants: Participants; readonly seq: number } {
  const text = readString(value, 'messageId');
  const parsed = parseMessageId(text);
  if (parsed === undefined) throw new RangeError(`messageId is no message id; take it from a result. length=\`${text.length}\``);
  return parsed;
}

/** What fetches have in common. */
export interface FetchRequest {
  /** Whose mailbox; 1 to 128 bytes of UTF-8, compared by its bytes. */
  readonly userId: string;
  /** Counts from 1: that page of the list as it is now. */
  readonly pageNumber?: number | undefined;
  /** Items of a page or slice, 1 … 200. */
  readonly pageSize?: number | undefined;
  /** The `next` of the page before: the page that follows it, whatever moved meanwhile. */
  readonly before?: number | undefined;
  /** The cursor of an earlier answer: gives what changed since. */
  readonly lastUpdatedTimestamp?: number | undefined;
  /** With a cursor: when more items changed than this, a full first page is the answer. `pageSize` when absent; `Infinity` for a client that keeps a whole copy. */
  readonly maxChanges?: number | undefined;
}

/** A fetch that was checked. */
export interface FetchQuery {
  readonly size: number;
  readonly skip: number;
  readonly before: number | undefined;
  readonly after: number | undefined;
  readonly around: number | undefined;
  readonly since: number | undefined;
  readonly maxChanges: number;
}

/** Where in a conversation a page stands, beside the places that all lists have. */
export interface SeqPlaces {
  readonly after?: number | undefined;
  readonly around?: number | undefined;
}

/** The keys of {@link FetchRequest}. */
export const FETCH_KEYS = ['userId', 'pageNumber', 'pageSize', 'before', 'lastUpdatedTimestamp', 'maxChanges'] as const;

/** @throws `TypeError`, `RangeError` */
export function readFetch(request: FetchRequest & SeqPlaces, defaultSize: number): FetchQuery {
  const size = readInteger(request.pageSize, 'pageSize', 1, PAGE_SIZE_MAX) ?? defaultSize;
  const pageNumber = readInteger(request.pageNumber, 'pageNumber', 1, U48_MAX) ?? 1;
  const before = readInteger(request.before, 'before', 0, U48_MAX);
  const since = readInteger(request.lastUpdatedTimestamp, 'lastUpdatedTimestamp', 0, U48_MAX);
  const after = readInteger(request.after, 'after', 1, U48_MAX);
  const around = readInteger(request.around, 'around', 1, U48_MAX);
  const maxChanges = readInteger(request.maxChanges, 'maxChanges', 1, Number.POSITIVE_INFINITY);
  const given = { pageNumber: pageNumber > 1 ? pageNumber : undefined, before, after, around, lastUpdatedTimestamp: since };
  const places = Object.entries(given).flatMap(([place, value]) => (value === undefined ? [] : [place]));
  if (places.length > 1) throw new RangeError(`at most one of these can say where to begin. given=\`${places.join(', ')}\``);
  if (maxChanges !== undefined && since === undefined)
    throw new RangeError('maxChanges counts changes since a cursor: pass it only together with lastUpdatedTimestamp');
  return { size, skip: (pageNumber - 1) * size, before, after, around, since, maxChanges: maxChanges ?? size };
}

/** Options that were checked: how a call is given up. */
export interface CallLimits {
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number | undefined;
}

/** @throws `TypeError`, `RangeError` */
export function readCallOptions(options: CallOptions | undefined, verb: string): CallLimits {
  const { signal, timeoutMs } = readOptions(options, ['signal', 'timeoutMs'], verb);
  return { signal: readSignal(signal), timeoutMs: readInteger(timeoutMs, 'timeoutMs', 1, TIMEOUT_MS_MAX) };
}

/** @throws `TypeError` */
export function readSignal(signal: unknown): AbortSignal | undefined {
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw new TypeError(`signal must be an AbortSignal. type=\`${typeOf(signal)}\``);
  return signal;
}

/** @throws `TypeError` */
export function readCallback<T>(onProgress: ((progress: T) => void) | undefined): ((progress: T) => void) | undefined {
  if (onProgress !== undefined && typeof onProgress !== 'function') throw new TypeError(`onProgress must be a function. type=\`${typeOf(onProgress)}\``);
  return onProgress;
}

/** What a call that was given up rejects with. */
export function aborted(cause: unknown, outcome?: 'not-accepted'): MailringError {
  return new MailringError(
    'MAILRING_ABORTED',
    'the call was given up by its signal or timeoutMs; repeat it if it still matters, a send with the same clientMessageId',
    {
      retryable: true,
      cause,
      ...(outcome && { outcome }),
    },
  );
}
