import type { Verification } from 'mailring';
import { compareAll } from './compare.js';
import { Findings } from './findings.js';
import type { DemoMailring } from './lists.js';
import { replay } from './replay.js';
import type { TraceMessage } from './trace.js';

/** What to replay, on what, and how. */
export interface RunOptions {
  readonly messages: readonly TraceMessage[];
  /** Opens the mailring, each time with what is stored. */
  readonly open: () => Promise<DemoMailring>;
  /** With 1 every mailbox must be exactly in the order of the calls. */
  readonly sendsInFlight: number;
  /** Opens it for the second comparison; `open` when absent. */
  readonly openAnew?: () => Promise<DemoMailring>;
  readonly seed?: number;
  readonly onProgress?: (what: string, done: number, of: number) => void;
}

/** What was done and found. */
export interface RunResult {
  /** No difference, and nothing that `verify` names. */
  readonly ok: boolean;
  readonly findings: Findings;
  readonly verification: Verification;
  readonly messages: number;
  readonly mailboxes: number;
  readonly retries: number;
  readonly duplicates: number;
  readonly reopened: number;
  readonly replaySeconds: number;
  readonly compareSeconds: number;
}

/**
 * Replays the messages, and compares every mailbox with a replay in memory: as the mailring holds it in its cache, and again as it reads it after being
 * opened anew. Then has the mailring verify itself, and closes it.
 */
export async function replayAndCompare({ messages, open, openAnew = open, sendsInFlight, seed = 1, onProgress }: RunOptions): Promise<RunResult> {
  const findings = new Findings();
  const replayed = await replay({ messages, open, sendsInFlight, seed, findings, onProgress: (sent) => onProgress?.('messages sent', sent, messages.length) });
  const { oracle, copies, retries, duplicates, seconds: replaySeconds } = replayed;
  const mailboxes = oracle.users.length;

  const started = performance.now();
  const compare = async (mailring: DemoMailring, what: string) => {
    const exactOrder = sendsInFlight === 1;
    await compareAll({ mailring, oracle, copies, findings, exactOrder, seed, onProgress: (done) => onProgress?.(what, done, mailboxes) });
  };
  await compare(replayed.mailring, 'mailboxes compared');
  await replayed.mailring.close();
  const mailring = await openAnew();
  await compare(mailring, 'mailboxes compared, opened anew');
  const compareSeconds = (performance.now() - started) / 1000;

  const verification = await mailring.verify();
  await mailring.close();
  const ok = findings.differences === 0 && verification.ok;
  return { ok, findings, verification, messages: messages.length, mailboxes, retries, duplicates, reopened: replayed.reopened, replaySeconds, compareSeconds };
}
