import { corrupt } from '../model/errors.js';
import { U48_MAX } from '../model/limits.js';

/** Reads the fields of a stored value; anything that does not fit is `MAILRING_CORRUPT`, never a guess. */
export class ByteReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  constructor(bytes: Uint8Array, from: number, to: number) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = from;
    this.#end = to;
  }

  get done(): boolean {
    return this.#at === this.#end;
  }

  u8(): number {
    return this.#bytes[this.#take(1)]!;
  }

  u48(): number {
    return this.#bytes.readUIntBE(this.#take(6), 6);
  }

  /** An unsigned LEB128 integer of at most 48 bits; a longer form than needed is refused, so that equal values have equal bytes. */
  varint(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if ((byte === 0 && scale > 1) || value > U48_MAX) throw corrupt('an integer is not in its shortest form or too large');
        return value;
      }
      scale *= 0x80;
      if (scale > 2 ** 48) throw corrupt('an integer is too long');
    }
  }

  /** `length` bytes of UTF-8; to the end when absent. */
  text(length = this.#end - this.#at): string {
    const from = this.#take(length);
    return this.#bytes.toString('utf8', from, from + length);
  }

  /** `length` bytes, one character each. */
  latin1(length: number): string {
    const from = this.#take(length);
    return this.#bytes.toString('latin1', from, from + length);
  }

  /** A copy of `length` bytes; to the end when absent. */
  bytes(length = this.#end - this.#at): Uint8Array {
    const from = this.#take(length);
    return new Uint8Array(this.#bytes.subarray(from, from + length));
  }

  /** Insists that nothing is left. */
  finish(): void {
    if (!this.done) throw corrupt('a row is longer than its fields');
  }

  #take(length: number): number {
    const from = this.#at;
    if (from + length > this.#end) throw corrupt('a row is shorter than its fields');
    this.#at += length;
    return from;
  }
}
