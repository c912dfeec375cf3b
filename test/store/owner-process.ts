import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach } from 'vitest';

/** What the other process said. */
export interface Answer {
  readonly opened?: number;
  readonly code?: string;
  readonly message?: string;
  readonly details?: { readonly pid?: number; readonly host?: string; readonly since?: number };
}

/** Another process that tried to open a folder. */
export interface Other<Said = Answer> {
  readonly pid: number;
  /** What came of it. */
  readonly answer: Promise<Said>;
  kill(signal: 'SIGKILL' | 'SIGSTOP'): Promise<void>;
  /** Lets it close and exit. */
  end(): Promise<void>;
}

const FIXTURE = fileURLToPath(new URL('fixtures/owner-process.ts', import.meta.url));

/** Starts other processes (see fixtures/owner-process.ts), and ends those that are left after each test; call it once at the top. */
export function otherProcesses(): <Said = Answer>(mode: string, location: string, openWaitMs?: number, env?: NodeJS.ProcessEnv) => Other<Said> {
  const running = new Set<ChildProcess>();
  afterEach(() => {
    for (const child of running) child.kill('SIGKILL');
  });
  return <Said>(mode: string, location: string, openWaitMs = 0, env: NodeJS.ProcessEnv = {}): Other<Said> => {
    const child = spawn(process.execPath, ['--import', 'tsx', FIXTURE, mode, location, `${openWaitMs}`], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    });
    running.add(child);
    const exited = new Promise<void>((resolve) => {
      child.once('exit', () => {
        running.delete(child);
        resolve();
      });
    });
    const answer = new Promise<Said>((resolve, reject) => {
      createInterface({ input: child.stdout }).once('line', (line) => resolve(JSON.parse(line) as Said));
      void exited.then(() => reject(new Error('the other process ended without an answer')));
    });
    return {
      pid: child.pid ?? 0,
      answer,
      async kill(signal) {
        child.kill(signal);
        if (signal === 'SIGKILL') await exited;
      },
      async end() {
        child.stdin.end();
        await exited;
      },
    };
  };
}
