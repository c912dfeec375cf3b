import { loadTexts, loadTrace } from '../../test/data/trace.js';
import { generateMessages } from './generated-trace.js';

/** Who writes what to whom; the order is the order in time. */
export interface TraceMessage {
  readonly sender: string;
  readonly recipient: string;
  readonly content: string;
}

/** Messages to replay, and where they come from. */
export interface Trace {
  readonly source: string;
  readonly messages: readonly TraceMessage[];
}

/** Messages of the real trace; a generated one has as many unless told otherwise. */
const TRACE_ROWS = 59_835;

/** The first `rows` messages of the real trace, message i with text i; where its data is not present, generated ones of the same shape. */
export function loadMessages(rows = TRACE_ROWS): Trace {
  const trace = loadTrace();
  const texts = loadTexts();
  if (trace === undefined || texts === undefined)
    return { source: 'a generated trace (no data in MAILRING_DATA or ../shared/data)', messages: generateMessages(rows) };
  const messages = trace.slice(0, rows).map(({ sender, recipient }, i) => ({ sender, recipient, content: texts[i]! }));
  return { source: 'the real trace (CollegeMsg, with texts in 48 languages)', messages };
}

/** What the messages look like, in one line. */
export function describe(messages: readonly TraceMessage[]): string {
  const mailboxes = new Map<string, number>();
  const conversations = new Set<string>();
  for (const { sender, recipient } of messages) {
    for (const user of new Set([sender, recipient])) mailboxes.set(user, (mailboxes.get(user) ?? 0) + 1);
    conversations.add([sender, recipient].sort().join(' '));
  }
  const largest = Math.max(0, ...mailboxes.values());
  return `${messages.length} messages in ${conversations.size} conversations of ${mailboxes.size} users, the busiest with ${largest}`;
}
