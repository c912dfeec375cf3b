/** Which promise a history breaks. */
export type HistoryRule =
  /** An acknowledged message is in both mailboxes, at the place and with the content that was acknowledged. */
  | 'lost'
  /** Every message is in a mailbox at most once. */
  | 'twice'
  /** What was not accepted, or never sent, is nowhere. */
  | 'appeared'
  /** Both mailboxes hold the same. */
  | 'copies'
  /** Seqs are dense from 1. */
  | 'hole'
  /** What was acknowledged first stands first; times and numbers increase. */
  | 'order'
  /** One id has one answer, and one send of it is the first. */
  | 'dedupe'
  /** A send that fails says what is known. */
  | 'outcome'
  /** A read sees what was acknowledged, and what was read, before it began. */
  | 'stale'
  /** An answer is exactly what the mailbox was at its version: no hole, nothing too much. */
  | 'read'
  /** A client that follows by deltas holds the mailbox. */
  | 'follower';

/** One promise that does not hold. */
export interface HistoryProblem {
  /** Which rule is broken. */
  readonly rule: HistoryRule;
  /** What was seen, with the users and ids it is about. */
  readonly text: string;
}

/** Takes a problem. */
export type Complain = (rule: HistoryRule, text: string) => void;
