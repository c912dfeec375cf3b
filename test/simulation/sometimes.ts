/**
 * Rare states that matter, and within how many seeds a run has to have met each of them: a run of as many seeds that has not is testing less than it says, and fails.
 * Source: FoundationDB's and Antithesis' "sometimes" assertions.
 */
export const SOMETIMES = {
  'two owners plan on one version': 50,
  'two owners give one version': 200,
  'a batch is refused': 50,
  'a late write is applied': 50,
  'a late write is applied after a reload': 100,
  'a late write is refused': 50,
  'a crash leaves a write that nobody heard of': 50,
  'a crash takes a write that nobody heard of': 50,
  'a crash between mark and commit': 400,
  'a crash between the two commits': 100,
  'a crash right after an acknowledgement': 100,
  'a crash while the store is opened': 400,
  'a failed open leaves its process to try again': 200,
  'a hung call ends with a crash': 100,
  'a sweep delivers a tail': 100,
  'a sweep touches a mark': 200,
  'a commit comes too late for its touched mark': 1_000,
  'a dead mark is taken away': 200,
  'a mark is taken away when idle': 50,
  'a mark is left by a commit that never came': 200,
  'a delivery brings several messages': 50,
  'a batch holds several sends': 50,
  'a delivery is refused': 50,
  'the outcome of a delivery is not known': 50,
  'validation finds a newer version': 50,
  'a read begins while its mailbox is loaded': 50,
  'a read begins while its mailbox is validated': 50,
  'a store is fenced and opened again': 50,
  'a store cannot be opened': 100,
  'a store has no space to be opened': 200,
  'the clock goes back': 50,
  'the clock stands': 50,
  'a version runs ahead of the clock': 50,
  'unknown, then found applied': 50,
  'unknown, then found absent': 50,
  'unanswered, then found applied': 100,
  'unanswered, then found absent': 100,
  'a retry while delivery is under way': 50,
  'a retry while its first try is under way': 100,
  'a duplicate waits for its delivery': 50,
  'one id is sent at once through two engines': 200,
  'an id conflict': 50,
  'a full queue refuses': 100,
  'the limit of what is undelivered refuses': 100,
  'given up while waiting': 100,
  'given up while being written or delivered': 50,
  'the store is down: not accepted': 50,
  'the store is down: unconfirmed': 50,
  'damage is reported': 100,
  'a read sees what is not acknowledged yet': 50,
  'a message to oneself': 20,
  'a delta at exactly its limit': 100,
  'a delta with nothing in it': 50,
  'a delta of several slices': 50,
  'too many changes for a delta': 50,
  'a cursor above the version': 50,
  'a page behind the first': 20,
  'a page around a place': 20,
  'a page beyond a trimmed log': 100,
  'a cursor has expired': 100,
  'a read is given up': 50,
  'a conversation is marked as read': 20,
  'a marker is given up while it waits': 200,
  'a marker is given up while it is written': 200,
  'a watch waits for what comes': 20,
  'a watch starts anew': 200,
  'a watch goes on in another engine': 50,
} as const satisfies Record<string, number>;

export type Sometimes = keyof typeof SOMETIMES;

/** Counts one meeting. */
export type Count = (state: Sometimes) => void;

/** How often each state was met. */
export type Meetings = Readonly<Record<Sometimes, number>>;

export function noMeetings(): Record<Sometimes, number> {
  return Object.fromEntries(Object.keys(SOMETIMES).map((name) => [name, 0])) as Record<Sometimes, number>;
}

/** The states that so many seeds had to meet and did not. */
export function unmet(meetings: Meetings, seeds: number): Sometimes[] {
  return (Object.keys(SOMETIMES) as Sometimes[]).filter((name) => seeds >= SOMETIMES[name] && meetings[name] === 0);
}
