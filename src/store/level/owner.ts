import { hostname } from 'node:os';
import type { Clock } from '../../model/clock.js';
import { MailringError } from '../../model/errors.js';

/** Who holds a database. */
export interface Owner {
  readonly pid: number;
  readonly host: string;
  /** When it was taken, in milliseconds since 1970 by the owner's clock. */
  readonly since: number;
}

/** This process, from now on. */
export function ownerHere(clock: Clock): Owner {
  return { pid: process.pid, host: hostname(), since: clock.now() };
}

/** What a holder's answer says; a holder that is stopped or busy may not answer in time, and is a holder all the same. */
export type Holder = Partial<Owner>;

/** The refusal of an open that met `holder`; `what` names the database. */
export function lockedBy(what: string, { pid, host, since }: Holder): MailringError {
  const here = pid === process.pid && host === hostname();
  const advice = here ? 'is open already in this process: close the other one' : 'is open in another process: stop that one';
  const time = since === undefined ? '' : ` since=\`${new Date(since).toISOString()}\``;
  const facts = pid === undefined ? ' (it does not answer; it may be stopped)' : `. pid=\`${pid}\` host=\`${host}\`${time}`;
  return new MailringError('MAILRING_LOCKED', `${what} ${advice}, or wait for it with openWaitMs${facts}`, {
    retryable: true,
    details: { pid, host, since },
  });
}

/** Under this symbol every copy of this module in the process finds the same registry. Never change: other versions of the package share it. */
const REGISTRY = Symbol.for('mailring.level.owners');

function registry(): Map<unknown, Owner> {
  const shared = globalThis as { [REGISTRY]?: Map<unknown, Owner> };
  shared[REGISTRY] ??= new Map();
  return shared[REGISTRY];
}

/**
 * Claims `keys` (identities of a folder, or a database object) for `owner` within this process, all or none of them: synchronous, so that of two
 * opens in one process the second is refused before it can do harm. LevelDB's own lock cannot do this: a refused second open of a process drops it.
 *
 * @returns who holds one of them, when one does
 */
export function claimInProcess(keys: readonly unknown[], owner: Owner): Owner | undefined {
  const owners = registry();
  for (const key of keys) {
    const holder = owners.get(key);
    if (holder !== undefined) return holder;
  }
  for (const key of keys) owners.set(key, owner);
  return undefined;
}

/** Gives back what {@link claimInProcess} gave. */
export function disclaimInProcess(keys: readonly unknown[]): void {
  for (const key of keys) registry().delete(key);
}
