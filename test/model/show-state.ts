import { HOME, type Mailbox, OTHER } from './mailbox-table.js';
import type { Planner } from './planner.js';
import type { State } from './state.js';

/** A state on one line: what the store holds, what each process has in memory (by version), what is under way, what was acknowledged. */
export function showState({ mailboxes, caches }: Planner, state: State): string {
  const held = ({ version, messages, base }: Mailbox) =>
    `v${version} [${messages.map(({ clientMessageId }) => clientMessageId).join(' ')}]${base === undefined ? '' : ` base ${base}`}`;
  const version = (cache: number) => (cache === 0 ? '-' : `v${caches.at(cache).mailbox.version}`);
  const processes = state.processes.map(({ lanes, tasks }, p) => {
    const under = lanes.flatMap(({ commit, stage }, side) => (commit === 0 ? [] : [`${side === HOME ? 'H' : 'O'} ${stage}`]));
    const doing = [...tasks.map(({ kind, phase }) => `${kind} ${phase}`), ...under];
    return `p${p} H ${version(lanes[HOME].cache)} O ${version(lanes[OTHER].cache)}${doing.length > 0 ? ` (${doing.join(', ')})` : ''}`;
  });
  const acknowledged = state.clients.flatMap(({ seq }, m) => (seq === 0 ? [] : [`${m + 1} as seq ${seq}`]));
  return [
    `H ${held(mailboxes.at(state.mailboxes[HOME]))}`,
    `O ${held(mailboxes.at(state.mailboxes[OTHER]))}`,
    `marks {${state.marks}}`,
    ...processes,
    ...(state.late.length > 0 ? [`late ${state.late.length}`] : []),
    ...(acknowledged.length > 0 ? [`acknowledged ${acknowledged.join(', ')}`] : []),
  ].join(' | ');
}
