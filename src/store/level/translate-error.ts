import { isMailringError, MailringError, type Outcome, unavailable } from '../../model/errors.js';
import { folderDamage } from './folder-damage.js';

/** What was being done, for the text; and what is known of the write that failed, when it was one. */
export interface Failure {
  readonly what: string;
  readonly outcome?: Outcome;
  /** The folder, of an open that failed. */
  readonly location?: string;
}

/** What the file system says of a path at which no folder can ever be opened. */
const WRONG_PLACE = ['EACCES', 'EEXIST', 'EINVAL', 'ELOOP', 'ENAMETOOLONG', 'ENOTDIR', 'EPERM', 'EROFS'];

/** How deep a chain of causes is followed. */
const CAUSES_MAX = 5;

function codesOf(error: unknown): string[] {
  const codes: string[] = [];
  let at = error;
  for (let depth = 0; depth < CAUSES_MAX && typeof at === 'object' && at !== null; depth++) {
    const { code, cause } = at as { code?: unknown; cause?: unknown };
    if (typeof code === 'string') codes.push(code);
    at = cause;
  }
  return codes;
}

/** The innermost message: abstract-level wraps LevelDB's own words in "Database failed to open". */
function messageOf(error: unknown): string {
  let at = error;
  for (let depth = 0; depth < CAUSES_MAX; depth++) {
    const cause = (at as { cause?: unknown } | undefined)?.cause;
    if (typeof cause !== 'object' || cause === null) break;
    at = cause;
  }
  return at instanceof Error ? at.message : String(at);
}

/**
 * The one place where errors of the driver and of the file system become ours; the original is the `cause`. What is neither damage nor a lock
 * is "unavailable": a full disk, an I/O error, a database that somebody else closed.
 *
 * Source: `HandleErrorCallback` of classic-level's binding.cc (LEVEL_CORRUPTION, LEVEL_LOCKED, LEVEL_IO_ERROR).
 */
export function translateError(error: unknown, { what, outcome, location }: Failure): MailringError {
  if (isMailringError(error)) return error;
  const codes = codesOf(error);
  const options = { cause: error, ...(outcome !== undefined && { outcome }) };
  if (codes.includes('LEVEL_CORRUPTION')) {
    if (location !== undefined) return folderDamage(messageOf(error), { location }, error);
    return new MailringError('MAILRING_CORRUPT', `stored data is damaged: ${what}; stop and run verify(). reason=\`${messageOf(error)}\``, options);
  }
  if (codes.includes('LEVEL_LOCKED')) {
    const text = 'the data folder is open in a program that does not use mailring: stop that program';
    return new MailringError('MAILRING_LOCKED', `${text}. reason=\`${messageOf(error)}\``, {
      ...options,
      retryable: true,
      details: { pid: undefined, host: undefined, since: undefined },
    });
  }
  if (codes.includes('LEVEL_ABORTED')) return new MailringError('MAILRING_ABORTED', `${what} was given up`, { ...options, retryable: true });
  const wrongPlace = location !== undefined && codes.some((code) => WRONG_PLACE.includes(code));
  return unavailable(`${what} failed${wrongPlace ? ', mend the path or its permissions' : ''}: ${messageOf(error)}`, { ...options, retryable: !wrongPlace });
}
