import type {
  Conversation,
  ConversationsAnswer,
  FetchConversationsRequest,
  FetchMessagesRequest,
  GetConversationRequest,
  GetMessageRequest,
  MailringErrorCode,
  MarkReadRequest,
  Message,
  MessagesAnswer,
  Outcome,
  SendRequest,
  SendResult,
  Totals,
  WatchEvent,
  WatchRequest,
} from '../index.js';

/** When a call was made and answered: places in one order over all calls, no two alike. A call that begins after another's end began after it was answered. */
interface Timed {
  /** When it was made. */
  readonly begin: number;
  /** `Infinity` for a call that nobody saw the end of. */
  readonly end: number;
  /** Which engine was asked, a name for each life: after a crash it is another. */
  readonly engine: string;
}

/** A send as its caller saw it; `unanswered`: the engine died first. */
export interface SendCall extends Timed {
  /** Which verb. */
  readonly verb: 'sendMessage';
  /** What was asked. */
  readonly request: SendRequest;
  /** What its caller was told. */
  readonly outcome:
    | { readonly type: 'ok'; readonly result: SendResult }
    | { readonly type: Outcome; readonly code: MailringErrorCode }
    | { readonly type: 'unanswered' }
    /** It failed with something that is no `MailringError`, or that does not say what is known. */
    | { readonly type: 'strange'; readonly text: string };
}

/** A `markRead` as its caller saw it. */
export interface MarkReadCall extends Timed {
  /** Which verb. */
  readonly verb: 'markRead';
  /** What was asked. */
  readonly request: MarkReadRequest;
  /** What its caller was told; where a failure does not say what is known, it is `unconfirmed`. */
  readonly outcome: { readonly type: 'ok' | 'unanswered' } | { readonly type: Outcome; readonly code: MailringErrorCode };
}

/** Reads of one session come one after the other and are one client's copy of one list, kept by the rules of merging; without a session, a single look. */
interface Read {
  /** Which one. */
  readonly session?: string;
}

/** An answered `fetchMessages`. */
export interface MessagesCall extends Timed, Read {
  /** Which verb. */
  readonly verb: 'fetchMessages';
  /** What was asked. */
  readonly request: FetchMessagesRequest;
  /** What was answered. */
  readonly answer: MessagesAnswer;
}

/** An answered `fetchConversations`. */
export interface ConversationsCall extends Timed, Read {
  /** Which verb. */
  readonly verb: 'fetchConversations';
  /** What was asked. */
  readonly request: FetchConversationsRequest;
  /** What was answered. */
  readonly answer: ConversationsAnswer;
}

/** An answered `getMessage`. */
export interface MessageCall extends Timed {
  /** Which verb. */
  readonly verb: 'getMessage';
  /** What was asked. */
  readonly request: GetMessageRequest;
  /** What was answered. */
  readonly answer: Message | undefined;
}

/** An answered `getConversation`. */
export interface ConversationCall extends Timed {
  /** Which verb. */
  readonly verb: 'getConversation';
  /** What was asked. */
  readonly request: GetConversationRequest;
  /** What was answered. */
  readonly answer: Conversation | undefined;
}

/** One event of a `watch`: from when it was asked for to when it came. */
export interface WatchedCall extends Timed {
  /** Which verb. */
  readonly verb: 'watch';
  /** The cursor that the watch had reached by then: of the event before, or the one it began with. */
  readonly request: Required<WatchRequest> & { readonly lastUpdatedTimestamp: number };
  /** What came. */
  readonly event: WatchEvent;
}

/** One call of a history. */
export type HistoryCall = SendCall | MarkReadCall | MessagesCall | ConversationsCall | MessageCall | ConversationCall | WatchedCall;

/** Everything a user can see when all is over: both lists to their ends, newest first. */
export interface FinalMailbox {
  /** Whose. */
  readonly userId: string;
  /** All of them, newest first. */
  readonly messages: readonly Message[];
  /** All of them, newest first. */
  readonly conversations: readonly Conversation[];
  /** As `fetchConversations` gives them. */
  readonly totals: Totals;
  /** Its version. */
  readonly lastUpdatedTimestamp: number;
}

/** What a number of engines was asked and answered, and what is there in the end. Reads that failed are not in it. */
export interface History {
  /** In any order: their times order them. */
  readonly calls: readonly HistoryCall[];
  /** Of every user that occurs in the calls. */
  readonly mailboxes: readonly FinalMailbox[];
  /** The engines' limit of that name, where it is small enough for cursors to expire; absent, none may. */
  readonly logChanges?: number | undefined;
}
