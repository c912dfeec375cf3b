import { Mailring } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { expect, test } from 'vitest';
import { send } from './mailrings.js';

test('lists go on beyond 2,000 rows of the log, by next and by number, warm and cold', async () => {
  const store = new MemoryStore();
  let mailring = await Mailring.open({ store });
  const peers = Array.from({ length: 2_300 }, (_, i) => `peer-${i}`);
  for (const peer of peers) await send(mailring, 'ann', peer, `to ${peer}`);
  const newestFirst = peers.toReversed();
  for (const state of ['warm', 'cold']) {
    const byNext: string[] = [];
    for (let before: number | undefined; ; ) {
      const page = await mailring.fetchConversations({ userId: 'ann', pageSize: 150, before });
      byNext.push(...page.conversations.map(({ snippet }) => snippet.slice(3)));
      if (!page.hasMore) break;
      before = page.next;
    }
    expect(byNext, state).toEqual(newestFirst);
    const messages: string[] = [];
    for (let pageNumber = 1; ; pageNumber++) {
      const page = await mailring.fetchMessages({ userId: 'ann', pageSize: 200, pageNumber });
      messages.push(...page.messages.map(({ messageContent }) => messageContent.slice(3)));
      if (!page.hasMore) break;
    }
    expect(messages, state).toEqual(newestFirst);
    await mailring.close();
    mailring = await Mailring.open({ store });
  }
  await mailring.close();
});
