import { describe, expect, test } from 'vitest';
import { ByteWriter } from '../../src/mailbox/byte-writer.js';
import { contentDigest } from '../../src/mailbox/content-digest.js';
import {
  conversationKey,
  conversationPrefix,
  conversationRange,
  dedupeKey,
  dedupeRange,
  logRange,
  messageKey,
  messageRange,
  oldListKey,
  type ParsedKey,
  parseKey,
  writeDedupeKey,
  writeMessageKey,
} from '../../src/mailbox/keys.js';
import { baseName } from '../../src/mailbox/mailbox-draft.js';
import * as rows from '../../src/mailbox/rows.js';
import { crc32 } from '../../src/model/crc32.js';
import { loadHash64 } from '../../src/model/hash.js';
import {
  conversationIdOf,
  homeSideOf,
  messageIdOf,
  parseConversationId,
  parseMessageId,
  parseUserId,
  participantsOf,
  partitionOf,
  type UserId,
  userOf,
} from '../../src/model/ids.js';
import { HEAD_KEY, noteKey, versionOfNoteKey } from '../../src/store/store.js';

// Made by a second implementation of docs/format.md in another language.
const HOME_SIDES = [0, 1, 1, 0, 0, 1, 0, 1];
const DIGEST = '241bff4036211b66e25dc44c43c7305f';
const VALUES = {
  head: '010400000000010200000000010102000000000908cb4da4b8',
  trimmedHead: '02040000000001020000000001010201010203040506ac02000000000908eac27202',
  log: '01ac0202040103626f6201010104d0b6d0be80018faf9177',
  oldList: '010103626f62ac02f27d6ec4',
  conversation: '0101000000000102ac0203000000000103ad020494135801',
  message: '0101000000000102010203040506ac020003c3a93168c3a9f09f918b2ce56986',
  edited: '011e000000000102000000000201010203040506ac020203c3a93130313233343536373839616263646566ec42f6f8',
  dedupe: '01ac02010203040506303132333435363738396162636465665c402e9e',
};

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const same = (actual: unknown, golden: unknown) =>
  expect(actual, 'stored format: these bytes are in the data of hosts; never change them, only add').toEqual(golden);

const ann = parseUserId('ann');
const bob = parseUserId('bob');
const joe = parseUserId('жо'); // two bytes a letter
const VERSION = 0x0102_0304_0506;
const prefix = conversationPrefix(bob);

describe('ids', () => {
  test('a partition is 0x01, the length, the id in UTF-8', () => {
    same(hex(partitionOf(ann)), '0103616e6e');
    same(hex(partitionOf(joe)), '0104d0b6d0be');
    same(userOf(partitionOf(joe)), joe);
  });

  test('a conversation id is the base64url of both users, the lower by UTF-8 bytes first, and a message id adds the seq', () => {
    same(conversationIdOf(participantsOf(bob, ann)), 'AQNhbm5ib2I');
    same(conversationIdOf(participantsOf(ann, ann)), 'AQNhbm5hbm4');
    // U+10000 and above is after U+FFFD in UTF-8, and before it in UTF-16.
    same(participantsOf('\u{10000}' as UserId, '\ufffd' as UserId), ['\ufffd', '\u{10000}']);
    same(messageIdOf('AQNhbm5ib2I', 12), 'AQNhbm5ib2I.12');
    same(parseConversationId('AQNhbm5ib2I'), [ann, bob]);
    same(parseMessageId('AQNhbm5ib2I.12')?.seq, 12);
  });

  test('the home side is the lowest bit of xxHash64 of the pair, and 0 for a conversation with oneself', async () => {
    const hash = await loadHash64();
    same(
      ['bob', 'cid', 'dan', 'eve', 'fay', 'gus', 'hal', 'ida'].map((peer) => homeSideOf(participantsOf(ann, parseUserId(peer)), hash)),
      HOME_SIDES,
    );
    same(homeSideOf([bob, bob], hash), 0);
  });

  test('the digest is the first 16 bytes of SHA-256 over the UTF-8', () => {
    same(Buffer.from(contentDigest(''), 'latin1').toString('hex'), 'e3b0c44298fc1c149afbf4c8996fb924');
    same(Buffer.from(contentDigest('héllo 👋'), 'latin1').toString('hex'), DIGEST);
  });
});

describe('keys', () => {
  test.each([
    ['log', noteKey(VERSION), '20fefdfcfbfaf9'],
    ['log of version 0', noteKey(0), '20ffffffffffff'],
    ['old list', oldListKey(VERSION), '21fefdfcfbfaf9'],
    ['conversation', conversationKey(prefix), '300103626f6200'],
    ['message', messageKey(prefix, 300), '300103626f6210fffffffffed3'],
    ['dedupe, sent', dedupeKey(prefix, 0, 'é1'), '300103626f622000c3a931'],
    ['dedupe, received', dedupeKey(prefix, 1, 'x'), '300103626f62200178'],
    ['first of a conversation', conversationRange(prefix).gte, '300103626f6200'],
    ['end of its messages', conversationRange(prefix).lt, '300103626f6211'],
    ['messages from', messageRange(prefix, 300, 299).gte, '300103626f6210fffffffffed3'],
    ['messages end', messageRange(prefix, 300, 299).lt, '300103626f6210fffffffffed5'],
    ['dedupe from', dedupeRange(prefix, 1).gte, '300103626f622001'],
    ['dedupe end', dedupeRange(prefix, 1).lt, '300103626f622002'],
    ['log from', logRange(VERSION, 0).gte, '20fefdfcfbfaf9'],
    ['log end', logRange(VERSION, 0).lt, '21'],
    ['log end above a version', logRange(VERSION, 2).lt, '20fffffffffffe'],
  ])('%s', (_, key, golden) => same(hex(key), golden));

  test('the writer gives the same keys', () => {
    same(hex(writeMessageKey(new ByteWriter(), prefix, 300)), hex(messageKey(prefix, 300)));
    same(hex(writeDedupeKey(new ByteWriter(), prefix, 1, 'é1')), hex(dedupeKey(prefix, 1, 'é1')));
  });

  test('what was written is read back, and anything else is no key', () => {
    const parsed: [Uint8Array, ParsedKey | undefined][] = [
      [noteKey(VERSION), { kind: 'log', version: VERSION }],
      [oldListKey(7), { kind: 'old-list', activity: 7 }],
      [conversationKey(prefix), { kind: 'conversation', peer: bob }],
      [messageKey(prefix, 300), { kind: 'message', peer: bob, seq: 300 }],
      [dedupeKey(prefix, 1, 'é1'), { kind: 'dedupe', peer: bob, direction: 1, id: 'é1' }],
      [Uint8Array.of(0x22, 1, 2, 3, 4, 5, 6), undefined],
      [Buffer.concat([conversationKey(prefix), Uint8Array.of(0)]), undefined],
      [Uint8Array.of(0x30, 1, 200, 0x62), undefined],
      [Uint8Array.of(0x30), undefined],
    ];
    for (const [key, golden] of parsed) same(parseKey(key), golden);
    same(versionOfNoteKey(noteKey(VERSION)), VERSION);
  });
});

describe('values', () => {
  const partitionCrc = crc32(partitionOf(ann));
  const head: rows.Head = { state: 4, deltaFloor: 258, reset: 257, reason: 2, markName: new Uint8Array(baseName(2_312)) };
  const trimmedHead: rows.Head = { ...head, logged: { at: VERSION, changes: 300, trimming: true } };
  const log: rows.LogRow = {
    version: VERSION,
    conversations: 300,
    unread: 2,
    changes: [
      { kind: 4, peer: bob, seq: 1 },
      { kind: 1, peer: joe, seq: 128 },
    ],
  };
  const conversation: rows.ConversationRow = { homeSide: 1, number: 258, floorSeq: 300, floorIn: 3, floorTimestamp: 259, readSeq: 301, readIn: 4 };
  const message: rows.MessageFields = {
    incoming: true,
    edited: false,
    deleted: false,
    number: 258,
    updated: 258,
    sentTimestamp: VERSION,
    inNo: 300,
    revision: 0,
    clientMessageId: 'é1' as rows.MessageFields['clientMessageId'],
    firstDigest: undefined,
    content: 'hé👋',
  };
  const edited: rows.MessageFields = {
    ...message,
    incoming: false,
    edited: true,
    deleted: true,
    updated: 513,
    revision: 2,
    firstDigest: '0123456789abcdef',
    content: '',
  };
  const dedupe: rows.DedupeRow = { seq: 300, sentTimestamp: VERSION, digest: '0123456789abcdef' };
  const oldList: rows.OldListRow = { peer: bob, seq: 300 };

  const place = (key: Uint8Array) => ({ partitionCrc, key });
  const writer = () => new ByteWriter();
  const cases: readonly [string, Uint8Array, (at: rows.Place) => Uint8Array, (value: Uint8Array, at: rows.Place) => unknown, unknown, string][] = [
    ['head', Uint8Array.of(0x10), (at) => rows.encodeHead(writer(), at, head), rows.decodeHead, head, VALUES.head],
    ['log row', noteKey(VERSION), (at) => rows.encodeLogRow(writer(), at, log), (value, at) => rows.decodeLogRow(value, at, VERSION), log, VALUES.log],
    ['old-list row', oldListKey(7), (at) => rows.encodeOldListRow(writer(), at, oldList), rows.decodeOldListRow, oldList, VALUES.oldList],
    [
      'conversation row',
      conversationKey(prefix),
      (at) => rows.encodeConversationRow(writer(), at, conversation),
      rows.decodeConversationRow,
      conversation,
      VALUES.conversation,
    ],
    ['message', messageKey(prefix, 300), (at) => rows.encodeMessage(writer(), at, message), rows.decodeMessage, message, VALUES.message],
    ['changed message', messageKey(prefix, 300), (at) => rows.encodeMessage(writer(), at, edited), rows.decodeMessage, edited, VALUES.edited],
    ['dedupe row', dedupeKey(prefix, 0, 'x'), (at) => rows.encodeDedupeRow(writer(), at, dedupe), rows.decodeDedupeRow, dedupe, VALUES.dedupe],
    ['head of a trimmed log', Uint8Array.of(0x10), (at) => rows.encodeHead(writer(), at, trimmedHead), rows.decodeHead, trimmedHead, VALUES.trimmedHead],
  ];

  test.each(cases)('a %s has its bytes and is read back', (_, key, encode, decode, fields, golden) => {
    const value = encode(place(key));
    same(hex(value), golden);
    same(decode(value, place(key)), fields);
  });

  test.each(cases)('every changed bit of a %s, and another place, fails its checksum', (_, key, encode, decode) => {
    const value = encode(place(key));
    for (let bit = 0; bit < 8 * value.length; bit++) {
      const damaged = Buffer.from(value);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => decode(damaged, place(key)), `bit ${bit}`).toThrow(/damaged/);
    }
    expect(() => decode(value, place(Buffer.concat([key, Uint8Array.of(0)])))).toThrow(/checksum/);
    expect(() => decode(value, { partitionCrc: crc32(partitionOf(bob)), key })).toThrow(/checksum/);
  });

  test.each(cases)('a %s that is cut short is refused, whatever its checksum says', (_, key, encode, decode) => {
    const fields = encode(place(key));
    let refused = 0;
    for (let end = 0; end < fields.length - 4; end++) {
      const cut = Buffer.from(fields.subarray(0, end + 4));
      cut.writeUInt32BE(crc32(cut, crc32(key, partitionCrc), 0, end), end);
      try {
        decode(cut, place(key));
      } catch {
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(0);
  });

  test('a head whose mark name is no u48 is refused', () => {
    const place = { partitionCrc, key: HEAD_KEY };
    for (const length of [1, 2, 5, 7, 8]) {
      const encoded = rows.encodeHead(new ByteWriter(), place, { ...head, markName: new Uint8Array(length) });
      expect(() => rows.decodeHead(encoded, place)).toThrow(`a head has an unknown mark name. bytes=\`${length}\``);
    }
  });

  test('an unknown format is refused and named', () => {
    const [, key, encode, decode] = cases[4]!;
    const value = Buffer.from(encode(place(key)));
    value[0] = 2;
    value.writeUInt32BE(crc32(value, crc32(key, partitionCrc), 0, value.length - 4), value.length - 4);
    expect(() => decode(value, place(key))).toThrow(/unknown format/);
  });
});
