import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageEntries } from './api-report.js';

/**
 * What a host gets: packs the tarball, installs it in an empty folder without running any script, type-checks against it and runs the quick start from
 * it, by `import` and by `require`, on Node 20 and on the newest even Node that npm has. `npm run test:pack`; needs the registry.
 *
 * Nothing is passed over: what cannot run fails.
 */

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FLOOR_MAJOR = 20;
const COMMAND_MS_MAX = 300_000;
const RUN_MS_MAX = 60_000;

const PACKED: readonly RegExp[] = [
  /^(package\.json|README\.md|CHANGELOG\.md|LICENSE)$/,
  /^dist\/[\w-]+\.(js|js\.map|d\.ts)$/,
  /^docs\/[\w-]+\.md$/,
  /^docs\/decisions\/[\w-]+\.md$/,
];

interface Runtime {
  readonly node: string;
  readonly version: string;
}

interface Manifest {
  readonly devDependencies: Readonly<Record<string, string>>;
}

const entries = packageEntries();
const names = entries.map((entry) => (entry === 'index' ? 'mailring' : `mailring/${entry}`));
const quickStart = join(ROOT, 'examples/quick-start.ts');
const folder = mkdtempSync(join(tmpdir(), 'mailring-pack-'));
let checks = 0;

try {
  main();
  console.log(`\n${checks} checks of the packed package passed`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function main(): void {
  const tarball = pack();
  const consumer = join(folder, 'consumer');
  const runtimes = install(consumer, tarball);
  compile(consumer);
  const outputs = runtimes.flatMap((runtime) => {
    for (const file of ['entries.mjs', 'entries.cjs']) check(`Node ${runtime.version} loads every entry, ${file}`, () => run(consumer, runtime, file));
    return ['quick-start.mjs', 'quick-start.cjs'].map((file) =>
      check(`Node ${runtime.version} runs the quick start, ${file}`, () => runQuickStart(consumer, runtime, file)),
    );
  });
  console.log(`the quick start printed\n${outputs[0]?.replace(/^/gm, '  ')}`);
  check('the quick start prints the same everywhere', () => equal(new Set(outputs.map(stable)).size, 1, `different outputs: ${JSON.stringify(outputs)}`));
  withoutNative(consumer, runtimes);
}

function pack(): string {
  const [packed] = JSON.parse(command(ROOT, 'npm', ['pack', '--json', '--pack-destination', folder])) as [{ filename: string; files: { path: string }[] }];
  const files = packed.files.map((file) => file.path);
  check(`the tarball holds what it should, ${files.length} files`, () => {
    const unexpected = files.filter((file) => !PACKED.some((pattern) => pattern.test(file)));
    equal(unexpected.length, 0, `the tarball holds what it should not: ${unexpected.join(', ')}`);
    const wanted = ['package.json', 'README.md', 'CHANGELOG.md', 'LICENSE', ...entries.flatMap((entry) => [`dist/${entry}.js`, `dist/${entry}.d.ts`])];
    const missing = wanted.filter((file) => !files.includes(file));
    equal(missing.length, 0, `the tarball lacks ${missing.join(', ')}`);
  });
  return join(folder, packed.filename);
}

function install(consumer: string, tarball: string): Runtime[] {
  mkdirSync(consumer);
  writeFileSync(join(consumer, 'package.json'), JSON.stringify({ name: 'consumer', private: true }));
  const { devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;
  // The declarations of mailring/testing name the optional peer: whoever has them checked too needs it.
  const tools = ['typescript', '@types/node', 'fast-check'].map((name) => `${name}@${devDependencies[name]}`);
  const nodePackage = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const newest = newestEven(nodePackage);
  const currentIsFloor = process.versions.node.startsWith(`${FLOOR_MAJOR}.`);
  const nodes = [`node-newest@npm:${nodePackage}@${newest}`, ...(currentIsFloor ? [] : [`node-floor@npm:${nodePackage}@${FLOOR_MAJOR}`])];
  check('the tarball installs in an empty folder without scripts', () => {
    command(consumer, 'npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', tarball, ...tools, ...nodes]);
  });
  const binary = (name: string) => join(consumer, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  return [currentIsFloor ? process.execPath : binary('node-floor'), binary('node-newest')].map((node) => ({
    node,
    version: command(consumer, node, ['--version']).trim().slice(1),
  }));
}

function newestEven(nodePackage: string): string {
  const versions = JSON.parse(command(folder, 'npm', ['view', nodePackage, 'versions', '--json'])) as string[];
  const majors = versions.flatMap((version) => (/^\d+\.\d+\.\d+$/.test(version) ? [Number.parseInt(version, 10)] : [])).filter((major) => major % 2 === 0);
  const newest = Math.max(...majors);
  if (newest <= FLOOR_MAJOR) throw new Error(`no Node above ${FLOOR_MAJOR} to be had as ${nodePackage}: cannot run on the newest`);
  return String(newest);
}

/** Writes what a consumer would write, as a module and as CommonJS, and type-checks it strictly, the declarations of the package included. */
function compile(consumer: string): void {
  copyFileSync(quickStart, join(consumer, 'quick-start.mts'));
  for (const file of ['entries.mts', 'entries.cts']) {
    const imports = names.map((name, i) => `import * as entry${i} from '${name}';`);
    const used = names.map((name, i) => `console.log('${name}', Object.keys(entry${i}).sort().join(' '));`);
    writeFileSync(join(consumer, file), [...imports, ...used, ''].join('\n'));
  }
  const compilerOptions = { target: 'ES2023', lib: ['ES2023'], module: 'NodeNext', strict: true, skipLibCheck: false, types: ['node'], esModuleInterop: true };
  writeFileSync(join(consumer, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['quick-start.mts', 'entries.mts', 'entries.cts'] }));
  check('a strict consumer compiles, declarations included', () => command(consumer, process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.']));
  const module = readFileSync(join(consumer, 'quick-start.mjs'), 'utf8');
  writeFileSync(join(consumer, 'quick-start.cjs'), asCommonJs(module));
}

/** The same program with `require`: its imports rewritten, the rest in a function, since CommonJS has no top-level await. */
function asCommonJs(module: string): string {
  const body = module.replace(/^import (?:\* as )?(\{[^}]*\}|\w+) from ('[^']+');$/gm, (_, bound: string, from: string) => {
    return `const ${bound.replaceAll(' as ', ': ')} = require(${from});`;
  });
  if (!body.includes("require('mailring')") || /^(import|export) /m.test(body)) throw new Error('the quick start cannot be rewritten with require');
  return `(async () => {\n${body}\n})();\n`;
}

function runQuickStart(consumer: string, runtime: Runtime, file: string): string {
  const output = run(consumer, runtime, file);
  const sent = [...readFileSync(quickStart, 'utf8').matchAll(/messageContent: '([^']+)'/g)].map((match) => match[1] ?? '');
  equal(sent.length > 0, true, 'the quick start sends no message that can be looked for');
  for (const content of sent) equal(output.includes(content), true, `the quick start does not print what it sent: ${content}\n${output}`);
  return output;
}

function run(consumer: string, { node }: Runtime, file: string, ...args: string[]): string {
  const temporary = mkdtempSync(join(folder, 'tmp-'));
  const { status, signal, stdout, stderr, error } = spawnSync(node, [file, ...args], {
    cwd: consumer,
    encoding: 'utf8',
    timeout: RUN_MS_MAX,
    env: { ...process.env, TMPDIR: temporary, NODE_OPTIONS: '' },
  });
  if (error) throw error;
  equal(status, 0, `${file} ended with ${status ?? signal}\n${stdout}\n${stderr}`);
  equal(stderr, '', `${file} warned: ${stderr}`);
  equal(readdirSync(temporary).length, 0, `${file} left behind: ${readdirSync(temporary).join(', ')}`);
  return stdout;
}

/** Where LevelDB has no build, everything loads and `open` says what to do. */
function withoutNative(consumer: string, runtimes: readonly Runtime[]): void {
  const level = join(consumer, 'node_modules/classic-level');
  rmSync(join(level, 'prebuilds'), { recursive: true });
  writeFileSync(
    join(consumer, 'no-build.mjs'),
    "import { isMailringError, Mailring } from 'mailring';\n" +
      "const error = await Mailring.open({ location: './no-build' }).catch((error) => error);\n" +
      "if (!isMailringError(error, 'MAILRING_NATIVE_MISSING')) throw error;\n" +
      'console.log(error.message);\n',
  );
  for (const runtime of runtimes) {
    check(`Node ${runtime.version} says that there is no LevelDB build`, () => console.log(`  ${run(consumer, runtime, 'no-build.mjs').trim()}`));
  }
  rmSync(level, { recursive: true });
  for (const runtime of runtimes) check(`Node ${runtime.version} loads every entry without classic-level`, () => run(consumer, runtime, 'entries.mjs'));
}

/** An output without what differs from run to run: times, random ids. */
function stable(output: string): string {
  return output
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>')
    .replace(/\b\d{13,}\b/g, '<time>')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>');
}

function command(cwd: string, file: string, args: readonly string[]): string {
  try {
    return execFileSync(file, args, { cwd, encoding: 'utf8', timeout: COMMAND_MS_MAX, stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (cause) {
    const { stdout, stderr } = cause as { stdout?: string; stderr?: string };
    throw new Error(`could not run: ${file} ${args.join(' ')}\n${stdout ?? ''}${stderr ?? ''}`, { cause });
  }
}

function check<T>(what: string, verify: () => T): T {
  try {
    const result = verify();
    console.log(`ok  ${what}`);
    checks++;
    return result;
  } catch (error) {
    console.error(`NOT OK  ${what}`);
    throw error;
  }
}

function equal(actual: unknown, expected: unknown, text: string): void {
  if (actual !== expected) throw new Error(text);
}
