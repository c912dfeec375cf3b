import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** A folder of the file's tests under the system's temporary one, removed after them; call it once at the top. */
export function temporaryFolders(): (name?: string) => Promise<string> {
  const made: string[] = [];
  afterAll(async () => {
    for (const path of made) await rm(path, { recursive: true, force: true });
  });
  return async (name = 'data') => {
    const path = await mkdtemp(join(tmpdir(), 'mailring-test-'));
    made.push(path);
    return join(path, name);
  };
}
