import { checkHistory, type StoreCall, type StoreFate, type StoreFault } from 'mailring/testing';
import { heal, insistIdle, readAll, verifyAll } from './heal.js';
import { drive, openWorld } from './open-world.js';
import { Process } from './process.js';
import { SCENARIO_USERS, type Scenario, Stage } from './scenarios.js';
import { SeededRandom } from './seeded-random.js';
import type { FaultKind, Setting } from './setting.js';
import { warmUp } from './simulation.js';

/** What can become of the one call; the last two end the engine that made it, before the call has an effect or after. */
export const MODES = [
  'fail-before',
  'fail-after',
  'late',
  'fail-between',
  'late-mark',
  'corrupt',
  'hang-before',
  'hang-after',
  'stall',
  'crash-before',
  'crash-after',
] as const;

export type Mode = (typeof MODES)[number];

/** What one fault has shown. */
export interface NthCall {
  /** Whether there was such a call. */
  readonly met: boolean;
  readonly problems: readonly string[];
}

const SWEEP_MS = 1_000;
const MODE_FAULTS: Partial<Record<Mode, FaultKind>> = { 'hang-before': 'calls hang', 'hang-after': 'calls hang', corrupt: 'values are read wrong' };

function settingOf({ setting, cacheBytes }: Scenario, mode: Mode): Setting {
  const fault = MODE_FAULTS[mode];
  return {
    ...setting,
    limits: { sweepMs: SWEEP_MS, reopenDelayMs: 20, reopenDelayMaxMs: 100, ...(cacheBytes !== undefined && { cacheBytes }) },
    faults: new Set(fault === undefined ? [] : [fault]),
    faultRate: 0,
    eventMs: 0,
    delayMsMax: 2,
    thinkMsMax: 0,
    operations: 0,
    ids: 'increasing',
  };
}

/** Plays a scenario in which the `n`-th call of its stores, from 0, has one fault and all others have none; then heals and judges as a simulation does. */
export async function playWithFault(scenario: Scenario, n: number, mode: Mode, trace?: (line: string) => void): Promise<NthCall> {
  await warmUp();
  const random = new SeededRandom(1);
  const setting = settingOf(scenario, mode);
  const healing = { healed: false, down: new Set<number>() };
  let counting = false;
  let calls = 0;
  let met = false;
  const decide = (_: number, call: StoreCall): StoreFate => {
    const normal = call.kind === 'scanMarks' ? {} : { delayMs: 1, answerMs: 1 };
    // Most slots of marks are empty, and one that cannot be read is like another: one of them counts.
    if (!counting || healing.healed || (call.kind === 'scanMarks' && call.index % 16 !== 0) || calls++ !== n) return normal;
    met = true;
    if (mode === 'stall') return { delayMs: 4_000, answerMs: 1 };
    if (mode === 'crash-before' || mode === 'crash-after') {
      const process = processes.find(({ engine }) => engine === call.owner)!;
      world.scheduler.after(mode === 'crash-before' ? 0 : 1.5, () => process.engine === call.owner && process.crash());
      return { delayMs: 1, fault: mode === 'crash-before' ? 'hang-before' : 'hang-after' };
    }
    return { ...normal, fault: mode satisfies StoreFault, lateMs: 300 };
  };
  const { world, problems } = openWorld({ setting, random, decide, trace });
  const processes = Array.from({ length: setting.engines }, (_, i) => new Process(world, `p${i}`));
  const stage = new Stage(world, processes);
  await drive(world, async () => {
    for (const process of processes) await process.start();
    await scenario.prepare?.(stage);
    counting = true;
    await scenario.run(stage);
    const up = await heal(world, healing, processes);
    const mailboxes = await readAll(up[0]!.mailring, SCENARIO_USERS);
    await verifyAll(world, up[0]!);
    for (const process of up) insistIdle(world, process);
    for (const process of up) await process.close();
    for (const { rule, text } of checkHistory({ calls: world.calls, mailboxes })) world.problem(`${rule}: ${text}`);
  });
  return { met, problems };
}
