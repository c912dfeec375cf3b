import type { PlantedBug } from './planted-bug.js';

const STOPPING = { files: ['test/engine/stopping.test.ts'] };
const CLOSING = { files: ['test/engine/closing.test.ts'] };
const FAIRNESS = { files: ['test/engine/fairness.test.ts'] };

/** Bugs in giving calls up, and in whose turn it is. */
export const CALL_BUGS: readonly PlantedBug[] = [
  {
    name: 'one-conversation-fills-batches',
    what: 'what waits is put into batches as it came, however much of it is of one conversation',
    file: 'shard/take-turns.ts',
    find: '<= batchBytesMax) return all;',
    replace: '<= batchBytesMax * 1_000_000) return all;',
    suite: FAIRNESS,
  },
  {
    name: 'turns-without-order',
    what: 'conversations take turns with their newest sends first',
    file: 'shard/take-turns.ts',
    find: 'a.turn - b.turn',
    replace: 'b.turn - a.turn',
    suite: FAIRNESS,
  },
  {
    name: 'signal-listener-left',
    what: 'a call that has ended still listens to its signal',
    file: 'engine/call.ts',
    find: 'if (!calls.delete(call) || calls.size > 0) return;',
    replace: 'if (!calls.delete(call) || calls.size >= 0) return;',
    suite: STOPPING,
  },
  {
    name: 'signal-listener-a-call',
    what: 'each call adds a listener of its own to a signal that calls share',
    file: 'engine/call.ts',
    find: "signal.addEventListener('abort', callAll);",
    replace: "signal.addEventListener('abort', () => callAll.call(signal));",
    suite: STOPPING,
  },
  {
    name: 'abort-waits-for-store',
    what: 'a read that is given up is answered when the store has answered',
    file: 'engine/call.ts',
    find: 'return await Promise.race([start(), givenUp]);',
    replace: 'return await start().finally(() => Promise.race([givenUp, undefined]));',
    suite: STOPPING,
  },
  {
    name: 'timeout-ignored',
    what: 'timeoutMs is read and never used',
    file: 'engine/call.ts',
    find: 'const cancelTimer = timeoutMs === undefined',
    replace: 'const cancelTimer = timeoutMs !== 0',
    suite: STOPPING,
  },
  {
    name: 'stopped-write-goes-on',
    what: 'a write that was given up while it waited is committed all the same',
    file: 'shard/waiting-write.ts',
    find: "else this.reject(error, 'not-accepted');",
    replace: "else this.#reject(withOutcome(error, 'not-accepted'));",
    suite: STOPPING,
  },
  {
    name: 'close-drops-calls',
    what: 'close does not wait for sends whose second commit is still to come',
    file: 'engine/engine.ts',
    find: 'if (this.#calls > 0)',
    replace: 'if (this.#calls < 0)',
    suite: CLOSING,
  },
  {
    name: 'close-twice',
    what: 'each call of close closes the stores',
    file: 'engine/engine.ts',
    find: 'this.#closing ??= this.#close();',
    replace: 'this.#closing = this.#close();',
    suite: CLOSING,
  },
  {
    name: 'close-leaves-others-open',
    what: 'a store that fails to close leaves those behind it open',
    file: 'engine/engine.ts',
    find: 'const results = await Promise.allSettled(shards.map((shard) => shard.close()));',
    replace: 'for (const shard of shards) await shard.close(); const results: PromiseSettledResult<void>[] = [];',
    suite: CLOSING,
  },
];
