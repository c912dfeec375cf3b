import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { applyBug, type PlantedBug, pathOf, ROOT } from './planted-bug.js';

/** The settings of the project, and the files of src/. */
function readProject(): { readonly options: ts.CompilerOptions; readonly files: readonly string[] } {
  const { config, error } = ts.readConfigFile(`${ROOT}tsconfig.json`, (path) => readFileSync(path, 'utf8'));
  if (error !== undefined) throw new Error(ts.flattenDiagnosticMessageText(error.messageText, '\n'));
  const { options, fileNames } = ts.parseJsonConfigFileContent({ ...config, include: ['src'] }, ts.sys, ROOT);
  return { options, files: fileNames };
}

/** Type-checks src/ with a bug in it, in memory; the parsed files are shared by all bugs. */
export class TypeCheck {
  readonly #service: ts.LanguageService;
  #planted: { readonly path: string; readonly text: string } | undefined;
  #plants = 0;

  constructor() {
    const { options, files } = readProject();
    const textOf = (path: string) => (path === this.#planted?.path ? this.#planted.text : ts.sys.readFile(path));
    this.#service = ts.createLanguageService({
      getCompilationSettings: () => options,
      getScriptFileNames: () => [...files],
      getScriptVersion: (path) => (path === this.#planted?.path ? `planted ${this.#plants}` : ''),
      getScriptSnapshot: (path) => {
        const text = textOf(path);
        return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
      },
      getCurrentDirectory: () => ROOT,
      getDefaultLibFileName: ts.getDefaultLibFilePath,
      fileExists: ts.sys.fileExists,
      readFile: ts.sys.readFile,
      directoryExists: ts.sys.directoryExists,
      getDirectories: ts.sys.getDirectories,
    });
  }

  /** What the compiler says of src/ with this bug, or without any. Empty: it compiles. */
  problems(bug?: PlantedBug): string[] {
    this.#plants++;
    this.#planted = bug && { path: pathOf(bug), text: applyBug(bug) };
    const program = this.#service.getProgram()!;
    const diagnostics = program
      .getSourceFiles()
      .filter(({ fileName }) => fileName.startsWith(`${ROOT}src/`))
      .flatMap((file) => [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]);
    return diagnostics.map(({ file, start = 0, messageText }) => {
      const line = file === undefined ? '' : `${file.fileName.slice(ROOT.length)}:${file.getLineAndCharacterOfPosition(start).line + 1} `;
      return `${line}${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
    });
  }
}
