import type { Limits, Mailring, Store } from 'mailring';
import { parseKey } from '../../src/mailbox/keys.js';
import { decodeHead, decodeLogRow, decodeOldListRow, type Head, type LogRow, type OldListRow } from '../../src/mailbox/rows.js';
import { crc32 } from '../../src/model/crc32.js';
import { parseUserId, partitionOf } from '../../src/model/ids.js';
import { HEAD_KEY } from '../../src/store/store.js';
import { openMailring, type Setup, send } from './mailrings.js';

/** What a mailbox's log and old list hold, newest first. */
export interface StoredLog {
  readonly head: Head | undefined;
  readonly log: readonly LogRow[];
  readonly oldList: readonly (OldListRow & { readonly activity: number })[];
  /** In the log. */
  readonly changes: number;
}

/** Reads the log and the old list of a mailbox from its store. */
export async function storedLog(store: Store, userId: string): Promise<StoredLog> {
  const partition = partitionOf(parseUserId(userId));
  const place = (key: Uint8Array) => ({ partitionCrc: crc32(partition), key });
  const { head } = await store.load(partition);
  const log: LogRow[] = [];
  const oldList: (OldListRow & { activity: number })[] = [];
  for (const { key, value } of await store.scan(partition, { gte: Uint8Array.of(0x20), lt: Uint8Array.of(0x22), limit: 1_000_000 })) {
    const parsed = parseKey(key);
    if (parsed?.kind === 'log') log.push(decodeLogRow(value, place(key), parsed.version));
    else if (parsed?.kind === 'old-list') oldList.push({ ...decodeOldListRow(value, place(key)), activity: parsed.activity });
  }
  return { head: head && decodeHead(head, place(HEAD_KEY)), log, oldList, changes: log.reduce((sum, { changes }) => sum + changes.length, 0) };
}

/** Two mailrings that take the same sends, one after the other, at the same times: one keeps its logs, the other a few changes of each. */
export interface TwoSetups {
  readonly whole: Setup;
  readonly trimmed: Setup;
  send(from: string, to: string): Promise<void>;
  /** The trimmed one that is open now. */
  current(): Mailring;
  /** Closes the trimmed one and opens it again: what is sent from now on meets nothing in memory. */
  reopen(): Promise<void>;
}

export async function openBoth(limits: Partial<Limits> = { logChanges: 5 }): Promise<TwoSetups> {
  const whole = await openMailring();
  const trimmed = await openMailring({ limits });
  let { mailring } = trimmed;
  let sent = 0;
  return {
    whole,
    trimmed,
    send: async (from, to) => {
      const id = `id-${String(sent++).padStart(8, '0')}`;
      for (const each of [whole.mailring, mailring]) await send(each, from, to, `${id} from ${from} to ${to}`, id);
      for (const { clock } of [whole, trimmed]) clock.set(clock.now() + 3);
    },
    current: () => mailring,
    reopen: async () => {
      mailring = await trimmed.reopen();
    },
  };
}

/** More pages than any list has here: a walk that repeats itself ends. */
const PAGES_MAX = 1_000;

function insistOnEnd(pages: readonly unknown[]): void {
  if (pages.length > PAGES_MAX) throw new Error('a list has no end');
}

const FETCHES = ['fetchConversations', 'fetchMessages'] as const;

/** Every page of both whole lists of a user: through `next`, and by number. */
export async function allPages(mailring: Mailring, userId: string, pageSize: number): Promise<unknown[]> {
  const all: unknown[] = [];
  for (const fetch of FETCHES) {
    for (let before: number | undefined; ; ) {
      const page = await mailring[fetch]({ userId, pageSize, before });
      all.push(page);
      insistOnEnd(all);
      before = page.next;
      if (before === undefined) break;
    }
    for (let pageNumber = 1; ; pageNumber++) {
      const page = await mailring[fetch]({ userId, pageSize, pageNumber });
      all.push(page);
      insistOnEnd(all);
      if (!page.hasMore) break;
    }
  }
  return all;
}

/** The page below every number up to the version, of both whole lists. */
export async function allBorders(mailring: Mailring, userId: string, numbers: readonly number[]): Promise<unknown[]> {
  const all: unknown[] = [];
  for (const fetch of FETCHES) for (const before of numbers) all.push(await mailring[fetch]({ userId, pageSize: 4, before }));
  return all;
}
