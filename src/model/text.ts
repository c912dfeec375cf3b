/** Text as mailring compares and measures it: by its UTF-8 bytes. */

/** Bytes of `text` in UTF-8; only meaningful for well-formed text. */
export function utf8Length(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

/**
 * Order of two strings by their UTF-8 bytes: negative, 0 or positive. JavaScript's `<` compares UTF-16 units, which puts U+10000 and above
 * (surrogates, D800–DFFF) before U+E000–U+FFFF; the two units that decide are moved so that surrogates come last.
 */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    let x = a.charCodeAt(i);
    let y = b.charCodeAt(i);
    if (x === y) continue;
    if (x >= 0xd800 && y >= 0xd800) {
      x = x >= 0xe000 ? x - 0x800 : x + 0x2000;
      y = y >= 0xe000 ? y - 0x800 : y + 0x2000;
    }
    return x - y;
  }
  return a.length - b.length;
}
