import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import { codeBlocks, type Doc, ROOT } from './documents.js';

const LINK = /(?<!!)\[[^\]]*\]\(([^)\s]+)\)/g;
const COMMAND = /npm run ([\w:-]+)/g;

/** Every relative link that leads nowhere, as `path what is wrong`: to no file, or to no heading of the document it names. */
export function linkProblems(docs: readonly Doc[]): string[] {
  const byPath = new Map(docs.map((doc) => [doc.path, doc]));
  return docs.flatMap((doc) =>
    targetsOf(doc).flatMap((target) => {
      if (/^[a-z]+:/.test(target)) return [];
      const [file = '', heading] = target.split('#');
      const path = file === '' ? doc.path : posix.join(posix.dirname(doc.path), file);
      if (!existsSync(join(ROOT, path)) && !byPath.has(path)) return [`${doc.path} links to ${target}, which is not there`];
      const linked = byPath.get(path);
      return heading === undefined || (linked && headingsOf(linked).includes(heading)) ? [] : [`${doc.path} links to ${target}, which is no heading`];
    }),
  );
}

/** Every command `npm run …` that the package does not have. */
export function commandProblems(docs: readonly Doc[], scripts: readonly string[]): string[] {
  return docs.flatMap(({ path, text }) =>
    [...text.matchAll(COMMAND)].flatMap(([command, script]) => (scripts.includes(script!) ? [] : [`${path} names ${command}, which is no script`])),
  );
}

/** What the links outside of code lead to. */
function targetsOf(doc: Doc): string[] {
  const code = new Set(codeBlocks(doc).flatMap(({ code }) => code.split('\n')));
  const lines = doc.text.split('\n').filter((line) => !code.has(line) || line === '');
  return [...lines.join('\n').matchAll(LINK)].map(([, target]) => target!);
}

/** The anchors that code hosts give to headings: lower case, punctuation gone, a hyphen for each space. */
function headingsOf({ text }: Doc): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
