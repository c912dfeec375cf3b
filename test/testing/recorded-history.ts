import { Mailring } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import type {
  ConversationCall,
  ConversationsCall,
  FinalMailbox,
  History,
  MarkReadCall,
  MessageCall,
  MessagesCall,
  SendCall,
  WatchedCall,
} from 'mailring/testing';
import { readAll } from '../simulation/heal.js';

/** What a test may change in a history before it is judged. */
export type Draft<T> = T extends readonly unknown[] | object ? { -readonly [K in keyof T]: Draft<T[K]> } : T;

type Acknowledged = Draft<SendCall> & { outcome: Draft<Extract<SendCall['outcome'], { type: 'ok' }>> };

/** A history in which everything is right, with names for its calls; everything can be changed. */
export interface Recorded {
  readonly calls: Draft<History['calls'][number]>[];
  readonly mailboxes: Draft<FinalMailbox>[];
  readonly sends: Readonly<Record<'first' | 'second' | 'reply' | 'other' | 'again', Acknowledged>>;
  readonly messages: Readonly<Record<'early' | 'page' | 'delta' | 'slice' | 'future' | 'followed', Draft<MessagesCall>>>;
  readonly conversations: Readonly<Record<'list' | 'slice' | 'listDelta' | 'markerDelta', Draft<ConversationsCall>>>;
  readonly mark: Draft<MarkReadCall>;
  readonly message: Draft<MessageCall>;
  readonly conversation: Readonly<Record<'before' | 'after', Draft<ConversationCall>>>;
  readonly watched: Draft<WatchedCall>;
}

/**
 * Ann sends Bob two messages, Bob one to Ann, Ann one to Cid, and the first one again; meanwhile and afterwards Ann reads, once each way, and follows all her messages as
 * the session `ann`. Then she marks the first message that Bob has sent as read, and looks at it in every way.
 */
export async function recordHistory(): Promise<Recorded> {
  const mailring = await Mailring.open({ store: new MemoryStore() });
  const calls: Draft<History['calls'][number]>[] = [];
  let ticks = 0;
  // Answers share frozen objects: what is changed in one must not change in another.
  const add = <T extends History['calls'][number]>(call: T): Draft<T> => {
    const own = structuredClone(call) as Draft<T>;
    calls.push(own as Draft<History['calls'][number]>);
    return own;
  };
  const send = async (senderId: string, recipientId: string, clientMessageId: string): Promise<Acknowledged> => {
    const request = { senderId, recipientId, messageContent: `${clientMessageId} from ${senderId}`, clientMessageId };
    const begin = ticks++;
    const result = await mailring.sendMessage(request);
    return add<SendCall>({ verb: 'sendMessage', begin, end: ticks++, engine: 'e', request, outcome: { type: 'ok', result } }) as Acknowledged;
  };
  const messages = async (place: object, session?: string): Promise<Draft<MessagesCall>> => {
    const [request, begin] = [{ userId: 'ann', pageSize: 3, ...place }, ticks++];
    const answer = await mailring.fetchMessages(request);
    return add<MessagesCall>({ verb: 'fetchMessages', begin, end: ticks++, engine: 'e', request, answer, ...(session && { session }) });
  };
  const conversations = async (place: object): Promise<Draft<ConversationsCall>> => {
    const [request, begin] = [{ userId: 'ann', pageSize: 1, ...place }, ticks++];
    const answer = await mailring.fetchConversations(request);
    return add<ConversationsCall>({ verb: 'fetchConversations', begin, end: ticks++, engine: 'e', request, answer });
  };

  const conversationId = mailring.conversationIdOf('ann', 'bob');
  const conversation = async (): Promise<Draft<ConversationCall>> => {
    const [request, begin] = [{ userId: 'ann', conversationId }, ticks++];
    const answer = await mailring.getConversation(request);
    return add<ConversationCall>({ verb: 'getConversation', begin, end: ticks++, engine: 'e', request, answer });
  };
  const markRead = async (seq: number): Promise<Draft<MarkReadCall>> => {
    const [request, begin] = [{ userId: 'ann', conversationId, seq }, ticks++];
    await mailring.markRead(request);
    return add<MarkReadCall>({ verb: 'markRead', begin, end: ticks++, engine: 'e', request, outcome: { type: 'ok' } });
  };
  const message = async (messageId: string): Promise<Draft<MessageCall>> => {
    const [request, begin] = [{ userId: 'ann', messageId }, ticks++];
    const answer = await mailring.getMessage(request);
    return add<MessageCall>({ verb: 'getMessage', begin, end: ticks++, engine: 'e', request, answer });
  };
  const watched = async (lastUpdatedTimestamp: number): Promise<Draft<WatchedCall>> => {
    const [request, begin] = [{ userId: 'ann', lastUpdatedTimestamp }, ticks++];
    const watch = mailring.watch(request);
    const { value } = await watch.next();
    await watch.return!();
    return add<WatchedCall>({ verb: 'watch', begin, end: ticks++, engine: 'e', request, event: value! });
  };

  const first = await send('ann', 'bob', 'm1');
  const second = await send('ann', 'bob', 'm2');
  const early = await messages({});
  const { lastUpdatedTimestamp: cursor } = (await messages({}, 'ann')).answer;
  const reply = await send('bob', 'ann', 'm1');
  const other = await send('ann', 'cid', 'm3');
  const again = await send('ann', 'bob', 'm1');
  const followed = await messages({ lastUpdatedTimestamp: cursor, maxChanges: Number.POSITIVE_INFINITY }, 'ann');
  const sends = { first, second, reply, other, again };
  const pages = {
    early,
    page: await messages({}),
    delta: await messages({ lastUpdatedTimestamp: cursor }),
    slice: await messages({ lastUpdatedTimestamp: 0, maxChanges: Number.POSITIVE_INFINITY }),
    future: await messages({ lastUpdatedTimestamp: followed.answer.lastUpdatedTimestamp + 1_000 }),
    followed,
  };
  for (const place of [{ after: 1 }, { around: 2, pageSize: 1 }]) await messages({ conversationId, ...place });
  const list = await conversations({});
  const { lastUpdatedTimestamp: unmarked } = list.answer;
  await conversations({ pageSize: 5 });
  const listDelta = await conversations({ lastUpdatedTimestamp: reply.outcome.result.lastUpdatedTimestamp });
  const slice = await conversations({ lastUpdatedTimestamp: 0, maxChanges: Number.POSITIVE_INFINITY });
  const before = await conversation();
  const mark = await markRead(3);
  const markerDelta = await conversations({ lastUpdatedTimestamp: unmarked, pageSize: 5 });
  const after = await conversation();
  const recorded = {
    sends,
    messages: pages,
    conversations: { list, listDelta, slice, markerDelta },
    mark,
    conversation: { before, after },
    message: await message(reply.outcome.result.messageId),
    watched: await watched(unmarked),
  };
  const mailboxes = await readAll(mailring, ['ann', 'bob', 'cid']);
  await mailring.close();
  return { calls, mailboxes: mailboxes.map((mailbox) => structuredClone(mailbox) as Draft<FinalMailbox>), ...recorded };
}
