import { readFileSync } from 'node:fs';
import { Mailring } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { describe, expect, test } from 'vitest';
import { generateMessages } from '../../examples/demo/generated-trace.js';
import type { DemoMailring } from '../../examples/demo/lists.js';
import { type RunResult, replayAndCompare } from '../../examples/demo/replay-and-compare.js';
import { loadMessages, type TraceMessage } from '../../examples/demo/trace.js';
import { temporaryFolders } from '../store/temporary-folder.js';

const ROWS = 2_000;
const temporaryFolder = temporaryFolders();

const onMemory = () => {
  const store = new MemoryStore();
  return () => Mailring.open({ store });
};

const onLevel = async () => {
  const location = await temporaryFolder();
  return () => Mailring.open({ location });
};

/** What a run that found nothing looks like; the counts are floors, so that a run which compares little fails. */
const clean = (result: RunResult, rows = ROWS) => {
  const { findings, verification, messages, mailboxes, retries, duplicates, reopened } = result;
  expect({ ok: result.ok, texts: findings.texts, differences: findings.differences }).toEqual({ ok: true, texts: [], differences: 0 });
  expect(verification).toMatchObject({ ok: true, problems: [], checked: { mailboxes } });
  expect({ messages, reopened, duplicates }).toEqual({ messages: rows, reopened: 2, duplicates: retries });
  expect(retries).toBeGreaterThan(rows / 50);
  expect(findings.pages).toBeGreaterThan(2 * mailboxes);
  expect(findings.deltas).toBeGreaterThan(rows / 50);
};

describe('every mailbox is what a replay in memory says', () => {
  const stores: [string, () => (() => Promise<DemoMailring>) | Promise<() => Promise<DemoMailring>>][] = [
    ['memory', onMemory],
    ['LevelDB', onLevel],
  ];
  const traces: [string, (rows: number) => readonly TraceMessage[]][] = [
    ['the trace (generated where the data is absent)', (rows) => loadMessages(rows).messages],
    ['a generated trace', generateMessages],
  ];
  for (const [store, make] of stores) {
    for (const [trace, load] of traces) {
      test(`${trace}, 64 sends in flight, on ${store}`, async () => {
        clean(await replayAndCompare({ messages: load(ROWS), open: await make(), sendsInFlight: 64 }));
      });
    }
    test(`and exactly in the order of the calls with one send in flight, on ${store}`, async () => {
      clean(await replayAndCompare({ messages: generateMessages(ROWS / 4), open: await make(), sendsInFlight: 1 }), ROWS / 4);
    });
  }
});

test('what mailboxes are compared with shares no code with mailring: only types are imported', () => {
  for (const file of ['oracle', 'compare', 'compare-messages', 'compare-pages', 'compare-deltas', 'client-copy', 'lists', 'findings']) {
    const source = readFileSync(new URL(`../../examples/demo/${file}.ts`, import.meta.url), 'utf8');
    const imports = [...source.matchAll(/^(?:import|export)\b(.*)\bfrom '([^']+)';$/gm)].map(([, what, from]) => ({ type: what!.startsWith(' type '), from }));
    expect(imports.filter(({ type, from }) => !type && !/^(node:util|\.\/[\w-]+\.js)$/.test(from!))).toEqual([]);
    expect(source).not.toMatch(/\bimport\(|\brequire\(|src\//);
  }
});

test('a generated trace is the same each time, and has busy users, single messages, bursts, notes to oneself and many scripts', () => {
  const messages = generateMessages(ROWS);
  expect(generateMessages(ROWS)).toEqual(messages);
  expect(messages).toHaveLength(ROWS);
  const countBy = (keys: readonly string[]) => {
    const counts = new Map<string, number>();
    for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
    return [...counts.values()].sort((a, b) => b - a);
  };
  const users = countBy(messages.flatMap(({ sender, recipient }) => [sender, recipient]));
  expect(users[0]!).toBeGreaterThan(5 * users[Math.floor(users.length / 2)]!);
  const conversations = countBy(messages.map(({ sender, recipient }) => [sender, recipient].sort().join(' ')));
  expect(conversations.filter((count) => count === 1).length).toBeGreaterThan(conversations.length / 4);
  expect(messages.some(({ sender }, i) => i > 20 && messages.slice(i - 20, i).every((message) => message.sender === sender))).toBe(true);
  expect(messages.some(({ sender, recipient }) => sender === recipient)).toBe(true);
  const text = messages.map(({ content }) => content).join('');
  for (const script of [/\p{Script=Latin}/u, /\p{Script=Cyrillic}/u, /\p{Script=Han}/u, /\p{Script=Thai}/u, /\p{Script=Devanagari}/u, /\u200d/, /\r\n/]) {
    expect(text).toMatch(script);
  }
  expect(messages.some(({ content }) => Buffer.byteLength(content) > 480)).toBe(true);
  expect(messages.some(({ content }) => content === '')).toBe(true);
});
