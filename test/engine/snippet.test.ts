import { describe, expect, test } from 'vitest';
import { openMailring, send } from './mailrings.js';

const FAMILY = '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}\u200d\u{1f466}'; // 25 bytes, one cluster
const FLAG = '\u{1f1f9}\u{1f1ed}'; // 8 bytes, one cluster
const ACCENT = 'e\u0301'; // 3 bytes, one cluster

/** The snippet of a conversation whose newest message is `content`: of the sender's, the recipient's, and after closing and opening. */
async function snippetOf(content: string): Promise<string> {
  const { mailring, reopen } = await openMailring();
  await send(mailring, 'ann', 'bob', content);
  const snippets = [];
  for (const userId of ['ann', 'bob']) snippets.push((await mailring.fetchConversations({ userId })).conversations[0]!.snippet);
  const cold = await reopen();
  snippets.push((await cold.fetchConversations({ userId: 'bob' })).conversations[0]!.snippet);
  expect(new Set(snippets).size).toBe(1);
  return snippets[0]!;
}

describe('a snippet', () => {
  test('is the whole of a short message, whatever it holds', async () => {
    for (const content of ['', 'hello', 'h\u00e9llo', FAMILY, '\r\n', 'a\0b', ' leading and trailing ', 'x'.repeat(120), ACCENT.repeat(120)]) {
      expect(await snippetOf(content)).toBe(content);
    }
  });

  test('ends after 120 clusters', async () => {
    expect(await snippetOf('x'.repeat(121))).toBe('x'.repeat(120));
    expect(await snippetOf('\u00e9'.repeat(121))).toBe('\u00e9'.repeat(120));
    expect(await snippetOf(ACCENT.repeat(121))).toBe(ACCENT.repeat(120));
    expect(await snippetOf(`${'x'.repeat(60)}${ACCENT.repeat(61)}`)).toBe(`${'x'.repeat(60)}${ACCENT.repeat(60)}`);
    expect(await snippetOf('\u{1f600}'.repeat(1_000))).toBe('\u{1f600}'.repeat(120));
  });

  test('ends before the cluster that would make it larger than 480 bytes', async () => {
    expect(await snippetOf(FLAG.repeat(61))).toBe(FLAG.repeat(60)); // 60 × 8 = 480
    expect(await snippetOf(FAMILY.repeat(20))).toBe(FAMILY.repeat(19)); // 19 × 25 = 475
    expect(await snippetOf(`${'x'.repeat(5)}${FAMILY.repeat(20)}`)).toBe(`${'x'.repeat(5)}${FAMILY.repeat(19)}`); // exactly 480
    expect(await snippetOf(`${'x'.repeat(6)}${FAMILY.repeat(20)}`)).toBe(`${'x'.repeat(6)}${FAMILY.repeat(18)}`);
  });

  test('never ends inside a cluster', async () => {
    // What belongs to the 120th cluster stands behind 120 units of ASCII.
    expect(await snippetOf(`${'x'.repeat(120)}\u0301 more`)).toBe(`${'x'.repeat(120)}\u0301`);
    expect(await snippetOf(`${'x'.repeat(119)}\r\nmore`)).toBe(`${'x'.repeat(119)}\r\n`);
    expect(await snippetOf(`${'x'.repeat(118)}\r\nmore`)).toBe(`${'x'.repeat(118)}\r\nm`);
    expect(await snippetOf(`${'x'.repeat(119)}${FAMILY}y`)).toBe(`${'x'.repeat(119)}${FAMILY}`);
    expect(await snippetOf(`${'x'.repeat(119)}${FLAG}${FLAG}`)).toBe(`${'x'.repeat(119)}${FLAG}`);
    expect(await snippetOf('\r\n'.repeat(200))).toBe('\r\n'.repeat(120));
    expect(await snippetOf('\n\r'.repeat(100))).toBe('\n\r'.repeat(100)); // \n, 99 times \r\n, \r
  });

  test('is empty where already the first cluster is larger', async () => {
    expect(await snippetOf(`e${'\u0301'.repeat(239)}`)).toBe(`e${'\u0301'.repeat(239)}`); // 479 bytes
    expect(await snippetOf(`e${'\u0301'.repeat(240)}`)).toBe(''); // 481 bytes
    expect(await snippetOf(`e${'\u0301'.repeat(20_000)}`)).toBe('');
    expect(await snippetOf(`ab${'\u0301'.repeat(20_000)}`)).toBe('a');
  });

  test('follows the newest message', async () => {
    const { mailring } = await openMailring();
    for (const content of ['one', 'two', '']) {
      await send(mailring, 'ann', 'bob', content);
      expect((await mailring.fetchConversations({ userId: 'bob' })).conversations).toMatchObject([{ snippet: content }]);
    }
  });
});
