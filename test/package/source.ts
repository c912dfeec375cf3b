import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** What the style tests see of src/: the text of each file by its path below src/, with `/`. Tests of the checks themselves bring made-up ones. */
export type Sources = ReadonlyMap<string, string>;

/** One place that names another module, in whatever form the language has for it. */
export interface Import {
  readonly line: number;
  /** `undefined` where it is computed and cannot be checked. */
  readonly specifier: string | undefined;
  readonly dynamic: boolean;
  /** Whether it is gone when the program runs. */
  readonly typeOnly: boolean;
}

const SRC = fileURLToPath(new URL('../../src/', import.meta.url));

/** The sources as they are. */
export function readSources(): Sources {
  const files = readdirSync(SRC, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(SRC.length).replaceAll('\\', '/'), readFileSync(path, 'utf8')];
    }),
  );
}

/** Parses one file; positions and parents are set. */
export function parse(path: string, text: string): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true);
}

/** Line of a node, from 1. */
export function lineOf(node: ts.Node): number {
  const file = node.getSourceFile();
  return file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1;
}

/** Calls `visit` with every node below `node`. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  ts.forEachChild(node, (child) => {
    visit(child);
    walk(child, visit);
  });
}

/** Everything a file imports: static, type-only and re-exporting imports, `import()` as expression and as type, and `require`. */
export function importsOf(file: ts.SourceFile): Import[] {
  const imports: Import[] = [];
  const add = (node: ts.Node, specifier: ts.Node | undefined, { dynamic = false, typeOnly = false } = {}) =>
    imports.push({ line: lineOf(node), specifier: specifier && ts.isStringLiteralLike(specifier) ? specifier.text : undefined, dynamic, typeOnly });
  walk(file, (node) => {
    if (ts.isImportDeclaration(node)) add(node, node.moduleSpecifier, { typeOnly: node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword });
    else if (ts.isExportDeclaration(node) && node.moduleSpecifier) add(node, node.moduleSpecifier, { typeOnly: node.isTypeOnly });
    else if (ts.isImportTypeNode(node)) add(node, ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, { typeOnly: true });
    else if (ts.isExternalModuleReference(node)) add(node, node.expression);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node, node.arguments[0], { dynamic: true });
    else if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'require') add(node, node.arguments[0]);
  });
  return imports;
}
