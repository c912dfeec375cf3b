import { conversationIdOf, participantsOf, type UserId } from '../model/ids.js';
import { VERIFY_PROBLEMS_MAX } from '../model/limits.js';

/** Which invariant of what is stored does not hold. */
export type VerifyProblemKind =
  /** The store itself says that it is damaged: what it could not read was not checked. Also the last problem, where more were found than are named. */
  | 'store'
  /** A partition is neither a user's nor the engine's own; its `userId` is ''. */
  | 'partition'
  /** A key is none of the layout. */
  | 'key'
  /** A row fails its checksum: bytes changed, or it was put in another place. */
  | 'checksum'
  /** A row's checksum is right, but its format is unknown or its fields do not fit. */
  | 'row'
  /** The head's numbers contradict each other or the version. */
  | 'head'
  /** The newest log row is not the version, numbers of commits overlap, or messages of a conversation stand out of order in the log. */
  | 'log'
  /** A message or a conversation's row carries a number that is not the one of its change in the log. */
  | 'number'
  /** Messages, log changes or ids without a conversation's row, or a conversation without any message. */
  | 'conversation'
  /** The messages between the floor and the newest are not dense. */
  | 'seq'
  /** The newest message is not the one of the newest message change in the log. */
  | 'last-seq'
  /** Not floor <= read marker <= newest, or not what the log says of them. */
  | 'marker'
  /** The counts of incoming messages do not follow from the messages: unread is not derivable. */
  | 'count'
  /** `sentTimestamp` does not increase with seq. */
  | 'sent-timestamp'
  /** The totals of the newest log row are not those of the conversations. */
  | 'totals'
  /** A row of a send's id is missing, differs from its message, has none, or stands in a mailbox that is not the home. */
  | 'dedupe'
  /** A conversation's row names another home than its participants give it. */
  | 'home-side'
  /** The two participants' copies of a conversation differ, or one is missing, or lacks its end and nothing is left that would deliver it. */
  | 'copies'
  /** A row of the old list is missing, or names what is not the newest message of a conversation beyond the log. */
  | 'old-list';

/** One invariant that does not hold. */
export interface VerifyProblem {
  /** Which invariant is broken. */
  readonly kind: VerifyProblemKind;
  /** Whose mailbox it is in. */
  readonly userId: string;
  /** Where it is of one conversation. */
  readonly conversationId?: string;
  /** Where it is of one message. */
  readonly seq?: number;
  /** What is wrong, with the facts; never a message's content. */
  readonly text: string;
}

/** What in a mailbox a problem is about. */
export interface ProblemPlace {
  readonly peer?: UserId;
  readonly seq?: number;
}

/** Takes a problem of one mailbox. */
export type Report = (kind: VerifyProblemKind, text: string, place?: ProblemPlace) => void;

/** Problems up to {@link VERIFY_PROBLEMS_MAX}; beyond that they are only counted. */
export class ProblemList {
  readonly problems: VerifyProblem[] = [];
  #leftOut = 0;

  get empty(): boolean {
    return this.problems.length === 0;
  }

  add(problem: VerifyProblem): void {
    if (this.problems.length < VERIFY_PROBLEMS_MAX) this.problems.push(problem);
    else this.#leftOut++;
  }

  addAll(other: ProblemList): void {
    for (const problem of other.problems) this.add(problem);
    this.#leftOut += other.#leftOut;
  }

  /** The problems, and where some were left out one last that says how many. */
  finish(): readonly VerifyProblem[] {
    if (this.#leftOut === 0) return this.problems;
    return [...this.problems, { kind: 'store', userId: '', text: `more problems were found than are named. left-out=\`${this.#leftOut}\`` }];
  }
}

/** A report that adds to `problems`, in the name of `owner`. */
export function reportTo(problems: ProblemList, owner: UserId): Report {
  return (kind, text, { peer, seq } = {}) => {
    const conversation = peer === undefined ? undefined : { conversationId: conversationIdOf(participantsOf(owner, peer)) };
    problems.add({ kind, userId: owner, ...conversation, ...(seq === undefined ? undefined : { seq }), text });
  };
}
