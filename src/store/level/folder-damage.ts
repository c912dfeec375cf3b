import { MailringError } from '../../model/errors.js';

/** Where a folder is damaged, as far as it is known. */
export interface DamagePlace {
  readonly location: string;
  readonly file?: string;
  /** In bytes of the file. */
  readonly offset?: number;
}

/** The refusal to open a folder in which something is missing or damaged. verify() is no advice here: it needs an open mailring. */
export function folderDamage(reason: string, place: DamagePlace, cause?: unknown): MailringError {
  const facts = Object.entries({ reason, ...place }).map(([name, value]) => `${name}=\`${value}\``);
  return new MailringError(
    'MAILRING_CORRUPT',
    `the data folder is damaged, nothing in it was opened or changed: bring back the whole folder from a copy. ${facts.join(' ')}`,
    { cause, details: { ...place } },
  );
}
