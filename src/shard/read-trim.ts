import { conversationKey, conversationPrefix, logRange, messageKey } from '../mailbox/keys.js';
import { NOTHING_TO_TRIM, type OldestRows, stepRows } from '../mailbox/log-trim.js';
import type { MailboxState } from '../mailbox/mailbox-state.js';
import { CHANGE, decodeConversationRow, decodeLogRow, type LogRow } from '../mailbox/rows.js';
import { isMailringError } from '../model/errors.js';
import type { UserId } from '../model/ids.js';
import { LOG_COUNT_ROWS, TRIM_STEP_CHANGES } from '../model/limits.js';
import { type Row, type Store, versionOfNoteKey } from '../store/store.js';

/**
 * Reads what a mailbox lacks to trim its log: how long the log is, and where it is too long its oldest rows. Commits go on meanwhile. What is found stays right until the
 * mailbox is trimmed or dropped: commits of this process touch the other end, and after one of anybody else's the next is refused.
 *
 * @throws what the store throws, but for damage: whatever the trim has found, `verify` finds too, and a send has no need of it
 */
export async function readTrim(store: Store, state: MailboxState): Promise<void> {
  const { trim } = state;
  trim.reading = true;
  try {
    trim.changes ??= await countLog(store, state);
    if (trim.isDue(state.head)) trim.oldest = await readOldest(store, state);
  } catch (error) {
    if (!isMailringError(error, 'MAILRING_CORRUPT')) throw error;
    trim.oldest = NOTHING_TO_TRIM;
  } finally {
    trim.reading = false;
  }
}

/** Changes in the log: what the last trim has counted, or nothing, and what came since, as far as it is not in memory. */
async function countLog(store: Store, state: MailboxState): Promise<number> {
  const { log, trim, head } = state;
  const { committed } = trim;
  const above = head.logged?.at ?? 0;
  let changes = (head.logged?.changes ?? 0) + countChanges(log.rows.filter(({ version }) => version > above));
  for (let below = log.oldest; below > above + 1; ) {
    const rows = await scanLog(store, state, { ...logRange(below - 1, above + 1), limit: LOG_COUNT_ROWS });
    changes += countChanges(rows);
    below = rows.length < LOG_COUNT_ROWS ? 0 : rows.at(-1)!.version;
  }
  return changes + trim.committed - committed;
}

function countChanges(rows: readonly LogRow[]): number {
  return rows.reduce((sum, { changes }) => sum + changes.length, 0);
}

async function readOldest(store: Store, state: MailboxState): Promise<OldestRows> {
  // One row more tells whether there is something left for the next commit.
  const rows = await scanLog(store, state, { ...logRange(state.version, 0), limit: TRIM_STEP_CHANGES + 1, reverse: true });
  const last = new Map<UserId, { readonly seq: number; readonly number: number }>();
  for (const { version, changes } of rows.slice(0, stepRows(rows))) {
    for (let i = changes.length - 1; i >= 0; i--) {
      const { kind, peer, seq } = changes[i]!;
      if (kind === CHANGE.message && !state.conversations.has(peer)) last.set(peer, { seq, number: version - i });
    }
  }
  return { rows, newest: await newestOf(store, state, last) };
}

/** Of the last messages of conversations in the rows to be trimmed, the numbers of those that nothing came after: no message, and no floor. */
async function newestOf(
  store: Store,
  state: MailboxState,
  last: ReadonlyMap<UserId, { readonly seq: number; readonly number: number }>,
): Promise<ReadonlySet<number>> {
  const newest = new Set<number>();
  if (last.size === 0) return newest;
  const keys = [...last].flatMap(([peer, { seq }]) => {
    const prefix = conversationPrefix(peer);
    return [messageKey(prefix, seq + 1), conversationKey(prefix)];
  });
  const values = await store.read(state.partition, keys);
  for (const [i, { seq, number }] of [...last.values()].entries()) {
    const [next, row] = [values[2 * i], values[2 * i + 1]];
    const floorSeq = row === undefined ? 0 : decodeConversationRow(row, state.place(keys[2 * i + 1]!)).floorSeq;
    if (next === undefined && floorSeq < seq) newest.add(number);
  }
  return newest;
}

async function scanLog(store: Store, state: MailboxState, range: Parameters<Store['scan']>[1]): Promise<LogRow[]> {
  const rows: Row[] = await store.scan(state.partition, range);
  return rows.map(({ key, value }) => decodeLogRow(value, state.place(key), versionOfNoteKey(key)));
}
