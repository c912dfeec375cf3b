import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { parse, readSources, type Sources, walk } from '../package/source.js';
import { readDocument, tableRows } from './documents.js';

/** The files that make an error anew from another one, with its code. */
const COPIES = ['engine/crossing.ts', 'shard/waiting-write.ts'];

/** The rows of the table of properties. */
const PROPERTIES: readonly string[] = ['code', 'retryable', 'retryAfterMs', 'outcome', 'details', 'cause'];

/** The members of a union of strings, in the order of its declaration. */
function membersOf(sources: Sources, path: string, union: string): string[] {
  const members: string[] = [];
  walk(parse(path, sources.get(path)!), (node) => {
    if (!ts.isTypeAliasDeclaration(node) || node.name.text !== union) return;
    walk(node, (member) => {
      if (ts.isStringLiteral(member)) members.push(member.text);
    });
  });
  return members;
}

const codesOfUnion = (sources: Sources) => membersOf(sources, 'model/errors.ts', 'MailringErrorCode');

/** The codes that errors are made with, and the places where the code is not a literal. */
function codesMade(sources: Sources): { readonly codes: string[]; readonly computed: string[] } {
  const codes = new Set<string>();
  const computed: string[] = [];
  for (const [path, text] of sources) {
    walk(parse(path, text), (node) => {
      if (!ts.isNewExpression(node) || !ts.isIdentifier(node.expression) || node.expression.text !== 'MailringError') return;
      const code = node.arguments?.[0];
      if (code !== undefined && ts.isStringLiteral(code)) codes.add(code.text);
      else computed.push(path);
    });
  }
  return { codes: [...codes], computed };
}

/** The codes that a file names anywhere, comments included. */
function codesNamed(sources: Sources): string[] {
  return [...new Set([...sources.values()].flatMap((text) => text.match(/\bMAILRING_[A-Z_]+\b/g) ?? []))];
}

describe('the errors of docs/errors.md', () => {
  const sources = readSources();
  const rows = [...tableRows(readDocument('docs/errors.md'))];
  const codeRows = rows.filter(([name]) => name.startsWith('MAILRING_'));
  const documented = codeRows.map(([code]) => code).sort();

  test('are the codes of MailringErrorCode', () => {
    expect(documented).toEqual(codesOfUnion(sources).sort());
  });

  test('are the codes that src/ makes errors with', () => {
    const { codes, computed } = codesMade(sources);
    expect(documented).toEqual(codes.sort());
    expect(computed).toEqual(COPIES);
  });

  test('are all that src/ names, and each says when, whether to try again, and what to do', () => {
    expect(codesNamed(sources).filter((code) => !documented.includes(code))).toEqual([]);
    for (const [code, cells] of codeRows) {
      const filled = cells.map((cell) => cell !== '');
      expect(filled, code).toEqual([true, true, true, true]);
    }
  });

  test('name every reason of health, and every kind of problem that verify can find', () => {
    const others = rows.map(([name]) => name).filter((name) => !documented.includes(name) && !PROPERTIES.includes(name));
    const reasons = membersOf(sources, 'engine/health.ts', 'HealthCode');
    const kinds = membersOf(sources, 'mailbox/verify-problem.ts', 'VerifyProblemKind');
    expect(others).toEqual([...reasons, ...kinds]);
  });
});

test('an error of another code, and a code that is computed, are seen', () => {
  const sources: Sources = new Map([
    ['a.ts', "throw new MailringError('MAILRING_NEW', 'x');"],
    ['b.ts', "const make = (code) => new MailringError(code, 'x');"],
    ['model/errors.ts', "export type MailringErrorCode = 'MAILRING_OLD' | 'MAILRING_NEW';"],
  ]);
  expect(codesMade(sources)).toEqual({ codes: ['MAILRING_NEW'], computed: ['b.ts'] });
  expect(codesOfUnion(sources)).toEqual(['MAILRING_OLD', 'MAILRING_NEW']);
});
