import type { CheckpointOptions } from '../store.js';
import { BYTES, type ByteBatch, type ByteIterator, OWN_ENCODINGS } from './database.js';
import { syncFiles } from './folder.js';
import { CHECKPOINT_BUFFER_BYTES } from './limits.js';
import { importClassicLevel } from './open-database.js';
import { translateError } from './translate-error.js';

/** Rows that one step copies at most; fewer where they are large. */
const STEP_ROWS = 1_000;

/**
 * Writes rows into a new LevelDB at `location`, whose parent exists, and makes it durable as a whole: nothing of it counts before. Closes the iterator.
 *
 * @throws the driver's and the file system's errors, the signal's reason
 */
export async function writeCheckpoint(
  rows: ByteIterator<[Uint8Array, Uint8Array]>,
  location: string,
  { signal, onProgress }: CheckpointOptions,
): Promise<void> {
  try {
    const { ClassicLevel } = await importClassicLevel();
    const db = new ClassicLevel<Uint8Array, Uint8Array>(location, { ...BYTES, errorIfExists: true, writeBufferSize: CHECKPOINT_BUFFER_BYTES });
    await db.open();
    try {
      for (;;) {
        signal?.throwIfAborted();
        const step = await nextRows(rows);
        if (step.length === 0) break;
        await writeStep(db.batch(), step);
        onProgress?.({ rows: step.length, bytes: step.reduce((sum, [key, value]) => sum + key.length + value.length, 0) });
      }
    } finally {
      await db.close();
    }
  } finally {
    await rows.close();
  }
  await syncFiles(location);
}

/** What is wrong with the source is not of the copy. */
async function nextRows(rows: ByteIterator<[Uint8Array, Uint8Array]>): Promise<[Uint8Array, Uint8Array][]> {
  try {
    return await rows.nextv(STEP_ROWS);
  } catch (error) {
    throw translateError(error, { what: 'reading for a copy' });
  }
}

async function writeStep(batch: ByteBatch, rows: readonly (readonly [Uint8Array, Uint8Array])[]): Promise<void> {
  for (const [key, value] of rows) batch.put(key, value, OWN_ENCODINGS);
  await batch.write({ sync: false });
}
