import { randomFillSync } from 'node:crypto';

let lastMs = 0;
let counter = 0;

/** Random bytes in stock: asking the system for each id costs more than all the rest of it. */
const stock = Buffer.alloc(4_096);
let used = stock.length;

const RANDOM_BYTES = 10;

function randomBytes(): Buffer {
  if (used + RANDOM_BYTES > stock.length) {
    randomFillSync(stock);
    used = 0;
  }
  used += RANDOM_BYTES;
  return stock.subarray(used - RANDOM_BYTES, used);
}

/**
 * Makes a client message id: a UUIDv7, random and time-ordered, strictly increasing within a process also when the clock stands or goes back.
 * With such ids the engine sees without a look-up that the next one is new; any other id costs it one. Make the id once, before the first try,
 * and keep it with the message until `sendMessage` has answered.
 *
 * Source: RFC 9562, section 5.7, with the counter of section 6.2, method 1.
 */
export function createClientMessageId(): string {
  const now = Date.now();
  const random = randomBytes();
  if (now > lastMs) {
    lastMs = now;
    counter = random.readUInt16BE(0) & 0x07ff;
  } else if (++counter > 0x0fff) {
    lastMs++;
    counter = 0;
  }
  const hex = lastMs.toString(16).padStart(12, '0');
  const tail = random.toString('hex', 2);
  const variant = (8 + (random[0]! & 3)).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7${counter.toString(16).padStart(3, '0')}-${variant}${tail.slice(0, 3)}-${tail.slice(3, 15)}`;
}
