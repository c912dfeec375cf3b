import { fileURLToPath } from 'node:url';
import { BUGS } from './bugs.js';
import { DEEP, type Search, SMALL } from './configuration.js';
import { explore, type Result } from './explorer.js';

const USAGE = `npx tsx test/model/run.ts              the small searches: states, steps, depth
npx tsx test/model/run.ts deep [SECONDS]   the large ones, each at most so long
npx tsx test/model/run.ts bugs             every planted bug, and how many states were looked at until it was found
npx tsx test/model/run.ts BUG              one of them, with the shortest way to it`;

/** One line about a search. */
export function summaryOf(name: string, { states, steps, depth, violation, incomplete }: Result): string {
  const end = violation ?? (incomplete ? 'ended at its bound' : 'clean');
  return `${name.padEnd(50)} ${String(states).padStart(9)} states ${String(steps).padStart(10)} steps  depth ${String(depth).padStart(3)}  ${end}`;
}

/** A planted bug: what is wrong, what was found, and the shortest way there, step by step. */
export function counterexampleOf(name: string): readonly string[] {
  const bug = BUGS.find((one) => one.name === name);
  if (bug === undefined) return [`unknown: ${name}`, USAGE, `bugs: ${BUGS.map((one) => one.name).join(' ')}`];
  const result = explore(bug.configuration);
  return [`${bug.name}: ${bug.text}`, summaryOf(bug.name, result), ...(result.trace ?? []).map((line, i) => `${String(i + 1).padStart(3)}. ${line}`)];
}

function* searches(all: readonly Search[], seconds: number): Generator<string> {
  for (const { name, configuration } of all) {
    const until = Date.now() + seconds * 1000;
    const result = explore(configuration, { goOn: () => Date.now() < until });
    yield summaryOf(name, result);
    yield* result.trace ?? [];
  }
}

function* bugs(): Generator<string> {
  for (const { name, text, configuration } of BUGS) yield `${summaryOf(name, explore(configuration))}\n    ${text}`;
}

function linesOf(what: string, seconds: number): Iterable<string> {
  if (what === 'small') return searches(SMALL, seconds);
  if (what === 'deep') return searches(DEEP, seconds);
  return what === 'bugs' ? bugs() : counterexampleOf(what);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [what = 'small', seconds = 'Infinity'] = process.argv.slice(2);
  for (const line of linesOf(what, Number(seconds))) console.log(line);
}
