import ts from 'typescript';
import { importsOf, lineOf, parse, type Sources, walk } from './source.js';

/** Style as a test: the rules of src/ that a linter has no words for. */

const LINES_MAX = 300;
const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const NO_CONCEPT: readonly string[] = ['util', 'utils', 'helper', 'helpers', 'type', 'types', 'common', 'shared', 'misc', 'index'];

/** Files that may ask for the time, set timers or draw random numbers; everything else is given a `Clock`, so that a simulation owns it. */
const WORLD_FILES: readonly string[] = ['model/clock.ts', 'model/client-message-id.ts'];
const WORLD_NAMES: readonly string[] = [
  'setTimeout',
  'setInterval',
  'setImmediate',
  'randomUUID',
  'randomBytes',
  'randomInt',
  'randomFillSync',
  'getRandomValues',
];
const WORLD_MEMBERS: readonly string[] = ['Date.now', 'Math.random', 'performance.now', 'process.hrtime', 'AbortSignal.timeout'];
const WORLD_MODULES: readonly string[] = ['node:timers', 'node:timers/promises', 'node:perf_hooks'];

/** Every broken rule of tidiness, as `file:line what is wrong`. */
export function tidyProblems(sources: Sources): string[] {
  return [...sources].flatMap(([path, text]) => {
    const file = parse(path, text);
    return [...nameProblems(path), ...textProblems(path, text), ...exportProblems(path, file), ...worldProblems(path, file)];
  });
}

function nameProblems(path: string): string[] {
  if (!path.endsWith('.ts')) return [`${path}:1 is no TypeScript source`];
  const parts = path.slice(0, -'.ts'.length).split('/');
  const problems = parts.filter((part) => !KEBAB.test(part)).map((part) => `${path}:1 is not named in kebab-case: ${part}`);
  if (path === 'index.ts') return problems;
  return [...problems, ...parts.filter((part) => NO_CONCEPT.includes(part)).map((part) => `${path}:1 is named after no concept: ${part}`)];
}

function textProblems(path: string, text: string): string[] {
  const lines = text.replace(/\n$/, '').split('\n');
  const problems = lines.flatMap((line, i) => (/\b(TODO|FIXME)\b/.test(line) ? [`${path}:${i + 1} leaves work: do it or file it`] : []));
  return lines.length > LINES_MAX ? [...problems, `${path}:${lines.length} has more than ${LINES_MAX} lines: one concept a file`] : problems;
}

function exportProblems(path: string, file: ts.SourceFile): string[] {
  const problems: string[] = [];
  for (const statement of file.statements) {
    const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : undefined;
    const named =
      ts.isExportDeclaration(statement) && statement.exportClause && ts.isNamedExports(statement.exportClause) ? statement.exportClause.elements : [];
    const isDefault =
      ts.isExportAssignment(statement) ||
      modifiers?.some((modifier) => modifier.kind === ts.SyntaxKind.DefaultKeyword) ||
      named.some((element) => element.name.text === 'default');
    if (isDefault) problems.push(`${path}:${lineOf(statement)} exports a default: give it its name`);
    if (ts.isExportDeclaration(statement) && !(statement.exportClause && ts.isNamedExports(statement.exportClause))) {
      problems.push(`${path}:${lineOf(statement)} exports *: name what is exported`);
    }
  }
  const barrel = path.includes('/') && file.statements.length > 0 && file.statements.every((statement) => ts.isExportDeclaration(statement));
  return barrel ? [...problems, `${path}:1 is a barrel: inside src/ import the file itself`] : problems;
}

function worldProblems(path: string, file: ts.SourceFile): string[] {
  if (WORLD_FILES.includes(path)) return [];
  const problems = importsOf(file).flatMap(({ line, specifier }) => (WORLD_MODULES.includes(specifier ?? '') ? [`${path}:${line} imports ${specifier}`] : []));
  walk(file, (node) => {
    const used = worldOf(node);
    if (used !== undefined) problems.push(`${path}:${lineOf(node)} uses ${used}`);
  });
  return problems.map((problem) => `${problem}: take a Clock, or be given it`);
}

function worldOf(node: ts.Node): string | undefined {
  if (ts.isIdentifier(node)) return WORLD_NAMES.includes(node.text) ? node.text : undefined;
  if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
    const member = `${node.expression.text}.${node.name.text}`;
    return WORLD_MEMBERS.includes(member) ? member : undefined;
  }
  const date = (ts.isNewExpression(node) && !node.arguments?.length) || ts.isCallExpression(node);
  return date && ts.isIdentifier(node.expression) && node.expression.text === 'Date' ? 'the Date of now' : undefined;
}
