import { dirname, join } from 'node:path';
import ts from 'typescript';
import { type CodeBlock, codeBlocks, type Doc, ROOT } from './documents.js';

/**
 * Type-checks every block of TypeScript in documents against src/, each as a module of its own, with the settings of the repository. Nothing is run. Gives
 * what does not pass as `path:line what is wrong`.
 */
export function codeProblems(docs: readonly Doc[]): string[] {
  const blocks = new Map(typeScriptBlocks(docs).map((block, i) => [join(ROOT, `document-${i}.ts`), block]));
  const options = compilerOptions();
  const program = ts.createProgram([...blocks.keys()], options, hostWith(blocks, options));
  return [...blocks].flatMap(([file, block]) => {
    const source = program.getSourceFile(file)!;
    const problems = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return problems.map(({ start, messageText }) => {
      const line = block.line + source.getLineAndCharacterOfPosition(start ?? 0).line;
      return `${block.path}:${line} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
    });
  });
}

/** The blocks that are TypeScript. */
export function typeScriptBlocks(docs: readonly Doc[]): CodeBlock[] {
  return docs.flatMap(codeBlocks).filter(({ language }) => language === 'ts');
}

function compilerOptions(): ts.CompilerOptions {
  const path = join(ROOT, 'tsconfig.json');
  const { config, error } = ts.readConfigFile(path, ts.sys.readFile);
  if (error !== undefined) throw new Error(ts.flattenDiagnosticMessageText(error.messageText, ' '));
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [], include: [] }, ts.sys, dirname(path));
  // A block may show a name without using it.
  return { ...options, noEmit: true, noUnusedLocals: false, noUnusedParameters: false, moduleDetection: ts.ModuleDetectionKind.Force };
}

function hostWith(blocks: ReadonlyMap<string, CodeBlock>, options: ts.CompilerOptions): ts.CompilerHost {
  const host = ts.createCompilerHost(options, true);
  return {
    ...host,
    fileExists: (path) => blocks.has(path) || host.fileExists(path),
    readFile: (path) => blocks.get(path)?.code ?? host.readFile(path),
    getSourceFile: (path, languageVersion, ...rest) => {
      const block = blocks.get(path);
      return block === undefined ? host.getSourceFile(path, languageVersion, ...rest) : ts.createSourceFile(path, block.code, languageVersion, true);
    },
  };
}
