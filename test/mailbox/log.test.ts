import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteWriter } from '../../src/mailbox/byte-writer.js';
import { MailboxState } from '../../src/mailbox/mailbox-state.js';
import { MailboxView } from '../../src/mailbox/mailbox-view.js';
import { encodeLogRow, type LogRow } from '../../src/mailbox/rows.js';
import { parseUserId } from '../../src/model/ids.js';
import { noteKey } from '../../src/store/store.js';

const ann = parseUserId('ann');
const bob = parseUserId('bob');

/** A log whose commits have the given numbers of changes; versions leave gaps, as clocks do. */
function logOf(sizes: readonly number[]): LogRow[] {
  let version = 0;
  return sizes.map((size, i) => {
    version += size + 1 + (i % 3);
    return { version, conversations: 1, unread: 0, changes: Array.from({ length: size }, (_, j) => ({ kind: 1 as const, peer: bob, seq: j + 1 })) };
  });
}

/** A mailbox of which only the newest row is in memory; the rest of the log stands beside it. */
function loaded(log: readonly LogRow[]): MailboxView {
  const newest = log.at(-1)!;
  const empty = new MailboxState(ann, { version: 0 });
  const note = encodeLogRow(new ByteWriter(), empty.place(noteKey(newest.version)), newest);
  return new MailboxView(new MailboxState(ann, { version: newest.version, note }));
}

/** Runs a walk until it lacks nothing, reading at most `limit` rows at a time, as a shard would. */
function walk(view: MailboxView, log: readonly LogRow[], limit: number, run: () => Iterable<LogRow>): number[] {
  for (let round = 0; round < 10_000; round++) {
    const rows = [...run()].map(({ version }) => version);
    const needs = view.takeNeeds();
    if (needs.length === 0) return rows;
    for (const need of needs) {
      if (need.kind === 'log-down') {
        const border = need.enter ? log.filter(({ version }) => version >= need.below).slice(0, 1) : [];
        const below = log.filter(({ version }) => version < need.below).toReversed();
        view.foundLogDown(need, [...border, ...below.slice(0, limit)], below.length < limit + 1 && below.length <= limit);
      } else if (need.kind === 'log-up') {
        const above = log.filter(({ version }) => version > need.above && version < need.below);
        view.foundLogUp(need, above.slice(0, limit), above.length <= limit);
      } else throw new Error(need.kind);
    }
  }
  throw new Error('the walk does not end');
}

const logs = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 60 }).map(logOf);
const limits = fc.integer({ min: 1, max: 20 });

describe('walking the log', () => {
  test('downwards it gives every commit from the first one at or above the border, newest first', () => {
    fc.assert(
      fc.property(logs, limits, fc.option(fc.nat(400), { nil: Number.POSITIVE_INFINITY }), (log, limit, before) => {
        const versions = log.map(({ version }) => version);
        const border = versions.find((version) => version >= before) ?? versions.at(-1)!;
        const view = loaded(log);
        expect(walk(view, log, limit, () => view.logDown(before))).toEqual(versions.filter((version) => version <= border).reverse());
      }),
    );
  });

  test('upwards it gives every commit above the cursor, oldest first', () => {
    fc.assert(
      fc.property(logs, limits, fc.nat(400), (log, limit, since) => {
        const versions = log.map(({ version }) => version);
        const view = loaded(log);
        expect(walk(view, log, limit, () => view.logUp(since))).toEqual(versions.filter((version) => version > since));
      }),
    );
  });

  test('commits between two reads are part of the walk, also when they push older ones out of memory', () => {
    fc.assert(
      fc.property(logs, limits, fc.nat(400), fc.integer({ min: 1, max: 1_500 }), fc.boolean(), (log, limit, border, arriving, down) => {
        const all = [...log];
        const view = loaded(log);
        const { state } = view;
        let committed = false;
        const commit = () => {
          if (committed) return;
          committed = true;
          for (let i = 0; i < arriving; i++) {
            const row: LogRow = { version: state.version + 2, conversations: 1, unread: 0, changes: [{ kind: 1, peer: bob, seq: 1 }] };
            all.push(row);
            state.version = row.version;
            state.log.push(row);
          }
        };
        const run = function* () {
          yield* down ? view.logDown(Number.POSITIVE_INFINITY) : view.logUp(border);
          if (view.needs.length > 0) commit();
        };
        const versions = walk(view, all, limit, run);
        const stored = all.map(({ version }) => version);
        expect(versions).toEqual(down ? stored.toReversed() : stored.filter((version) => version > border));
      }),
    );
  });

  test('what is in memory stays bounded and without a gap', () => {
    const view = loaded(logOf([1]));
    const { log } = view.state;
    for (let version = 10; version < 20_000; version++) {
      log.push({ version, conversations: 1, unread: 0, changes: [{ kind: 1, peer: bob, seq: 1 }] });
      expect(log.rows.length).toBeLessThanOrEqual(1_251);
    }
    expect(log.rows.at(-1)!.version).toBe(19_999);
    expect(log.rows.at(-1)!.version - log.oldest).toBe(log.rows.length - 1);
    expect(log.complete).toBe(false);
  });
});
