// A store of your own: rows in memory, every commit appended to a journal file and synced before it counts. It passes the conformance suite that the shipped stores pass, and a
// mailring runs over it. Run: npx tsx examples/custom-backend.ts
import assert from 'node:assert/strict';
import { type FileHandle, mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { createClientMessageId, Mailring, type MarkChange, type PartitionWrite, type Store } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { storeConformance } from 'mailring/testing';

const LENGTH_BYTES = 4;

/** For one process: it does not keep a second one out, as the LevelDB store does. */
class JournalStore implements Store {
  readonly capabilities = { atomicAcrossPartitions: true, exclusive: true, applyBytesMax: 4 * 1024 * 1024 };
  readonly path: string;
  #opened: { readonly rows: MemoryStore; readonly file: FileHandle } | undefined;
  /** The call before: each waits for it, so that nothing is seen that is not synced. */
  #turn: Promise<unknown> = Promise.resolve();
  /** What a failed write has left on the disk is not known: nothing more is done until the journal was read again. */
  #failure: unknown;

  constructor(path: string) {
    this.path = path;
  }

  async open(options: Parameters<Store['open']>[0]): Promise<void> {
    if (this.#opened !== undefined) throw new Error('this journal store is open already; close it first');
    const rows = new MemoryStore();
    await rows.open(options);
    const end = await replay(await readFile(this.path).catch(() => Buffer.alloc(0)), rows);
    const file = await open(this.path, 'a');
    await file.truncate(end);
    await file.sync();
    this.#failure = undefined;
    this.#opened = { rows, file };
  }

  load: Store['load'] = (...call) => this.#inTurn(structuredClone(call[0]), (rows, partition) => rows.load(partition));
  validate: Store['validate'] = (...call) => this.#inTurn(structuredClone(call[0]), (rows, partition) => rows.validate(partition));
  read: Store['read'] = (partition, keys) => this.#inTurn(structuredClone({ partition, keys }), (rows, copied) => rows.read(copied.partition, copied.keys));
  scan: Store['scan'] = (partition, range) => this.#inTurn(structuredClone({ partition, range }), (rows, copied) => rows.scan(copied.partition, copied.range));

  apply(writes: readonly PartitionWrite[], marks: readonly MarkChange[] = []) {
    // Copied at once: what the caller gave may be overwritten as soon as it has its promise.
    const record = serialize([writes, marks]);
    return this.#inTurn(record, async (rows, copied) => {
      const result = await rows.apply(...(deserialize(copied) as Commit));
      if (result.applied) await this.#append(copied);
      return result;
    });
  }

  async *scanMarks(...call: Parameters<Store['scanMarks']>) {
    yield* await this.#inTurn(call, async (rows, copied) => rows.scanMarks(...copied));
  }

  async *partitions(...call: Parameters<Store['partitions']>) {
    yield* await this.#inTurn(call, async (rows, copied) => rows.partitions(...copied));
  }

  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    await this.#turn;
    await opened?.file.close();
    await opened?.rows.close();
  }

  async #append(record: Buffer): Promise<void> {
    try {
      const length = Buffer.alloc(LENGTH_BYTES);
      length.writeUInt32BE(record.length);
      await this.#opened!.file.appendFile(Buffer.concat([length, record]));
      await this.#opened!.file.datasync();
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  #inTurn<A, T>(argument: A, call: (rows: MemoryStore, argument: A) => Promise<T>): Promise<T> {
    const opened = this.#opened;
    const result = this.#turn.then(() => {
      if (this.#failure !== undefined) throw new Error('an earlier write failed; close and open again', { cause: this.#failure });
      if (opened === undefined) throw new Error('this journal store is closed; open it first');
      return call(opened.rows, argument);
    });
    this.#turn = result.catch(() => undefined);
    return result;
  }
}

type Commit = [readonly PartitionWrite[], readonly MarkChange[]];

/** Brings the journal back into memory; gives where it ends. What a crash has cut off was never acknowledged. */
async function replay(journal: Buffer, rows: MemoryStore): Promise<number> {
  for (let at = 0; ; ) {
    const end = at + LENGTH_BYTES <= journal.length ? at + LENGTH_BYTES + journal.readUInt32BE(at) : Number.POSITIVE_INFINITY;
    if (end > journal.length) return at;
    await rows.apply(...(deserialize(journal.subarray(at + LENGTH_BYTES, end)) as Commit));
    at = end;
  }
}

const folder = await mkdtemp(join(tmpdir(), 'mailring-journal-'));
let made = 0;
const tests: { readonly name: string; readonly run: () => Promise<void> }[] = [];
// Any runner will do; this one is a list.
const runner = { describe: (_: string, define: () => void) => define(), test: (name: string, run: () => Promise<void>) => void tests.push({ name, run }) };
storeConformance(runner, () => new JournalStore(join(folder, `${made++}`)), { reopen: (store) => new JournalStore((store as JournalStore).path) });
for (const { name, run } of tests) await run().catch((error) => assert.fail(`${name}: ${error}`));
console.log(`${tests.length} tests of the store contract passed`);

const path = join(folder, 'mailboxes');
const mailring = await Mailring.open({ store: new JournalStore(path) });
const sends = Array.from({ length: 100 }, (_, i) => ({
  senderId: 'ann',
  recipientId: 'bob',
  messageContent: `${i}`,
  clientMessageId: createClientMessageId(),
}));
await Promise.all(sends.map((request) => mailring.sendMessage(request)));
await mailring.close();
const again = await Mailring.open({ store: new JournalStore(path) });
assert.equal((await again.fetchConversations({ userId: 'bob' })).totals.unread, 100);
assert.equal((await again.verify()).ok, true);
await again.close();
await rm(folder, { recursive: true });
console.log('ok');
