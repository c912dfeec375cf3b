import { timeOf } from '../model/clock.js';
import { readCallback, readOptions, readRequest, readSignal } from './arguments.js';
import { runCall } from './call.js';
import type { Engine } from './engine.js';
import { readFolder } from './open-options.js';

/** Where to. */
export interface BackupRequest {
  /** A folder that is empty or not there yet. */
  readonly to: string;
}

/** What was copied. */
export interface BackupProgress {
  /** Rows of all shards. */
  readonly rows: number;
  /** Their keys and values, in bytes. */
  readonly bytes: number;
}

/** How a backup is watched and given up. */
export interface BackupOptions {
  /** Ends it with `MAILRING_ABORTED`, and takes away what was copied. */
  readonly signal?: AbortSignal | undefined;
  /** Called now and then, and at the end, with what was copied so far. What it throws, the call rejects with. */
  readonly onProgress?: ((copied: BackupProgress) => void) | undefined;
}

/** A backup that is complete. */
export interface Backup extends BackupProgress {
  /** When the instant was of which it is, by the clock of this mailring: milliseconds since 1970. */
  readonly takenAt: number;
}

export async function backup(engine: Engine, request: BackupRequest, options?: BackupOptions): Promise<Backup> {
  engine.insistOpen();
  const to = readFolder(readRequest(request, ['to'], 'backup').to, 'to');
  const { signal, onProgress } = readOptions(options, ['signal', 'onProgress'], 'backup');
  const limits = { signal: readSignal(signal), timeoutMs: undefined };
  const progress = readCallback(onProgress);
  return runCall(engine.clock, limits, async (signal) => {
    // Loaded when first needed: most processes never make one.
    const { writeBackup } = await import('../store/level/write-backup.js');
    const takenAt = timeOf(engine.clock);
    const stores = new Map([...engine.shards].map(([name, { store }]) => [name, store]));
    const copied = await writeBackup({ to, takenAt, stores, signal, onProgress: progress, insistOpen: () => engine.insistOpen() });
    return { takenAt, ...copied };
  });
}
