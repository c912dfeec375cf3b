import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The top of the repository. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** One document: its path from the top, with `/`, and its text. Tests of the checks themselves bring made-up ones. */
export interface Doc {
  readonly path: string;
  readonly text: string;
}

/** A line of a document that opens a fence, and what is fenced. */
export interface CodeBlock {
  readonly path: string;
  /** Line of the first line of code, from 1. */
  readonly line: number;
  readonly language: string;
  readonly code: string;
}

/** What a host reads: README and everything below docs/ but the generated reports. */
export function readDocuments(): Doc[] {
  const below = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).map((path) => `docs/${path.replaceAll('\\', '/')}`);
  const paths = ['README.md', 'CHANGELOG.md', ...below.filter((path) => path.endsWith('.md') && !path.startsWith('docs/api/'))];
  return paths.sort().map(readDocument);
}

/** One of them. */
export function readDocument(path: string): Doc {
  return { path, text: readFileSync(join(ROOT, path), 'utf8') };
}

/** The fenced blocks, in order. A fence that is not closed ends with the document. */
export function codeBlocks({ path, text }: Doc): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let open: { readonly line: number; readonly language: string; readonly lines: string[] } | undefined;
  const close = () => {
    if (open !== undefined) blocks.push({ path, line: open.line, language: open.language, code: open.lines.map((line) => `${line}\n`).join('') });
    open = undefined;
  };
  for (const [i, line] of text.split('\n').entries()) {
    const fence = /^```(\S*)$/.exec(line);
    if (fence === null) open?.lines.push(line);
    else if (open === undefined) open = { line: i + 2, language: fence[1]!, lines: [] };
    else close();
  }
  close();
  return blocks;
}

/** What stands below one heading of the second level. */
export function sectionOf({ path, text }: Doc, heading: string): Doc {
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`${path} has no section ${heading}`);
  return { path, text: section };
}

/** The cells of all table rows whose first cell is one name in backticks: tables that a test holds equal to the code. */
export function tableRows({ text }: Doc): Map<string, readonly string[]> {
  const rows = new Map<string, readonly string[]>();
  for (const line of text.split('\n')) {
    const cells = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
    const name = /^`([^`]+)`$/.exec(cells[0] ?? '')?.[1];
    if (name === undefined) continue;
    if (rows.has(name)) throw new Error(`two rows of a table begin with one name: ${name}`);
    rows.set(name, cells.slice(1));
  }
  return rows;
}
