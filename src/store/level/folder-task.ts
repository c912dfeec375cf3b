import { isMailringError } from '../../model/errors.js';
import { translateError } from './translate-error.js';

/** A task that fills a folder. */
export interface FolderTask<Progress> {
  /** For the error. */
  readonly what: string;
  readonly location: string;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: Progress) => void) | undefined;
  /** Takes the folder. Where it cannot, nothing is taken away. */
  begin(): Promise<void>;
  /** Takes away what was begun. */
  discard(): Promise<void>;
  /** Throws where what it works for was closed: that is then why it failed. */
  insistOpen?(): void;
}

/** Runs a task that fills a folder, or leaves nothing behind and says why. `run` is given what tells the host how far it is. */
export async function runFolderTask<Progress, T>(task: FolderTask<Progress>, run: (report: (progress: Progress) => void) => Promise<T>): Promise<T> {
  const { what, location, signal } = task;
  const ours = (error: unknown) => (isMailringError(error) || error instanceof RangeError ? error : translateError(error, { what, location }));
  let hosts: { readonly error: unknown } | undefined;
  const report = (progress: Progress) => {
    try {
      task.onProgress?.(progress);
    } catch (error) {
      hosts = { error };
      throw error;
    }
  };
  try {
    await task.begin();
  } catch (error) {
    throw ours(error);
  }
  try {
    return await run(report);
  } catch (error) {
    await task.discard();
    if (hosts !== undefined) throw hosts.error;
    if (signal?.aborted) throw signal.reason;
    task.insistOpen?.();
    throw ours(error);
  }
}
