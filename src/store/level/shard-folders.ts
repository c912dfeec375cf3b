import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MailringError } from '../../model/errors.js';
import { refuseBackup } from './backup-names.js';

/**
 * The names of the databases that are to be opened in a folder, those that are there first: a new one is made only when all that are there were found to be right. Insists that
 * no others are there: names that have none in common with what is stored would meet new, empty databases beside it, and nothing would tell.
 *
 * @throws `MAILRING_FORMAT`
 */
export async function shardFolders(location: string, names: readonly string[]): Promise<string[]> {
  const found: readonly string[] = await readdir(location).catch(() => []);
  refuseBackup(location, found);
  const there = found.filter((name) => existsSync(join(location, name, 'CURRENT')));
  const absent = names.filter((name) => !there.includes(name));
  const unknown = there.filter((name) => !names.includes(name)).sort();
  if (unknown.length > 0) {
    throw new MailringError('MAILRING_FORMAT', `this folder holds other shards; open it with those. stored=\`${there}\` opened-as=\`${names}\``, {
      details: { location, missing: unknown, unknown: absent },
    });
  }
  return [...names.filter((name) => there.includes(name)), ...absent];
}
