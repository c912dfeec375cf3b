import { readInteger } from '../model/arguments.js';
import type { Clock } from '../model/clock.js';
import { U48_MAX } from '../model/limits.js';
import { readCallback, readOptions, readRequest, readSignal } from './arguments.js';
import { runCall } from './call.js';
import { readClock, readFolder } from './open-options.js';

/** Which backup, and where to. */
export interface RestoreRequest {
  /** The folder that `backup({ to })` has written. Nothing in it is opened; one small file is written to it. */
  readonly from: string;
  /** A folder that is empty or not there yet; to be opened afterwards. */
  readonly location: string;
}

/** What was restored. */
export interface RestoreProgress {
  /** Of files, copied and compared with what was backed up. */
  readonly bytes: number;
  /** Whose numbers were raised. */
  readonly mailboxes: number;
}

/** How a restore is watched and given up. */
export interface RestoreOptions {
  /** Ends it with `MAILRING_ABORTED`, and takes away what was copied. */
  readonly signal?: AbortSignal | undefined;
  /** Called now and then, and at the end, with what was restored so far. What it throws, the call rejects with. */
  readonly onProgress?: ((restored: RestoreProgress) => void) | undefined;
  /** `began` of an earlier restore that this backup does not know of: of a newer backup, or from another copy of this one. */
  readonly notBelow?: number | undefined;
  /** Where the time comes from; the machine's clock when absent. */
  readonly clock?: Clock | undefined;
}

/** A restore that is complete. */
export interface Restoration extends RestoreProgress {
  /** The number that this restore began at: a later one has to begin above. It is kept in the backup. */
  readonly began: number;
  /** Names of the shards: what to open the folder with. */
  readonly shards: readonly string[];
}

export async function restore(request: RestoreRequest, options?: RestoreOptions): Promise<Restoration> {
  const given = readRequest(request, ['from', 'location'], 'restore');
  const [from, location] = [readFolder(given.from, 'from'), readFolder(given.location, 'location')];
  const { signal, onProgress, notBelow, clock } = readOptions(options, ['signal', 'onProgress', 'notBelow', 'clock'], 'restore');
  const read = { from, location, onProgress: readCallback(onProgress), notBelow: readInteger(notBelow, 'notBelow', 0, U48_MAX) ?? 0, clock: readClock(clock) };
  return runCall(read.clock, { signal: readSignal(signal), timeoutMs: undefined }, async (signal) => {
    // Loaded when first needed: most processes never restore.
    const [{ restoreBackup }, { raiseMailboxes, markRestored }] = await Promise.all([import('../store/level/restore-backup.js'), import('./raise.js')]);
    return restoreBackup({
      ...read,
      signal,
      raise: (store, shard, above, onRaised) => raiseMailboxes(store, above, { shard, signal, onRaised }),
      mark: markRestored,
    });
  });
}
