import { readFileSync } from 'node:fs';
import { checkHistory, type HistoryRule } from 'mailring/testing';
import { describe, expect, test } from 'vitest';
import { BROKEN_HISTORIES } from './broken-histories.js';
import { type Recorded, recordHistory } from './recorded-history.js';

const SOURCES = ['check-sends', 'check-reads', 'check-conversations', 'check-versions', 'check-items'].map((name) =>
  readFileSync(new URL(`../../src/testing/${name}.ts`, import.meta.url), 'utf8'),
);

/** Of each place that can complain: its rule, and its text up to the first thing of the history that it names. */
function complaints(): string[] {
  const found = SOURCES.flatMap((source) => [...source.matchAll(/complain\(\s*'(\w+)',\s*(?:`([^`]*?)(?::|\$\{|`)|'([^']*)')/g)]);
  return found.map(([, rule, inTemplate = '']) => `${rule}: ${inTemplate.trim()}`);
}

const judge = ({ calls, mailboxes }: Pick<Recorded, 'calls' | 'mailboxes'>) => checkHistory({ calls, mailboxes });

describe('a history is judged by its promises:', () => {
  test('one in which everything is right has no problem', async () => {
    const history = await recordHistory();
    expect(judge(history)).toEqual([]);
    // What the cases below spoil is there.
    expect(history.messages.slice.answer).toMatchObject({ isDeltaUpdate: true, hasMore: true });
    expect(history.conversations.slice.answer).toMatchObject({ isDeltaUpdate: true, hasMore: true });
    expect(history.conversations.listDelta.answer).toMatchObject({ isDeltaUpdate: true, hasMore: false });
    expect(history.messages.page.answer).toMatchObject({ isDeltaUpdate: false, hasMore: true });
    expect(history.conversations.markerDelta.answer).toMatchObject({ isDeltaUpdate: true, conversations: [{ lastReadSeq: 3, unreadCount: 0 }] });
    expect(history.watched.event).toMatchObject({ type: 'changes', messages: [], conversations: [{ lastReadSeq: 3 }] });
  });

  test.each(BROKEN_HISTORIES.map((one) => [one.rule, one.says, one.spoil] as const))('%s: %s', async (rule, says, spoil) => {
    const history = await recordHistory();
    spoil(history);
    const found = judge(history);
    expect(
      found.filter((problem) => problem.rule === rule && problem.text.startsWith(says)),
      found.map(({ text }) => text).join('\n'),
    ).not.toEqual([]);
  });

  test('each complaint of the checker has a case that it names', () => {
    const places = complaints();
    expect(places.length).toBe(SOURCES.flatMap((source) => [...source.matchAll(/complain\(\s*'/g)]).length);
    expect(BROKEN_HISTORIES.map(({ rule, says }) => `${rule}: ${says}`).sort()).toEqual(places.sort());
  });

  test('each rule has a case', () => {
    const rules: Record<HistoryRule, true> = {
      lost: true,
      twice: true,
      appeared: true,
      copies: true,
      hole: true,
      order: true,
      dedupe: true,
      outcome: true,
      stale: true,
      read: true,
      follower: true,
    };
    expect([...new Set(BROKEN_HISTORIES.map(({ rule }) => rule))].sort()).toEqual(Object.keys(rules).sort());
  });

  test('a send that is not known to be accepted may be there or not', async () => {
    for (const there of [true, false]) {
      const { calls, mailboxes } = await recordHistory();
      const request = { senderId: 'bob', recipientId: 'cid', messageContent: 'm4', clientMessageId: 'm4' };
      const outcome = { type: 'unconfirmed', code: 'MAILRING_UNAVAILABLE' } as const;
      if (!there) calls.push({ verb: 'sendMessage', begin: 1_000, end: 1_001, engine: 'e', request, outcome });
      else for (const call of calls) if (call.verb === 'sendMessage' && call.request.recipientId === 'cid') call.outcome = outcome;
      expect(judge({ calls, mailboxes })).toEqual([]);
    }
  });
});
