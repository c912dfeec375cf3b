/** Checks of what a caller passes in. A key that nobody reads is a mistake that would otherwise be silent, so it is refused. */

/** Characters of a key that are compared and shown; a longer one is cut, so that a wrong argument cannot cost much. */
const KEY_CHARACTERS_MAX = 64;

/** What `value` is, for an error that says so: `typeof`, but `null` for null. */
export function typeOf(value: unknown): string {
  return value === null ? 'null' : typeof value;
}

/** The object that `value` is; `what` names it in the error. @throws `TypeError` */
export function requireObject(value: unknown, what: string): object {
  if (typeof value !== 'object' || value === null) throw new TypeError(`${what} must be an object. type=\`${typeOf(value)}\``);
  return value;
}

/** An integer of a range, or `undefined` where it is absent. @throws `TypeError`, `RangeError` */
export function readInteger(value: unknown, name: string, min: number, max: number): number | undefined {
  return value === undefined ? undefined : requireInteger(value, name, min, max);
}

/** An integer of a range. @throws `TypeError`, `RangeError` */
export function requireInteger(value: unknown, name: string, min: number, max: number): number {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number. type=\`${typeOf(value)}\``);
  if (!(Number.isInteger(value) || value === Number.POSITIVE_INFINITY) || value < min || value > max) {
    throw new RangeError(`${name} must be an integer from ${min} to ${max}. value=\`${value}\``);
  }
  return value;
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b` (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      let distance = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) distance = Math.min(distance, beforePrevious[j - 2]! + 1);
      row.push(distance);
    }
    beforePrevious = previous;
    previous = row;
  }
  return previous[b.length]!;
}

/** The name of `known` that is the fewest edits from `key`, whatever the case; the earlier one of equals. `undefined` only when nothing is known. */
export function nearest(key: string, known: readonly string[]): string | undefined {
  const wanted = key.slice(0, KEY_CHARACTERS_MAX).toLowerCase();
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const name of known) {
    const distance = editDistance(wanted, name.toLowerCase());
    if (distance < bestDistance) {
      best = name;
      bestDistance = distance;
    }
  }
  return best;
}

/**
 * Refuses own enumerable keys of `value` that are not in `known`; `what` names the object in the error ("the request of sendMessage").
 * A key whose value is `undefined` counts as absent. Symbols and inherited keys are not looked at.
 *
 * @throws `TypeError` that names the key and the nearest known one
 */
export function checkKeys(value: object, known: readonly string[], what: string): void {
  for (const [key, content] of Object.entries(value)) {
    if (content === undefined || known.includes(key)) continue;
    const near = nearest(key, known);
    const hint = near === undefined ? '' : ` nearest=\`${near}\``;
    throw new TypeError(`unknown key in ${what}. key=\`${key.slice(0, KEY_CHARACTERS_MAX)}\`${hint}`);
  }
}
