import { checkReads } from './check-reads.js';
import { checkSends } from './check-sends.js';
import type { History } from './history.js';
import type { Complain, HistoryProblem } from './history-problem.js';

/**
 * Judges a history of calls by the promises alone; it knows nothing of the engine. It holds for histories in which no message is edited or deleted: so
 * what a mailbox was at any version follows from what it is in the end, and every answer has to be exactly that; of a read marker, what answers have shown of it bounds what it was
 * between them. A send that was not answered counts as unconfirmed.
 *
 * Source: the approach of Jepsen's checkers; the promises are docs/guarantees.md's.
 */
export function checkHistory(history: History): readonly HistoryProblem[] {
  const problems: HistoryProblem[] = [];
  const complain: Complain = (rule, text) => problems.push({ rule, text });
  checkSends(history, complain);
  checkReads(history, complain);
  return problems;
}
