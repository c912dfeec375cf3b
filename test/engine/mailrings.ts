import { createClientMessageId, isMailringError, type Limits, type Logger, Mailring, type MailringError, type SendResult } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { afterEach } from 'vitest';
import { hookedStore, openGates, type StoreHooks } from './hooked-store.js';
import { ManualClock } from './manual-clock.js';

const opened: Mailring[] = [];

afterEach(async () => {
  openGates();
  for (const mailring of opened.splice(0)) await mailring.close();
});

/** A mailring over a store of its own, and what a test can do to it from outside. */
export interface Setup {
  readonly mailring: Mailring;
  readonly memory: MemoryStore;
  readonly hooks: StoreHooks;
  readonly clock: ManualClock;
  /** Closes it and opens another over the same data: nothing is in memory. */
  reopen(): Promise<Mailring>;
  /** Runs a test twice: with what is in memory by now, and with nothing there. */
  warmAndCold(run: (mailring: Mailring, cold: boolean) => Promise<void>): Promise<void>;
}

/** Opens a mailring over a memory store, with a clock that stands; it is closed after the test. */
export async function openMailring({
  limits,
  logger,
  memory = new MemoryStore(),
}: {
  limits?: Partial<Limits>;
  logger?: Logger;
  memory?: MemoryStore;
} = {}): Promise<Setup> {
  const { store, hooks } = hookedStore(memory);
  const clock = new ManualClock();
  const open = async (): Promise<Mailring> => {
    const mailring = await Mailring.open({ store, clock, ...(limits && { limits }), ...(logger && { logger }) });
    opened.push(mailring);
    return mailring;
  };
  const mailring = await open();
  let last = mailring;
  const reopen = async (): Promise<Mailring> => {
    await last.close();
    last = await open();
    return last;
  };
  const warmAndCold: Setup['warmAndCold'] = async (run) => {
    await run(last, false);
    await run(await reopen(), true);
  };
  return { mailring, memory, hooks, clock, reopen, warmAndCold };
}

/** Sends; with an id in the order of time where none is given. */
export function send(
  mailring: Mailring,
  senderId: string,
  recipientId: string,
  messageContent: string,
  clientMessageId = createClientMessageId(),
): Promise<SendResult> {
  return mailring.sendMessage({ senderId, recipientId, messageContent, clientMessageId });
}

/** The error a call fails with. @throws when it does not fail, or with something else than a `MailringError` */
export async function errorOf(call: Promise<unknown>): Promise<MailringError> {
  const error = await call.then(
    () => new Error('the call did not fail'),
    (thrown: unknown) => thrown,
  );
  if (!isMailringError(error)) throw error;
  return error;
}

/** Whole pages of a conversation as its participants see it, but for what is each mailbox's own. */
export async function conversationSeenBy(mailring: Mailring, userId: string, peer: string): Promise<object[]> {
  const { messages } = await mailring.fetchMessages({ userId, conversationId: mailring.conversationIdOf(userId, peer), pageSize: 200 });
  return messages.map(({ lastUpdatedTimestamp, ...shared }) => shared);
}
