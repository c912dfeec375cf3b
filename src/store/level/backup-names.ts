import { MailringError } from '../../model/errors.js';

/** The files that say what a folder is; backup-folder.ts has what stands in them. Part of the stored format. */
export const MANIFEST = 'backup.json';
/** Of a backup: where its last restore began. */
export const RECORD = 'restored.json';
/** Of a folder that is being restored into. */
export const UNFINISHED = 'restore.json';

/** Insists that a folder is no backup and no unfinished restore: its numbers would be given twice. `names`: what is in it. @throws `MAILRING_FORMAT` */
export function refuseBackup(location: string, names: readonly string[]): void {
  if (names.includes(MANIFEST)) throw notRestorable('this folder is a backup: restore it into another one with Mailring.restore(), and open that', location);
  if (names.includes(UNFINISHED)) throw notRestorable('a restore into this folder did not finish: delete the folder, and restore again', location);
}

/** The refusal to take a folder for what it is not. */
export function notRestorable(text: string, location: string, more: Readonly<Record<string, unknown>> = {}): MailringError {
  return new MailringError('MAILRING_FORMAT', `${text}. folder=\`${location}\``, { details: { location, ...more } });
}
