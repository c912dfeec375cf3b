import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A small patch to src/ that makes the program wrong, and the tests that must notice it. */
export interface PlantedBug {
  /** The model's name where the model of the protocol has the bug; unique. */
  readonly name: string;
  /** What is wrong, in one sentence. */
  readonly what: string;
  /** Path below src/. */
  readonly file: string;
  /** Text of that file; it occurs exactly once. */
  readonly find: string;
  readonly replace: string;
  /** More texts of the same file, each with what takes its place. */
  readonly also?: readonly (readonly [find: string, replace: string])[];
  readonly suite: Suite;
}

/** Tests that must notice a bug: files, and where a file is slow the words of those of its tests that are meant. */
export interface Suite {
  readonly files: readonly string[];
  readonly test?: string;
}

/** The project's folder, with a slash at its end. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The file that a bug patches. */
export function pathOf({ file }: PlantedBug): string {
  return `${ROOT}src/${file}`;
}

/** The text of a file with the bug in it; `text` is today's when absent. @throws an error that says what to do unless each text of the patch occurs exactly once */
export function applyBug(bug: PlantedBug, text = readFileSync(pathOf(bug), 'utf8')): string {
  const edits = [[bug.find, bug.replace] as const, ...(bug.also ?? [])];
  return edits.reduce((patched, [find, replace]) => {
    const parts = patched.split(find);
    if (parts.length !== 2) {
      const places = parts.length - 1;
      throw new Error(`planted bug ${bug.name} does not apply: its text must occur once in src/${bug.file}; bring it up to date. occurrences=\`${places}\``);
    }
    return parts.join(replace);
  }, text);
}
