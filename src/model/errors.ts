/**
 * The errors of mailring. A code exists only where the caller does something else; what to do stands in docs/errors.md.
 * Wrong types are `TypeError`, numbers outside their range `RangeError`: both are mistakes of the program, not of the world.
 */

/** What a `MailringError` is about; stable, never reworded. */
export type MailringErrorCode =
  | 'MAILRING_LOCKED'
  | 'MAILRING_FORMAT'
  | 'MAILRING_NATIVE_MISSING'
  | 'MAILRING_CLOSED'
  | 'MAILRING_ABORTED'
  | 'MAILRING_MESSAGE_TOO_LARGE'
  | 'MAILRING_INVALID_TEXT'
  | 'MAILRING_ID_CONFLICT'
  | 'MAILRING_OVERLOADED'
  | 'MAILRING_UNAVAILABLE'
  | 'MAILRING_CORRUPT'
  | 'MAILRING_DIVERGED';

/**
 * What is known of a send that failed. `not-accepted`: nothing was committed and nothing will be. `unconfirmed`: it is committed or
 * unknown, and will or may be delivered; repeat it with the same `clientMessageId`, never with a new one.
 */
export type Outcome = 'not-accepted' | 'unconfirmed';

/** What a `MailringError` carries beside its message. */
export interface MailringErrorOptions {
  /** As in the error; `false` when absent. */
  readonly retryable?: boolean;
  /** As in the error. */
  readonly retryAfterMs?: number;
  /** As in the error. */
  readonly outcome?: Outcome;
  /** What led to it. */
  readonly cause?: unknown;
  /** As in the error. */
  readonly details?: Readonly<Record<string, unknown>>;
}

const BRAND = Symbol.for('mailring.error');

/** The one error class of mailring. Branch on `code`; `retryable` says whether the same call can succeed later. */
export class MailringError extends Error {
  /** What it is about: branch on this. */
  readonly code: MailringErrorCode;
  /** Whether the same call can succeed later. */
  readonly retryable: boolean;
  /** Milliseconds to wait before that, where known. */
  readonly retryAfterMs?: number;
  /** What is known of a send that failed. */
  readonly outcome?: Outcome;
  /** Numbers and ids that belong to it, by name; frozen. */
  readonly details: Readonly<Record<string, unknown>>;

  /** Also for a store of your own, which may throw it. */
  constructor(code: MailringErrorCode, message: string, options: MailringErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = code === 'MAILRING_ABORTED' ? 'AbortError' : 'MailringError';
    this.code = code;
    this.retryable = options.retryable ?? false;
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs;
    if (options.outcome !== undefined) this.outcome = options.outcome;
    this.details = Object.freeze({ ...options.details });
    Object.defineProperty(this, BRAND, { value: true });
  }
}

/** Whether `error` is a `MailringError` (of this `code`, when given). Works across copies of the package, where `instanceof` does not. */
export function isMailringError(error: unknown, code?: MailringErrorCode): error is MailringError {
  return (
    typeof error === 'object' &&
    error !== null &&
    (error as Record<symbol, unknown>)[BRAND] === true &&
    (code === undefined || (error as MailringError).code === code)
  );
}

/** A stored row that fails its checksum or an invariant: nothing is guessed from it. */
export function corrupt(text: string, details: Readonly<Record<string, unknown>> = {}): MailringError {
  return new MailringError('MAILRING_CORRUPT', `stored data is damaged: ${text}; stop and run verify()`, { details });
}

/** The store cannot be read or written now; `text` says what to do. */
export function unavailable(text: string, options: MailringErrorOptions): MailringError {
  return new MailringError('MAILRING_UNAVAILABLE', text, { retryable: true, ...options });
}
