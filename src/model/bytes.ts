/** Byte strings as map keys and in order. */

/** Order of two byte strings, unsigned: negative, 0 or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b);
}

/** A string that stands for these bytes in a `Map`, one character a byte; equal exactly when the bytes are. */
export function bytesKey(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
