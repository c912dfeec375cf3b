import { MailringError } from '../model/errors.js';
import type { Engine } from './engine.js';

/** What to verify: one user's mailbox, or with nothing everybody's. */
export interface VerifyRequest {
  readonly userId?: string | undefined;
}

/** How a verification is watched and given up. */
export interface VerifyOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called now and then with what was checked so far. */
  readonly onProgress?: ((checked: { readonly mailboxes: number; readonly messages: number }) => void) | undefined;
}

/** One invariant that does not hold. */
export interface VerifyProblem {
  readonly kind: string;
  readonly userId: string;
  readonly conversationId?: string;
  readonly seq?: number;
  readonly text: string;
}

/** What was found. */
export interface Verification {
  readonly ok: boolean;
  readonly problems: readonly VerifyProblem[];
  /** Messages are counted in each mailbox that holds them. */
  readonly checked: { readonly mailboxes: number; readonly messages: number };
}

export async function verify(engine: Engine, _request: VerifyRequest = {}, _options: VerifyOptions = {}): Promise<Verification> {
  engine.insistOpen();
  throw new MailringError('MAILRING_UNAVAILABLE', 'not there yet');
}
