import type { Conversation, Mailring, Message } from 'mailring';
import type { FinalMailbox } from 'mailring/testing';
import { type Fates, LATE_MS_MAX } from './fates.js';
import type { Process } from './process.js';
import type { World } from './world.js';

/** A sweep that finds nothing new twice ends a mark; one more for what came late. */
const SWEEPS = 4;
/** Opening, and all that a sweep of everything takes. */
const REOPEN_MS_MAX = 2_000;

/** Ends all faults and lets everything restart; then nothing but sweeps runs, until all that was begun is finished. Says so where it is not; gives the processes that run. */
export async function heal(world: World, fates: Pick<Fates, 'healed' | 'down'>, processes: readonly Process[]): Promise<Process[]> {
  const { datas, scheduler, setting, problem, count, trace } = world;
  trace(() => 'heal');
  for (const data of datas) if ([...data.marks()].length > 0) count('a mark is left by a commit that never came');
  fates.healed = true;
  fates.down.clear();
  for (const data of datas) {
    if (data.full) data.freeDisk();
    data.repair();
  }
  for (const process of processes) {
    process.healing = true;
    process.clock.setRight();
    process.crash(false);
  }
  await scheduler.sleep(LATE_MS_MAX);
  for (const process of processes) void process.start();
  await scheduler.sleep(REOPEN_MS_MAX + SWEEPS * (setting.limits.sweepMs ?? 10_000));
  for (const { status, engine } of processes) if (status !== 'up') problem(`an engine does not start after healing: ${engine} is ${status}`);
  for (const [i, data] of datas.entries()) {
    const marks = [...data.marks()].map(({ partition, name }) => `${Buffer.from(partition)} ${Buffer.from(name).toString('hex')}`);
    if (marks.length > 0) problem(`marks remain after healing in store ${i}: ${marks.join(', ')}`);
    if (data.pendingWrites > 0) problem(`a write is still to come after healing in store ${i}`);
  }
  return processes.filter(({ status }) => status === 'up');
}

/** Everything each user can see, page by page. */
export async function readAll(mailring: Mailring, users: readonly string[]): Promise<FinalMailbox[]> {
  const mailboxes: FinalMailbox[] = [];
  for (const userId of users) {
    const messages: Message[] = [];
    const conversations: Conversation[] = [];
    for (let before: number | undefined, more = true; more; ) {
      const page = await mailring.fetchMessages({ userId, pageSize: 200, before });
      messages.push(...page.messages);
      before = page.next;
      more = page.hasMore;
    }
    for (let before: number | undefined, more = true; more; ) {
      const page = await mailring.fetchConversations({ userId, pageSize: 200, before });
      conversations.push(...page.conversations);
      before = page.next;
      more = page.hasMore;
    }
    const { totals, lastUpdatedTimestamp } = await mailring.fetchConversations({ userId, pageSize: 1 });
    mailboxes.push({ userId, messages, conversations, totals, lastUpdatedTimestamp });
  }
  return mailboxes;
}

/** What `verify` says of everything. */
export async function verifyAll({ problem }: World, { mailring }: Process): Promise<void> {
  const { problems } = await mailring.verify();
  for (const { kind, userId, conversationId = '', seq = '', text } of problems)
    problem(`verify after healing: ${kind} ${userId} ${conversationId} ${seq}: ${text}`);
}

/** An engine that has nothing to do keeps nothing in use, and is well, but that its clock may be behind versions that another one gave. */
export function insistIdle({ problem }: World, { mailring, engine }: Process): void {
  for (const { code, shard, text } of mailring.health().reasons)
    if (code !== 'clock-behind') problem(`an engine is not well after healing: ${engine} ${shard} ${code}: ${text}`);
  for (const [shard, { status, waitingWrites, activeReads, mailboxesInUse }] of Object.entries(mailring.stats().shards)) {
    if (status !== 'open' || waitingWrites > 0 || activeReads > 0 || mailboxesInUse > 0)
      problem(`an idle shard is not idle: ${engine} ${shard} ${JSON.stringify({ status, waitingWrites, activeReads, mailboxesInUse })}`);
  }
}
