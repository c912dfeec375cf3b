import { conversationKey, conversationPrefix, logRange, messageKey } from '../mailbox/keys.js';
import { NOTHING_TO_TRIM, stepRows } from '../mailbox/log-trim.js';
import type { MailboxState } from '../mailbox/mailbox-state.js';
import { CHANGE, decodeConversationRow, decodeLogRow, type LogRow } from '../mailbox/rows.js';
import { isMailringError } from '../model/errors.js';
import type { UserId } from '../model/ids.js';
import { LOG_COUNT_ROWS, SEND_ROW_BYTES_MAX, TRIM_STEP_CHANGES } from '../model/limits.js';
import { type Row, type Store, versionOfNoteKey } from '../store/store.js';
import type { MailboxSlot } from './mailbox-cache.js';
import type { CommitRequest } from './waiting-write.js';

/** What a trim asks of the shard. */
export interface TrimHost {
  /** Whether the shard takes nothing new: what nobody waits for ends. */
  isClosing(): boolean;
  ask<T>(question: (store: Store) => Promise<T>): Promise<T>;
  /** Runs a task for which a mailbox stays in memory and the store open. */
  use(user: UserId, task: () => Promise<void>): Promise<void>;
  commit<T>(request: CommitRequest<T>): Promise<T>;
}

/**
 * Reads what mailboxes lack to trim their logs, where one is due; `undefined` when no commit has to wait for that. How long a log is, is counted beside commits, since that
 * takes as long as the log is; the oldest rows of one that is too long are read before, in two reads. What is found stays right until the mailbox is trimmed or dropped:
 * commits of this process touch the other end, and after one of anybody else's the next is refused.
 *
 * @throws what the store throws, but for damage: whatever the trim has found, `verify` finds too, and a send has no need of it
 */
export function readTrims(host: TrimHost, slots: readonly MailboxSlot[]): Promise<void> | undefined {
  const due: MailboxState[] = [];
  for (const slot of slots) {
    const { trim, version, head } = slot.state!;
    if (trim.wantsCount(version, head)) void countBeside(host, slot, slot.state!);
    else if (trim.wantsOldest(head)) due.push(slot.state!);
  }
  if (due.length === 0) return undefined;
  return host.ask(async (store) => {
    await Promise.all(due.map((state) => unlessDamaged(state, () => readOldest(store, state))));
  });
}

/**
 * Counts a log while commits go on. When it is too long and no commit is waiting that would trim it, an empty one does: a mailbox that is seldom in memory would forget
 * what was counted. Not where nothing was committed meanwhile: a refused send changes nothing.
 */
async function countBeside(host: TrimHost, slot: MailboxSlot, state: MailboxState): Promise<void> {
  const { trim } = state;
  const { committed } = trim;
  const count = () => host.ask((store) => unlessDamaged(state, () => countLog(host, store, state)));
  await host
    .use(slot.user, async () => {
      await count();
      const isUnasked = trim.committed > committed && slot.waitingWrites === 0;
      if (slot.state === state && isUnasked && trim.wantsOldest(state.head)) await host.commit(emptyCommit(slot.user));
    })
    // Nobody waits for it: a store that does not answer is seen by whoever does, and the log is counted another time.
    .catch(() => undefined);
}

function emptyCommit(user: UserId): CommitRequest<true> {
  return {
    users: [user],
    order: user,
    bytes: SEND_ROW_BYTES_MAX,
    owed: true,
    plan: ([side]) => {
      side!.draft.touch();
      return true;
    },
  };
}

async function unlessDamaged({ trim }: MailboxState, read: () => Promise<void>): Promise<void> {
  trim.reading = true;
  try {
    await read();
  } catch (error) {
    if (!isMailringError(error, 'MAILRING_CORRUPT')) throw error;
    trim.oldest = NOTHING_TO_TRIM;
  } finally {
    trim.reading = false;
  }
}

/** Counts the changes in the log: what the last trim has counted, or nothing, and what came since, as far as it is not in memory. */
async function countLog(host: TrimHost, store: Store, state: MailboxState): Promise<void> {
  const { log, trim, head } = state;
  const { committed } = trim;
  const above = head.logged?.at ?? 0;
  let changes = (head.logged?.changes ?? 0) + countChanges(log.rows.filter(({ version }) => version > above));
  for (let below = log.oldest; below > above + 1; ) {
    const rows = await scanLog(store, state, { ...logRange(below - 1, above + 1), limit: LOG_COUNT_ROWS });
    if (host.isClosing()) return;
    changes += countChanges(rows);
    below = rows.length < LOG_COUNT_ROWS ? 0 : rows.at(-1)!.version;
  }
  // Without an await since: a commit changes both.
  trim.changes = changes + trim.committed - committed;
}

function countChanges(rows: readonly LogRow[]): number {
  return rows.reduce((sum, { changes }) => sum + changes.length, 0);
}

async function readOldest(store: Store, state: MailboxState): Promise<void> {
  // One row more tells whether there is something left for the next commit.
  const rows = await scanLog(store, state, { ...logRange(state.version, 0), limit: TRIM_STEP_CHANGES + 1, reverse: true });
  const last = new Map<UserId, { readonly seq: number; readonly number: number }>();
  for (const { version, changes } of rows.slice(0, stepRows(rows))) {
    for (let i = changes.length - 1; i >= 0; i--) {
      const { kind, peer, seq } = changes[i]!;
      if (kind === CHANGE.message && !state.conversations.has(peer)) last.set(peer, { seq, number: version - i });
    }
  }
  state.trim.oldest = { rows, newest: await newestOf(store, state, last) };
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
