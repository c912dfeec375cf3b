import { type Clock, Mailring, type Store, type Verification, type VerifyProblem, type VerifyRequest } from 'mailring';
import { systemClock } from '../../src/model/clock.js';
import { loadHash64 } from '../../src/model/hash.js';
import { conversationIdOf, homeSideOf, type Participants, parseUserId, participantsOf, type UserId } from '../../src/model/ids.js';

/** Time that only goes on with each send, 10 ms each: every run stores the same bytes. */
export class SteppingClock implements Clock {
  #now = 1_700_000_000_000;
  now(): number {
    this.#now += 5;
    return this.#now;
  }
  readonly after = systemClock.after;
  readonly soon = systemClock.soon;
}

export const user = (id: string): UserId => parseUserId(id);
export const ada = user('ada');
export const bob = user('bob');
export const cyd = user('ĉyd 😀');
/** Has one conversation only. */
export const dee = user('dee');

const hash = await loadHash64();
const sideOf = (pair: Participants) => homeSideOf(pair, hash);

/** The conversation of which most tests break something: of ada and bob, named by which mailbox is its home. */
const pair = participantsOf(ada, bob);
export const home = pair[sideOf(pair)];
export const away = home === ada ? bob : ada;
export const homeSide = sideOf(pair);
/** Messages between home and away: odd seqs are sent by home, even ones by away. */
export const MESSAGES = 8;
export const ids = Array.from({ length: MESSAGES }, (_, i) => `id-${i + 1}`);

/** Everything that is sent, in order. */
const SENDS: readonly (readonly [UserId, UserId, string])[] = [
  ...ids.map((id, i) => (i % 2 === 0 ? [home, away, id] : [away, home, id]) as [UserId, UserId, string]),
  [ada, cyd, 'c1'],
  [cyd, ada, 'c2'],
  [cyd, bob, 'c3'],
  [bob, cyd, 'c3'],
  [ada, ada, 'a1'],
  [ada, ada, 'a2'],
  [dee, ada, 'd1'],
];

/** Home sides of all conversations. */
export const sides = new Set(SENDS.map(([a, b]) => sideOf(participantsOf(a, b))));

/** Copies that are stored: one in each mailbox, one only of messages to oneself. */
export const COPIES = 2 * SENDS.length - 2;

/** Sends everything into a new store, one after the other. */
export async function fill(store: Store): Promise<void> {
  const mailring = await Mailring.open({ store, clock: new SteppingClock() });
  for (const [senderId, recipientId, clientMessageId] of SENDS) {
    await mailring.sendMessage({ senderId, recipientId, messageContent: `text of ${clientMessageId}`, clientMessageId });
  }
  await mailring.close();
}

/** Opens a store, verifies, closes it. */
export async function verifyStore(store: Store, request: VerifyRequest = {}): Promise<Verification> {
  const mailring = await Mailring.open({ store });
  try {
    return await mailring.verify(request);
  } finally {
    await mailring.close();
  }
}

/** A problem as the tests compare it: everything but its text, peer instead of conversation. */
export function problem(kind: VerifyProblem['kind'], userId: UserId, peer?: UserId, seq?: number): Omit<VerifyProblem, 'text'> {
  const conversation = peer && { conversationId: conversationIdOf(participantsOf(userId, peer)) };
  return { kind, userId, ...conversation, ...(seq === undefined ? undefined : { seq }) };
}

/** The problems without their texts. */
export function named({ problems }: Verification): Omit<VerifyProblem, 'text'>[] {
  return problems.map(({ text: _, ...rest }) => rest);
}
