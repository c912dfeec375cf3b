import { Mailring } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import type { DemoMailring } from '../../examples/demo/lists.js';
import { QUIET } from '../../examples/demo/mailring-process.js';
import { wrapped } from './faults.js';

/** A way for a process with a mailring to be wrong, and what the demo must say about it when the process is killed on the way. */
export interface ProcessFault {
  readonly name: string;
  readonly says: RegExp;
  readonly open: (location: string, shards: number) => Promise<DemoMailring>;
}

const openRight = (location: string, shards: number): Promise<Mailring> => Mailring.open({ location, shards, limits: QUIET });

function acknowledged(name: string, says: RegExp, change: (result: Awaited<ReturnType<DemoMailring['sendMessage']>>) => typeof result): ProcessFault {
  const open = async (location: string, shards: number) => {
    const right = await openRight(location, shards);
    return wrapped(right, { sendMessage: async (request) => change(await right.sendMessage(request)) });
  };
  return { name, says, open };
}

export const PROCESS_FAULTS: readonly ProcessFault[] = [
  {
    name: 'loses what it has acknowledged',
    says: /message \S+ is missing/,
    open: () => Mailring.open({ stores: { a: new MemoryStore(), b: new MemoryStore() }, limits: QUIET }),
  },
  {
    name: 'forgets the ids of sends, so that a repeat is stored again',
    says: /is listed twice, or was never sent/,
    open: async (location, shards) => {
      const right = await openRight(location, shards);
      return wrapped(right, {
        sendMessage: (request) => right.sendMessage({ ...request, clientMessageId: `${request.clientMessageId}-${process.pid}` }),
      });
    },
  },
  acknowledged('acknowledges another seq than the mailbox holds', /the send of \S+: .*seq is/, (result) => ({ ...result, seq: result.seq + 1 })),
  acknowledged('acknowledges another time than the mailbox holds', /message \S+: sentTimestamp is/, (result) => ({
    ...result,
    sentTimestamp: result.sentTimestamp + 1,
  })),
  acknowledged('acknowledges another number than the mailbox of the sender holds', /message \S+: lastUpdatedTimestamp is/, (result) => ({
    ...result,
    lastUpdatedTimestamp: result.lastUpdatedTimestamp + 1,
  })),
  acknowledged('says of a new message that it is a repeat', /the send of \S+: duplicate is true instead of false/, (result) => ({
    ...result,
    duplicate: true,
  })),
];
