import { Mailring } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { expect, test } from 'vitest';
import { ByteWriter } from '../../src/mailbox/byte-writer.js';
import { conversationPrefix, messageKey } from '../../src/mailbox/keys.js';
import { encodeMessage, type MessageFields } from '../../src/mailbox/rows.js';
import type { Clock } from '../../src/model/clock.js';
import { crc32 } from '../../src/model/crc32.js';
import { parseUserId, partitionOf } from '../../src/model/ids.js';
import { HEAD_KEY, type Store } from '../../src/store/store.js';
import { codeBlocks, readDocument } from './documents.js';

const NOW = 0x0102_0304_0506;
const clock: Clock = { now: () => NOW, after: () => () => undefined, soon: (task) => void setImmediate(task) };
const doc = readDocument('docs/format.md');
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** The bytes in the first block below a heading: of each line the hex digits before the remark, without single spaces between them. */
function bytesBelow(heading: string): string[] {
  const line = doc.text.split('\n').indexOf(`## ${heading}`);
  const block = codeBlocks(doc).find((found) => found.line > line);
  if (line < 0 || block === undefined) throw new Error(`docs/format.md has no bytes below \`${heading}\``);
  return block.code.split('\n').flatMap((text) => {
    const digits = /^ *((?:[0-9a-f]{2,} ?)+)/.exec(text)?.[1];
    return digits === undefined ? [] : [digits.replaceAll(' ', '')];
  });
}

/** All rows of a store as `partition ‖ key` and value, in the order of the bytes: as LevelDB holds them. */
async function rowsOf(store: Store): Promise<string[]> {
  const rows: string[] = [];
  for await (const partition of store.partitions()) {
    const { head } = await store.load(partition);
    if (head !== undefined) rows.push(`${hex(partition)}${hex(HEAD_KEY)}`, hex(head));
    for (const { key, value } of await store.scan(partition, { gte: Uint8Array.of(0), lt: Uint8Array.of(0xff), limit: 1_000 })) {
      rows.push(`${hex(partition)}${hex(key)}`, hex(value));
    }
  }
  return rows;
}

test('the message in docs/format.md has the bytes that the code writes', () => {
  const key = messageKey(conversationPrefix(parseUserId('bob')), 300);
  const fields: MessageFields = {
    incoming: true,
    edited: false,
    deleted: false,
    number: 258,
    updated: 258,
    sentTimestamp: NOW,
    inNo: 300,
    revision: 0,
    clientMessageId: 'é1' as MessageFields['clientMessageId'],
    content: 'hé👋',
  };
  const value = encodeMessage(new ByteWriter(), { partitionCrc: crc32(partitionOf(parseUserId('ann'))), key }, fields);
  expect(bytesBelow('One message, byte by byte').join('')).toBe(hex(partitionOf(parseUserId('ann'))) + hex(key) + hex(value));
});

test('the rows in docs/format.md are what a first send leaves in a store', async () => {
  const store = new MemoryStore();
  const mailring = await Mailring.open({ store, clock });
  await mailring.sendMessage({ senderId: 'ann', recipientId: 'bob', messageContent: 'hé👋', clientMessageId: 'é1' });
  expect(bytesBelow('Everything a first send stores')).toEqual(await rowsOf(store));
  await mailring.close();
});
