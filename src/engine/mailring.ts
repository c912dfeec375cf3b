import { conversationIdOf, participantsOf } from '../model/ids.js';
import type { Conversation, ConversationsAnswer, Message, MessagesAnswer } from '../model/message.js';
import { type CallOptions, readUserId } from './arguments.js';
import { type Backup, type BackupOptions, type BackupRequest, backup } from './backup.js';
import { type ConversationsRequest, eachConversation, eachMessage, type MessagesRequest } from './each-item.js';
import { Engine } from './engine.js';
import { type FetchConversationsRequest, type FetchMessagesRequest, fetchConversations, fetchMessages } from './fetch.js';
import { type GetConversationRequest, type GetMessageRequest, getConversation, getMessage } from './get-item.js';
import { type Health, healthOf } from './health.js';
import { type MarkReadRequest, markRead } from './mark-read.js';
import { openEngine } from './open.js';
import type { OpenOptions } from './open-options.js';
import { type Restoration, type RestoreOptions, type RestoreRequest, restore } from './restore.js';
import { type SendRequest, type SendResult, sendMessage } from './send-message.js';
import { type MailringStats, statsOf } from './stats.js';
import { type ScrubRequest, scrub, type Verification, type VerifyOptions, type VerifyRequest, verify } from './verify.js';
import { Watch, type WatchEvent, type WatchOptions, type WatchRequest } from './watch.js';

/**
 * The mailbox store that a chat product embeds. An acknowledged send is durable, is in both mailboxes exactly once and at the same place in the same order, and
 * is seen by every fetch that starts afterwards; where that cannot be kept, the call fails. Who may read or send what is the host's decision.
 */
export class Mailring {
  readonly #engine: Engine;

  private constructor(engine: Engine) {
    // Reachable from JavaScript.
    if (!(engine instanceof Engine)) throw new TypeError('a Mailring is made by Mailring.open()');
    this.#engine = engine;
  }

  /**
   * Opens a folder (embedded LevelDB) or a store, and takes it: nobody else can write there until it is closed or the process ends.
   *
   * @throws `MAILRING_LOCKED`, `MAILRING_FORMAT`, `MAILRING_NATIVE_MISSING`, `MAILRING_UNAVAILABLE`, `MAILRING_CORRUPT`, `MAILRING_ABORTED`; `TypeError`, `RangeError`
   */
  static async open(options: OpenOptions): Promise<Mailring> {
    return new Mailring(await openEngine(options));
  }

  /**
   * Makes a folder of a backup, to be opened afterwards: what was sent since the backup is gone, and nothing of it is guessed. Every mailbox goes on with numbers above all that can have
   * been given meanwhile, so that what a client holds of the lost time is found out: its cursors are answered by a full page with `reason: 'restored'`. Stop every process that had the
   * lost data first. A restore that fails leaves nothing, one that is killed a folder that nothing opens.
   *
   * @throws `MAILRING_FORMAT` for a folder that is no finished backup, `MAILRING_CORRUPT` for one that is damaged, `MAILRING_UNAVAILABLE`, `MAILRING_NATIVE_MISSING`, `MAILRING_ABORTED`;
   * `TypeError`, `RangeError`, also where `location` is not empty
   */
  static restore(request: RestoreRequest, options?: RestoreOptions): Promise<Restoration> {
    return restore(request, options);
  }

  /**
   * Sends a message. When it answers, the message is durable and in both mailboxes. A send that failed is safe to repeat with the same `clientMessageId`: the
   * error's `outcome` says what is known of it, and a repeat of one that was accepted gives the first result with `duplicate: true`.
   *
   * @throws `MAILRING_INVALID_TEXT`, `MAILRING_MESSAGE_TOO_LARGE`, `MAILRING_ID_CONFLICT`, `MAILRING_OVERLOADED`, `MAILRING_UNAVAILABLE`, `MAILRING_ABORTED`,
   * `MAILRING_CLOSED`, `MAILRING_DIVERGED`, `MAILRING_CORRUPT`; `TypeError`
   */
  sendMessage(request: SendRequest, options?: CallOptions): Promise<SendResult> {
    return sendMessage(this.#engine, request, options);
  }

  /**
   * Fetches a user's conversations, those with the newest messages first, or with a cursor what changed since. It sees every send acknowledged before the call. An
   * unknown user has none.
   *
   * @throws `MAILRING_INVALID_TEXT`, `MAILRING_UNAVAILABLE`, `MAILRING_ABORTED`, `MAILRING_CLOSED`, `MAILRING_CORRUPT`; `TypeError`, `RangeError`
   */
  fetchConversations(request: FetchConversationsRequest, options?: CallOptions): Promise<ConversationsAnswer> {
    return fetchConversations(this.#engine, request, options);
  }

  /**
   * Fetches a user's messages, newest first: of one conversation, or of the whole mailbox, or with a cursor what changed since. It sees every send acknowledged before
   * the call, and never a message without all earlier ones of its conversation being there. A conversation that the user has no part in is empty.
   *
   * @throws `MAILRING_INVALID_TEXT`, `MAILRING_UNAVAILABLE`, `MAILRING_ABORTED`, `MAILRING_CLOSED`, `MAILRING_CORRUPT`; `TypeError`, `RangeError`
   */
  fetchMessages(request: FetchMessagesRequest, options?: CallOptions): Promise<MessagesAnswer> {
    return fetchMessages(this.#engine, request, options);
  }

  /**
   * Marks a conversation as read by a user up to a message. The marker takes the maximum and stays within the messages that are there; it stands in the reader's mailbox only, and
   * appears in deltas like any change. Of an unknown conversation nothing happens. When it answers, the marker is durable.
   *
   * @throws `MAILRING_INVALID_TEXT`, `MAILRING_OVERLOADED`, `MAILRING_UNAVAILABLE`, `MAILRING_ABORTED`, `MAILRING_CLOSED`, `MAILRING_CORRUPT`; `TypeError`, `RangeError`
   */
  markRead(request: MarkReadRequest, options?: CallOptions): Promise<void> {
    return markRead(this.#engine, request, options);
  }

  /**
   * One conversation as `fetchConversations` shows it; `undefined` where it has no message for this user.
   *
   * @throws `MAILRING_INVALID_TEXT`, `MAILRING_UNAVAILABLE`, `MAILRING_ABORTED`, `MAILRING_CLOSED`, `MAILRING_CORRUPT`; `TypeError`, `RangeError`
   */
  getConversation(request: GetConversationRequest, options?: CallOptions): Promise<Conversation | undefined> {
    return getConversation(this.#engine, request, options);
  }

  /**
   * One message; `undefined` where this user has none of that id.
   *
   * @throws `MAILRING_INVALID_TEXT`, `MAILRING_UNAVAILABLE`, `MAILRING_ABORTED`, `MAILRING_CLOSED`, `MAILRING_CORRUPT`; `TypeError`, `RangeError`
   */
  getMessage(request: GetMessageRequest, options?: CallOptions): Promise<Message | undefined> {
    return getMessage(this.#engine, request, options);
  }

  /**
   * All conversations of a user, newest first, fetched page by page while they are asked for; the options hold for each page.
   *
   * @throws what {@link Mailring.fetchConversations} throws, when the next item is asked for
   */
  conversations(request: ConversationsRequest, options?: CallOptions): AsyncGenerator<Conversation, void, void> {
    return eachConversation(this.#engine, request, options);
  }

  /**
   * All messages of a conversation, or of the whole mailbox, newest first, fetched page by page while they are asked for; the options hold for each page.
   *
   * @throws what {@link Mailring.fetchMessages} throws, when the next item is asked for
   */
  messages(request: MessagesRequest, options?: CallOptions): AsyncGenerator<Message, void, void> {
    return eachMessage(this.#engine, request, options);
  }

  /**
   * Watches a mailbox: every change from the cursor on, without a gap and without a repeat, in slices; without a cursor from now. After `break` or an error a watch from the last
   * event's `lastUpdatedTimestamp` goes on where it was. It ends when the mailring is closed. Nothing is read ahead: a slow reader gets fewer and larger events.
   *
   * @throws `MAILRING_INVALID_TEXT`, `MAILRING_UNAVAILABLE`, `MAILRING_ABORTED`, `MAILRING_CLOSED`, `MAILRING_CORRUPT`; `TypeError`, `RangeError`: when the next event is asked for
   */
  watch(request: WatchRequest, options?: WatchOptions): AsyncIterableIterator<WatchEvent, void, void> {
    return new Watch(this.#engine, request, options);
  }

  /** The id of the conversation of two users, the same in either order; it exists before the first message. @throws `MAILRING_INVALID_TEXT`, `TypeError` */
  conversationIdOf(userA: string, userB: string): string {
    return conversationIdOf(participantsOf(readUserId(userA, 'userA'), readUserId(userB, 'userB')));
  }

  /**
   * Reads what is stored, of one user or of everybody, and names every invariant that does not hold. Reports damage and rejects only when the store does not answer.
   * Sends go on meanwhile. A mailbox in which something is found is read once more while its sends wait, and a conversation whose two copies differ while those of both
   * mailboxes wait. A message that is still to be delivered to another shard is no problem.
   *
   * @throws `MAILRING_UNAVAILABLE`, `MAILRING_ABORTED`, `MAILRING_CLOSED`; `TypeError`, `MAILRING_INVALID_TEXT`
   */
  verify(request?: VerifyRequest, options?: VerifyOptions): Promise<Verification> {
    return verify(this.#engine, request, options);
  }

  /**
   * The same as `verify` of everybody, at a bounded rate, to be run all the time: damage on a disk is found while there is a backup without it. One round; bytes are counted as they
   * are read, a mailbox in which something is found is read again without a pause.
   *
   * @throws as `verify` does; `RangeError`
   */
  scrub(request: ScrubRequest, options?: VerifyOptions): Promise<Verification> {
    return scrub(this.#engine, request, options);
  }

  /**
   * Copies everything, as it is at one instant, to a folder for {@link Mailring.restore}, while sends go on. The copy is complete and durable when it answers; one that fails leaves nothing,
   * one that is killed a folder that nothing takes for a backup. Bytes are copied as they are: that they are right is for `scrub`. For stores in LevelDB; meanwhile they keep what is
   * deleted or replaced.
   *
   * @throws `MAILRING_UNAVAILABLE`, `MAILRING_CORRUPT`, `MAILRING_ABORTED`, `MAILRING_CLOSED`; `TypeError`, also for a store that cannot be copied; `RangeError`, also where `to` is not empty
   */
  backup(request: BackupRequest, options?: BackupOptions): Promise<Backup> {
    return backup(this.#engine, request, options);
  }

  /** Counters and gauges, as plain data; also after `close`. */
  stats(): MailringStats {
    return statsOf(this.#engine);
  }

  /** Whether all is well, and what is not: as far as the engine has seen, no store is asked. Also after `close`. */
  health(): Health {
    return healthOf(this.#engine);
  }

  /** Takes nothing new, finishes what was accepted, and closes the stores. Idempotent. */
  close(): Promise<void> {
    return this.#engine.close();
  }

  /** The same as `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
