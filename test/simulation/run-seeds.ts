import { fork } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { addReport, emptyReport, type Report } from './report.js';
import type { Task, TaskDone } from './worker.js';

export interface SeedRun {
  readonly from: number;
  readonly seeds: number;
  /** Processes; as many as there are cores when absent. */
  readonly workers?: number | undefined;
  /** Where finished seeds are kept, so that a run that was stopped goes on where it was; nothing is kept when absent. */
  readonly journal?: string | undefined;
  readonly onProgress?: (report: Report) => void;
}

/** Seeds that a worker is given at once. */
const TASK_SEEDS = 10;
const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url));

/** Runs seeds over all cores, each core a process. */
export async function runSeeds({ from, seeds, workers = availableParallelism(), journal, onProgress }: SeedRun): Promise<Report> {
  const sum = emptyReport();
  const finished = new Set<number>();
  for (const done of journal === undefined ? [] : read(journal)) {
    if (done.from < from || done.to > from + seeds || finished.has(done.from)) continue;
    finished.add(done.from);
    addReport(sum, done.report);
  }
  const tasks: Task[] = [];
  for (let first = from; first < from + seeds; first += TASK_SEEDS) {
    if (!finished.has(first)) tasks.push({ from: first, to: Math.min(first + TASK_SEEDS, from + seeds) });
  }
  tasks.reverse();
  await Promise.all(
    Array.from({ length: Math.min(workers, tasks.length) }, () =>
      work(tasks, (done) => {
        if (journal !== undefined) appendFileSync(journal, `${JSON.stringify(done)}\n`);
        addReport(sum, done.report);
        onProgress?.(sum);
      }),
    ),
  );
  sum.bad.sort((a, b) => a.seed - b.seed);
  return sum;
}

/** One process that takes tasks until there are none. */
function work(tasks: Task[], onDone: (done: TaskDone) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = fork(WORKER, { execArgv: ['--import', 'tsx'] });
    let current: Task | undefined;
    const next = () => {
      current = tasks.pop();
      if (current === undefined) child.disconnect();
      else child.send(current);
    };
    child.on('message', (done: TaskDone) => {
      onDone(done);
      next();
    });
    child.on('error', reject);
    child.on('exit', (code) => {
      if (current === undefined) resolve();
      else reject(new Error(`a worker ended with code ${code} in seeds ${current.from} to ${current.to - 1}`));
    });
    next();
  });
}

/** What was kept; a last line that was cut by the end of its process is left out. */
function read(journal: string): TaskDone[] {
  if (!existsSync(journal)) return [];
  const lines = readFileSync(journal, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as TaskDone);
}
