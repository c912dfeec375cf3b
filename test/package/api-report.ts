import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';
import ts from 'typescript';

/**
 * The API reports: one page an entry of package.json with everything a host can name, written by API Extractor from the declarations the compiler
 * makes of src/ and kept in docs/api. A change of the public API is then a change of a file, seen in review. `npm run api` writes them anew.
 */

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Where the reports are kept. */
export const REPORT_FOLDER = join(ROOT, 'docs/api');

/** The entries that package.json names, `index` for the package itself. */
export function packageEntries(): string[] {
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { exports: Record<string, unknown> };
  return Object.keys(exports).flatMap((path) => (path === './package.json' ? [] : [path === '.' ? 'index' : path.slice(2)]));
}

/** The reports that docs/api holds, by entry. */
export function keptReports(): Map<string, string> {
  const files = readdirSync(REPORT_FOLDER).filter((file) => file.endsWith('.api.md'));
  return new Map(files.map((file) => [file.slice(0, -'.api.md'.length), readFileSync(join(REPORT_FOLDER, file), 'utf8')]));
}

/**
 * The reports as src/ is now, by entry. Wrong types are the type-check's to report.
 *
 * @throws Error when something exported has no declaration, or an entry cannot be analysed
 */
export function makeReports(entries: readonly string[]): Map<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'mailring-api-'));
  try {
    emitDeclarations(entries, folder);
    const reports = new Map(entries.map((entry) => [entry, reportOf(entry, folder)]));
    const shared = exportedNames(reports.get('index') ?? '');
    return new Map([...reports].map(([entry, report]) => [entry, withoutShared(report, shared)]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function emitDeclarations(entries: readonly string[], outDir: string): void {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile) as { config: { compilerOptions: object } };
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT);
  const rootNames = entries.map((entry) => join(ROOT, 'src', `${entry}.ts`));
  const program = ts.createProgram(rootNames, { ...options, rootDir: join(ROOT, 'src'), outDir, noEmit: false, emitDeclarationOnly: true });
  const problems = program.emit().diagnostics;
  if (problems.length > 0) {
    throw new Error(ts.formatDiagnostics(problems, { getCanonicalFileName: (name) => name, getCurrentDirectory: () => ROOT, getNewLine: () => '\n' }));
  }
}

function reportOf(entry: string, declarations: string): string {
  const reports = join(declarations, 'reports');
  mkdirSync(reports, { recursive: true });
  const silent = { default: { logLevel: ExtractorLogLevel.None } };
  const extractorConfig = ExtractorConfig.prepare({
    configObject: {
      projectFolder: ROOT,
      mainEntryPointFilePath: join(declarations, `${entry}.d.ts`),
      newlineKind: 'lf',
      compiler: {
        overrideTsconfig: {
          compilerOptions: { target: 'ES2023', lib: ['ES2024', 'ESNext.Disposable'], module: 'NodeNext', strict: true, skipLibCheck: true, types: ['node'] },
          files: [join(declarations, `${entry}.d.ts`)],
        },
      },
      apiReport: { enabled: true, reportFileName: `${entry}.api.md`, reportFolder: reports, reportTempFolder: join(declarations, 'temp') },
      messages: {
        compilerMessageReporting: silent,
        tsdocMessageReporting: silent,
        extractorMessageReporting: { ...silent, 'ae-forgotten-export': { logLevel: ExtractorLogLevel.Warning, addToApiReportFile: true } },
      },
    },
    packageJson: { name: 'mailring' },
    packageJsonFullPath: join(ROOT, 'package.json'),
    configObjectFullPath: undefined,
  });
  const messages: string[] = [];
  const result = Extractor.invoke(extractorConfig, {
    localBuild: true,
    messageCallback: (message) => {
      message.handled = true;
      if (message.logLevel === ExtractorLogLevel.Error) messages.push(message.text);
    },
  });
  if (result.errorCount > 0) throw new Error(`no API report of ${entry}: ${messages.join('; ')}`);
  const name = entry === 'index' ? 'mailring' : `mailring/${entry}`;
  return readFileSync(join(reports, `${entry}.api.md`), 'utf8').replace('API Report File for "mailring"', `API Report File for "${name}"`);
}

function exportedNames(report: string): ReadonlySet<string> {
  return new Set([...report.matchAll(/^export (?:\w+ )*?(?:class|const|function|interface|type) (\w+)/gm)].map((match) => match[1] ?? ''));
}

/** API Extractor knows one entry a package: a name that a host can import from `mailring` is not forgotten in the other entries. */
function withoutShared(report: string, shared: ReadonlySet<string>): string {
  const forgotten = /^ *\/\/ (?:Warning:|\S+ -) \(ae-forgotten-export\) The symbol "(\w+)" .*\n(?: *\/\/\n)?/gm;
  return report.replace(forgotten, (warning: string, name: string) => (shared.has(name) ? '' : warning));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const reports = makeReports(packageEntries());
  rmSync(REPORT_FOLDER, { recursive: true, force: true });
  mkdirSync(REPORT_FOLDER, { recursive: true });
  for (const [entry, report] of reports) writeFileSync(join(REPORT_FOLDER, `${entry}.api.md`), report);
}
