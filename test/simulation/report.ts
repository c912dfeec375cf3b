import { type Meetings, noMeetings, SOMETIMES, type Sometimes, unmet } from './sometimes.js';

/** What a number of seeds has shown, in plain data that can be added up, sent and stored. */
export interface Report {
  seeds: number;
  calls: number;
  /** Sends by what their callers were told. */
  readonly sends: Record<string, number>;
  /** Seeds by setting. */
  readonly settings: Record<string, number>;
  readonly faults: Record<string, number>;
  /** Meetings, and seeds that had any. */
  readonly meetings: Record<Sometimes, number>;
  readonly met: Record<Sometimes, number>;
  /** Seeds with problems. */
  readonly bad: { readonly seed: number; readonly problems: readonly string[] }[];
}

export function emptyReport(): Report {
  return { seeds: 0, calls: 0, sends: {}, settings: {}, faults: {}, meetings: noMeetings(), met: noMeetings(), bad: [] };
}

export function addReport(sum: Report, one: Report): void {
  sum.seeds += one.seeds;
  sum.calls += one.calls;
  for (const name of ['sends', 'settings', 'faults', 'meetings', 'met'] as const) addCounts(sum[name], one[name]);
  sum.bad.push(...one.bad);
}

export function addCounts(sum: Record<string, number>, counts: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count;
}

export function addMeetings(report: Report, meetings: Meetings): void {
  addCounts(report.meetings, meetings);
  for (const name of Object.keys(SOMETIMES) as Sometimes[]) report.met[name] += meetings[name] > 0 ? 1 : 0;
}

/** What is wrong with a run: seeds with problems, and states that it should have come through and did not. */
export function verdict(report: Report): string[] {
  const bad = report.bad.map(({ seed, problems }) => `seed ${seed}: ${problems.slice(0, 5).join('\n  ')}`);
  return [...bad, ...unmet(report.meetings, report.seeds).map((name) => `never met in ${report.seeds} seeds: ${name}`)];
}

/** The report as tables. */
export function tableOf(report: Report): string {
  const rows = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .toSorted(([, a], [, b]) => b - a)
      .map(([name, count]) => `${String(count).padStart(12)}  ${name}`);
  const states = (Object.keys(SOMETIMES) as Sometimes[]).map(
    (name) => `${String(report.meetings[name]).padStart(12)}  ${String(report.met[name]).padStart(9)}  ${name}`,
  );
  return [
    `${report.seeds} seeds, ${report.calls} calls, ${report.bad.length} seeds with problems`,
    '',
    'sends, by what their callers were told',
    ...rows(report.sends),
    '',
    'seeds, by setting',
    ...rows(report.settings),
    '',
    'faults injected',
    ...rows(report.faults),
    '',
    'states reached: times, seeds',
    ...states,
  ].join('\n');
}
