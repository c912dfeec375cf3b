import { Random } from './random.js';
import type { TraceMessage } from './trace.js';

const SEED = 20_040_415;
const MESSAGES_PER_USER = 31.5;
/** How far back a conversation can go on. */
const ALIVE_MESSAGES = 1_000;

/**
 * Messages with the shape of the real trace: some users and conversations far busier than most, conversations with one message, bursts of one sender to many
 * recipients, texts of many languages and lengths. Always the same ones.
 */
export function generateMessages(rows: number): TraceMessage[] {
  const random = new Random(SEED);
  const users = Math.max(2, Math.round(rows / MESSAGES_PER_USER));
  const messages: TraceMessage[] = [];
  const write = (sender: string, recipient: string) => messages.push({ sender, recipient, content: textOf(messages.length, random) });
  // The power crowds the draw at the low numbers: those are the busy users.
  const anyone = () => String(1 + Math.floor(users * random.next() ** 1.7));
  while (messages.length < rows) {
    if (messages.length > 0 && random.chance(0.75)) {
      // Going on with a message drawn from many makes long conversations longer; drawn from the last ones only, conversations also end.
      const { sender, recipient } = messages[random.integer(Math.max(0, messages.length - ALIVE_MESSAGES), messages.length - 1)]!;
      if (random.chance(0.5)) write(recipient, sender);
      else write(sender, recipient);
    } else if (random.chance(0.02)) {
      const sender = anyone();
      for (let i = random.integer(2, 31); i > 0 && messages.length < rows; i--) write(sender, anyone());
    } else {
      write(anyone(), anyone());
    }
  }
  return messages;
}

const WORDS = [
  'see you at the library after class, bring the notes'.split(' '),
  'cześć źdźbło żółw gęślą jaźń'.split(' '),
  'привет как дела завтра увидимся в семь'.split(' '),
  'שלום מה שלומך היום'.split(' '),
  'مرحبا كيف حالك اليوم'.split(' '),
  'नमस्ते आप कैसे हैं क्षत्रिय स्त्री'.split(' '),
  ['สวัสดีครับ', 'พรุ่งนี้เจอกันนะ', 'ก็ได้', 'น้ำ'],
  ['你好', '明天下午见', '好的好的', '𠮷野家'],
  ['こんにちは', 'また明日ね', 'が', 'ガッツ'],
  ['안녕하세요', '내일 봐요', '각'],
  ['👍🏽', '👩‍👩‍👧‍👦', '🏳️‍🌈', '🇳🇱🇺🇦', '🙏', '❤️‍🔥', 'e\u0301', 'a\u0300\u0301\u0302', '\r\n', '\n'],
];

/** Mostly short, a few long, now and then without any character: as people write. */
function textOf(index: number, random: Random): string {
  if (random.chance(0.002)) return '';
  const words = random.chance(0.1) ? WORDS.flat() : random.pick(WORDS);
  const length = Math.ceil(1 + 4 * -Math.log(1 - random.next())) * (random.chance(0.02) ? random.integer(5, 30) : 1);
  return `${Array.from({ length }, () => random.pick(words)).join(random.chance(0.2) ? '' : ' ')} ${index}`;
}
