import { addCounts, addMeetings, emptyReport, type Report } from './report.js';
import { simulate } from './simulation.js';

/** What a worker is told: to run these seeds. */
export interface Task {
  readonly from: number;
  readonly to: number;
}

/** What it answers. */
export interface TaskDone extends Task {
  readonly report: Report;
}

/** Errors are part of the traffic; their stacks would be a tenth of the time. */
Error.stackTraceLimit = 0;

const unhandled: string[] = [];
process.on('unhandledRejection', (error) => unhandled.push(`a rejection that nobody handles: ${error instanceof Error ? error.message : error}`));

async function run({ from, to }: Task): Promise<Report> {
  const report = emptyReport();
  for (let seed = from; seed < to; seed++) {
    const { history, problems, meetings, faults, setting } = await simulate(seed);
    report.seeds++;
    report.calls += history.calls.length;
    for (const call of history.calls) if (call.verb === 'sendMessage') addCounts(report.sends, { [call.outcome.type]: 1 });
    addCounts(report.settings, { [setting.name]: 1 });
    addCounts(report.faults, faults);
    addMeetings(report, meetings);
    const all = [...problems, ...unhandled.splice(0)];
    if (all.length > 0) report.bad.push({ seed, problems: all });
  }
  return report;
}

process.on('message', (task: Task) => {
  void run(task).then((report) => process.send!({ ...task, report } satisfies TaskDone));
});
