import { type CallOptions, type FetchConversationsRequest, type FetchMessagesRequest, isMailringError, type SendRequest } from 'mailring';
import type { ConversationsCall, MessagesCall, SendCall } from 'mailring/testing';
import type { Process } from './process.js';
import type { World } from './world.js';

const DAMAGE = ['values are read wrong', 'stored values go wrong'] as const;

/** What the tries of one message were told so far, for counting. */
export class Tries {
  readonly outcomes: SendCall['outcome']['type'][] = [];
  underWay = 0;
}

/** Sends through an engine, and writes down what was asked and told. */
export async function send(world: World, process: Process, request: SendRequest, options: CallOptions, tries: Tries): Promise<SendCall> {
  const { observer, count, calls, trace } = world;
  const { engine } = process;
  const begin = world.tick();
  const { senderId, recipientId } = request;
  if (tries.underWay > 0) count('a retry while its first try is under way');
  const held = tries.outcomes.length > 0 ? [observer.lastSeq(senderId, recipientId), observer.lastSeq(recipientId, senderId)] : [];
  if (held[0] !== held[1]) count('a retry while delivery is under way');
  if (senderId === recipientId) count('a message to oneself');
  trace(() => `  #${begin} ${engine} send ${told(request)} ${JSON.stringify(options)}`);
  tries.underWay++;
  observer.sendBegins(engine, senderId, recipientId);
  const ending = await process.call((mailring) => mailring.sendMessage(request, options), [senderId, recipientId]);
  observer.sendEnds(engine, senderId, recipientId);
  tries.underWay--;
  const outcome = outcomeOf(world, ending);
  if (outcome.type === 'ok') {
    observer.acknowledge(engine, outcome.result.messageId, world.scheduler.time);
    if (outcome.result.duplicate && outcome.result.seq > Math.min(...held)) count('a duplicate waits for its delivery');
  }
  const end = outcome.type === 'unanswered' ? Number.POSITIVE_INFINITY : world.tick();
  const call: SendCall = { verb: 'sendMessage', begin, end, engine, request, outcome };
  calls.push(call);
  countOutcome(world, outcome, tries);
  tries.outcomes.push(outcome.type);
  trace(() => `  #${begin} ${engine} send ${told(request)} -> ${JSON.stringify(outcome)}`);
  return call;
}

/** Fetches, and writes down what was answered; `undefined` when nothing was. */
export async function fetchMessages(
  world: World,
  process: Process,
  request: FetchMessagesRequest,
  { session, ...options }: CallOptions & { readonly session?: string } = {},
): Promise<MessagesCall | undefined> {
  const { begin, engine, value, end } = await fetch(world, process, 'fetchMessages', request, () => process.mailring.fetchMessages(request, options));
  if (value === undefined) return undefined;
  const call: MessagesCall = { verb: 'fetchMessages', begin, end, engine, request, answer: value, ...(session && { session }) };
  world.calls.push(call);
  if (value.messages.some(({ messageId }) => !world.observer.acknowledged.has(messageId))) world.count('a read sees what is not acknowledged yet');
  countAnswer(world, request, value.isDeltaUpdate, value.hasMore, value.messages.length, value.reason);
  if (request.after !== undefined || request.around !== undefined) world.count('a page around a place');
  return call;
}

/** Fetches, and writes down what was answered; `undefined` when nothing was. */
export async function fetchConversations(
  world: World,
  process: Process,
  request: FetchConversationsRequest,
  { session, ...options }: CallOptions & { readonly session?: string } = {},
): Promise<ConversationsCall | undefined> {
  const { begin, engine, value, end } = await fetch(world, process, 'fetchConversations', request, () => process.mailring.fetchConversations(request, options));
  if (value === undefined) return undefined;
  const call: ConversationsCall = { verb: 'fetchConversations', begin, end, engine, request, answer: value, ...(session && { session }) };
  world.calls.push(call);
  countAnswer(world, request, value.isDeltaUpdate, value.hasMore, value.conversations.length, value.reason);
  return call;
}

const told = ({ senderId, recipientId, clientMessageId }: SendRequest) => `${senderId}>${recipientId} ${clientMessageId}`;

async function fetch<T extends object>(world: World, process: Process, verb: string, request: FetchMessagesRequest, run: () => Promise<T>) {
  const { engine } = process;
  const begin = world.tick();
  world.observer.readBegins(engine, request.userId);
  world.trace(() => `  #${begin} ${engine} ${verb} ${JSON.stringify(request)}`);
  const ending = await process.call(run);
  const end = world.tick();
  if ('error' in ending) {
    insistKnown(world, ending.error);
    if (isMailringError(ending.error, 'MAILRING_ABORTED')) world.count('a read is given up');
  }
  const value = 'value' in ending ? ending.value : undefined;
  world.trace(() => `  #${begin} ${engine} ${verb} -> ${value === undefined ? ('error' in ending ? ending.error : 'lost') : JSON.stringify(value)}`);
  return { begin, end, engine, value };
}

function outcomeOf(world: World, ending: Awaited<ReturnType<Process['call']>>): SendCall['outcome'] {
  if ('lost' in ending) return { type: 'unanswered' };
  if ('value' in ending) {
    const { value } = ending as { readonly value: Extract<SendCall['outcome'], { type: 'ok' }>['result'] };
    return { type: 'ok', result: value };
  }
  const { error } = ending;
  insistKnown(world, error);
  if (isMailringError(error, 'MAILRING_OVERLOADED') && error.message.includes('wait for delivery')) world.count('the limit of what is undelivered refuses');
  if (!isMailringError(error) || error.outcome === undefined) return { type: 'strange', text: String(error) };
  return { type: error.outcome, code: error.code };
}

/** A call fails only with what the faults of the seed can bring about. */
export function insistKnown({ setting, problem, count }: World, error: unknown): void {
  const damaged = DAMAGE.some((kind) => setting.faults.has(kind));
  const known = ['MAILRING_UNAVAILABLE', 'MAILRING_ABORTED', 'MAILRING_CLOSED', 'MAILRING_OVERLOADED', 'MAILRING_ID_CONFLICT'];
  if (isMailringError(error, 'MAILRING_CORRUPT') && damaged) count('damage is reported');
  else if (!isMailringError(error) || !known.includes(error.code))
    problem(`a call fails with what no fault explains: ${error instanceof Error ? error.stack : error}`);
}

function countOutcome({ count }: World, outcome: SendCall['outcome'], { outcomes }: Tries): void {
  if (outcome.type === 'ok') {
    const only = (type: string) => outcomes.length > 0 && outcomes.every((one) => one === type || one === 'not-accepted') && outcomes.includes(type as 'ok');
    if (only('unconfirmed')) count(outcome.result.duplicate ? 'unknown, then found applied' : 'unknown, then found absent');
    if (only('unanswered')) count(outcome.result.duplicate ? 'unanswered, then found applied' : 'unanswered, then found absent');
  } else if (outcome.type === 'not-accepted' || outcome.type === 'unconfirmed') {
    const { code, type } = outcome;
    if (code === 'MAILRING_ID_CONFLICT') count('an id conflict');
    if (code === 'MAILRING_OVERLOADED') count('a full queue refuses');
    if (code === 'MAILRING_ABORTED') count(type === 'not-accepted' ? 'given up while waiting' : 'given up while being written or delivered');
    if (code === 'MAILRING_UNAVAILABLE') count(type === 'not-accepted' ? 'the store is down: not accepted' : 'the store is down: unconfirmed');
  }
}

function countAnswer(
  { count, setting }: World,
  request: FetchConversationsRequest,
  isDelta: boolean,
  hasMore: boolean,
  items: number,
  reason: string | undefined,
): void {
  if (reason === 'too-many-changes') count('too many changes for a delta');
  if (reason === 'future') count('a cursor above the version');
  if (reason === 'expired') count('a cursor has expired');
  const { logChanges = Number.POSITIVE_INFINITY } = setting.limits;
  if (!isDelta && ((request.pageNumber ?? 1) - 1) * request.pageSize! + items > 2 * logChanges) count('a page beyond a trimmed log');
  if (!isDelta && (request.before !== undefined || (request.pageNumber ?? 1) > 1) && items > 0) count('a page behind the first');
  if (!isDelta) return;
  if (items === 0 && !hasMore) count('a delta with nothing in it');
  if (hasMore) count('a delta of several slices');
  if (!hasMore && items === (request.maxChanges ?? request.pageSize)) count('a delta at exactly its limit');
}
