import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Doc, ROOT, readDocuments } from './documents.js';
import { commandProblems, linkProblems } from './links.js';

const scripts = Object.keys((JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { readonly scripts: object }).scripts);

describe('README and docs', () => {
  test('link only to files and headings that are there', () => {
    expect(linkProblems(readDocuments())).toEqual([]);
  });

  test('name only commands that the package has', () => {
    expect(commandProblems(readDocuments(), scripts)).toEqual([]);
  });

  test('have a way to every document: README leads to each of docs/, by links', () => {
    const docs = readDocuments();
    const all = docs.map(({ text }) => text).join('\n');
    const unlinked = docs.filter(({ path }) => path.startsWith('docs/') && !all.includes(`(${path})`) && !all.includes(`(${path.replace('docs/', '')})`));
    expect(unlinked.map(({ path }) => path)).toEqual([]);
  });
});

test('a link or command that leads nowhere is named', () => {
  const docs: Doc[] = [
    { path: 'docs/a.md', text: '# The first one\n[good](#the-first-one) [good](../README.md) [good](https://example.org/x)\n```\n[code](nowhere.md)\n```\n' },
    { path: 'docs/b.md', text: '[bad](nowhere.md) [bad](a.md#the-second-one) [good](a.md#the-first-one) `npm run nothing` `npm run demo`\n' },
  ];
  expect(linkProblems(docs)).toEqual(['docs/b.md links to nowhere.md, which is not there', 'docs/b.md links to a.md#the-second-one, which is no heading']);
  expect(commandProblems(docs, scripts)).toEqual(['docs/b.md names npm run nothing, which is no script']);
});
