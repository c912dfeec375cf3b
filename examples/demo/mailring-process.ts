import { fileURLToPath } from 'node:url';
import { LIMITS, Mailring } from 'mailring';
import type { DemoMailring } from './lists.js';

/** What a process with a mailring is asked, and what it answers. It begins with an answer of its own, number 0, when it is open. */
export interface Question {
  readonly id: number;
  readonly verb: 'sendMessage' | 'fetchConversations' | 'fetchMessages' | 'verify' | 'close';
  readonly request: unknown;
}

export interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** A sweep at open and none after it: taking marks away commits, and versions are not to move while mailboxes are compared. */
export const QUIET = { sweepMs: LIMITS.sweepMs.max };

/** Answers the parent process until it asks to close, or kills this one. */
export function serve(mailring: DemoMailring): void {
  const answer = (answered: Answer) => process.send!(answered);
  process.on('message', ({ id, verb, request }: Question) => {
    const call = mailring[verb] as (request: unknown) => Promise<unknown>;
    call.call(mailring, request).then(
      (value) => {
        answer({ id, value });
        if (verb === 'close') process.disconnect();
      },
      (error) => answer({ id, error: String(error) }),
    );
  });
  answer({ id: 0 });
}

// Arguments: folder, shards.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [location, shards] = process.argv.slice(2);
  serve(await Mailring.open({ location: location!, shards: Number(shards), limits: QUIET }));
}
