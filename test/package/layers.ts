import { posix } from 'node:path';
import ts from 'typescript';
import { type Import, importsOf, lineOf, parse, type Sources } from './source.js';

/**
 * Who may import whom in src/: calls go down, only `engine/` ever sees two users, only `store/<backend>` ever sees a database.
 * A layer is a folder of src/, a backend's folder below store/, the files store/store.ts and store/check-apply.ts (the contract), or an entry file.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  model: [],
  'store/store.ts': ['model'],
  'store/check-apply.ts': ['model', 'store/store.ts'],
  ring: ['model'],
  mailbox: ['model', 'store/store.ts'],
  shard: ['model', 'mailbox', 'store/store.ts'],
  engine: ['model', 'ring', 'shard', 'mailbox', 'store/store.ts'],
  'store/memory': ['model', 'store/store.ts', 'store/check-apply.ts'],
  'store/level': ['model', 'store/store.ts', 'store/check-apply.ts'],
  client: ['index.ts'],
  testing: [
    'model',
    'store/store.ts',
    'store/check-apply.ts',
    'mailbox/keys.ts',
    'mailbox/rows.ts',
    'index.ts',
    'client.ts',
    'ring.ts',
    'level.ts',
    'memory.ts',
  ],
  'index.ts': ['model', 'engine', 'ring', 'shard', 'mailbox', 'store/store.ts'],
  'client.ts': ['client'],
  'ring.ts': ['model', 'ring'],
  'level.ts': ['model', 'store/level', 'store/store.ts'],
  'memory.ts': ['model', 'store/memory', 'store/store.ts'],
  'testing.ts': ['model', 'testing', 'store/store.ts'],
};

/** The files that may load a backend, and only when they run: whoever brings a store of their own loads no native code. */
const LOADERS = ['engine/open.ts', 'engine/backup.ts', 'engine/restore.ts'];
const LOADABLE = 'store/level';

/** Packages that are a database: each belongs to one backend. */
const DRIVERS: Readonly<Record<string, string>> = {
  'abstract-level': 'store/level',
  'classic-level': 'store/level',
  level: 'store/level',
  'memory-level': 'store/level',
  'cassandra-driver': 'store/cassandra',
};

/**
 * Native code: loaded by import() itself, in no module's static imports. Where it has no build, that is then an error of `open`; a static import fails the
 * whole module graph, and Node 20 ends the process by an unhandled rejection even when the import() that began it is caught.
 */
const NATIVE: readonly string[] = ['classic-level'];

/** Layers that do no I/O, and what they may use of Node. */
const PURE: readonly string[] = ['model', 'ring', 'mailbox'];
const PURE_BUILTINS: readonly string[] = ['node:buffer', 'node:crypto', 'node:util', 'node:zlib'];

/** Every broken rule of the layers, as `file:line what is wrong`. */
export function layerProblems(sources: Sources): string[] {
  const problems: string[] = [];
  for (const [path, text] of sources) {
    const file = parse(path, text);
    const layer = layerOf(path);
    if (MAY_IMPORT[layer] === undefined) problems.push(`${path}:1 belongs to no layer: give \`${layer}\` a line in the table`);
    for (const found of importsOf(file)) {
      const problem = importProblem(sources, path, layer, found);
      if (problem !== undefined) problems.push(`${path}:${found.line} ${problem}`);
    }
    if (isEntry(path)) problems.push(...entryProblems(path, file));
  }
  return problems;
}

function importProblem(sources: Sources, path: string, layer: string, { specifier, dynamic, typeOnly }: Import): string | undefined {
  if (specifier === undefined) return 'imports what is computed: name it';
  if (NATIVE.includes(specifier) && !dynamic && !typeOnly) return `imports ${specifier} statically: load native code by await import()`;
  if (!specifier.startsWith('.')) return packageProblem(path, layer, specifier);
  const target = posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts');
  if (!sources.has(target)) return `imports ${specifier}, which is no file of src/`;
  const targetLayer = layerOf(target);
  if (LOADERS.includes(path) && targetLayer === LOADABLE) {
    return dynamic ? undefined : `imports ${target} statically: load a backend by await import()`;
  }
  if (targetLayer === layer && !isEntry(path)) return undefined;
  if (MAY_IMPORT[layer]?.some((allowed) => allowed === targetLayer || allowed === target)) return undefined;
  return `imports ${target}: ${layer} may import ${MAY_IMPORT[layer]?.join(', ') || 'no other folder'}`;
}

function packageProblem(path: string, layer: string, specifier: string): string | undefined {
  const name = specifier.split('/')[0] ?? specifier;
  if (isEntry(path)) return `exports ${specifier}: an entry file exports what src/ has`;
  if (name === 'mailring') return `imports ${specifier}: inside src/ name the file`;
  if (DRIVERS[name] !== undefined && DRIVERS[name] !== layer) return `imports ${specifier}: only ${DRIVERS[name]} sees that database`;
  if (PURE.includes(layer) && specifier.startsWith('node:') && !PURE_BUILTINS.includes(specifier)) {
    return `imports ${specifier}: ${layer} does no I/O`;
  }
  return undefined;
}

function entryProblems(path: string, file: ts.SourceFile): string[] {
  return file.statements.flatMap((statement) =>
    ts.isExportDeclaration(statement) && statement.moduleSpecifier && statement.exportClause && ts.isNamedExports(statement.exportClause)
      ? []
      : [`${path}:${lineOf(statement)} is not an explicit re-export: an entry file has nothing else`],
  );
}

function layerOf(path: string): string {
  const [folder, second, third] = path.split('/');
  if (folder === undefined || second === undefined) return path;
  if (folder !== 'store') return folder;
  return third === undefined ? path : `store/${second}`;
}

function isEntry(path: string): boolean {
  return !path.includes('/');
}
