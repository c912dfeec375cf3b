import { isDeepStrictEqual } from 'node:util';

/** Differences that are kept as text; all are counted. */
const TEXTS_MAX = 1_000;
const VALUE_CHARACTERS_MAX = 160;

/** What the comparison did and what it found: every difference counts, the first ones are kept readably. */
export class Findings {
  readonly texts: string[] = [];
  differences = 0;
  pages = 0;
  deltas = 0;

  /** One value; `where` says which, and is only asked when it differs. */
  equal(where: () => string, returned: unknown, expected: unknown): void {
    if (!isDeepStrictEqual(returned, expected)) this.add(`${where()}: ${differenceOf(returned, expected)}`);
  }

  /** A list: its length, and the first item that differs. */
  equalLists(where: () => string, returned: readonly object[], expected: readonly object[]): void {
    if (returned.length !== expected.length) this.add(`${where()}: ${returned.length} items instead of ${expected.length}`);
    const length = Math.min(returned.length, expected.length);
    for (let i = 0; i < length; i++) {
      if (isDeepStrictEqual(returned[i], expected[i])) continue;
      this.add(`${where()}, item ${i + 1} of ${expected.length}: ${differenceOf(returned[i], expected[i])}`);
      return;
    }
  }

  /** A read that gave an error, or could not be gone on with. */
  failed(where: () => string, error: unknown): void {
    this.add(`${where()}: ${error instanceof Error ? (error.stack ?? error.message) : error}`);
  }

  add(text: string): void {
    this.differences++;
    if (this.texts.length < TEXTS_MAX) this.texts.push(text);
  }
}

/** Of two objects only the fields that differ. */
function differenceOf(returned: unknown, expected: unknown): string {
  if (typeof returned !== 'object' || typeof expected !== 'object' || returned === null || expected === null) {
    return `${shown(returned)} instead of ${shown(expected)}`;
  }
  const [a, b] = [returned as Record<string, unknown>, expected as Record<string, unknown>];
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((key) => !isDeepStrictEqual(a[key], b[key]));
  return keys.map((key) => `${key} is ${shown(a[key])} instead of ${shown(b[key])}`).join(', ');
}

function shown(value: unknown): string {
  const text = value === undefined ? 'absent' : JSON.stringify(value);
  return text.length > VALUE_CHARACTERS_MAX ? `${text.slice(0, VALUE_CHARACTERS_MAX)}…` : text;
}
