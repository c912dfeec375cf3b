import { crc32 } from '../model/crc32.js';

const CHUNK_BYTES = 64 * 1024;

/**
 * Writes the keys and values of a batch one behind the other into a shared buffer and hands out views of it: no allocation per row.
 * The views are good until {@link ByteWriter.reset}; a store copies what it is given before `apply` returns its promise.
 */
export class ByteWriter {
  #buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #from = 0;
  #at = 0;

  /** Starts again at the beginning: every view handed out so far may be overwritten. */
  reset(): void {
    this.#from = 0;
    this.#at = 0;
  }

  u8(value: number): this {
    this.#room(1);
    this.#buffer[this.#at++] = value;
    return this;
  }

  u32(value: number): this {
    this.#room(4);
    this.#at = this.#buffer.writeUInt32BE(value, this.#at);
    return this;
  }

  u48(value: number): this {
    this.#room(6);
    this.#at = this.#buffer.writeUIntBE(value, this.#at, 6);
    return this;
  }

  /** An unsigned LEB128 integer in its shortest form. */
  varint(value: number): this {
    this.#room(7);
    let rest = value;
    while (rest >= 0x80) {
      this.#buffer[this.#at++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#buffer[this.#at++] = rest;
    return this;
  }

  /** UTF-8 without a length. */
  text(value: string): this {
    this.#room(value.length * 3);
    this.#at += this.#buffer.write(value, this.#at, 'utf8');
    return this;
  }

  /** One byte of length, then UTF-8. */
  shortText(value: string): this {
    // Room for both at once: a new buffer between them would leave the length behind.
    this.#room(1 + value.length * 3);
    this.u8(0);
    const start = this.#at;
    this.text(value);
    this.#buffer[start - 1] = this.#at - start;
    return this;
  }

  /** One byte a character. */
  latin1(value: string): this {
    this.#room(value.length);
    this.#at += this.#buffer.write(value, this.#at, 'latin1');
    return this;
  }

  bytes(value: Uint8Array): this {
    this.#room(value.length);
    this.#buffer.set(value, this.#at);
    this.#at += value.length;
    return this;
  }

  /** What was written since the last `take`, as one view. */
  take(): Uint8Array {
    const view = this.#buffer.subarray(this.#from, this.#at);
    this.#from = this.#at;
    return view;
  }

  /** CRC-32 of what was written since the last `take`, going on from `previous`. */
  crc32(previous: number): number {
    return crc32(this.#buffer, previous, this.#from, this.#at);
  }

  // Views of the old buffer stay good: only what is not taken yet moves.
  #room(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const pending = this.#buffer.subarray(this.#from, this.#at);
    this.#buffer = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length, 2 * (pending.length + bytes)));
    this.#buffer.set(pending);
    this.#from = 0;
    this.#at = pending.length;
  }
}
