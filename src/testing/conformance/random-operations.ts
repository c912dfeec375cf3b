import assert from 'node:assert/strict';
import { noteKey, type Op, type Partition, type PartitionWrite, type Store } from '../../store/store.js';
import { bytes, commit, hex, hexOf, mark, marksOf, markText, partitionOf, refuse, rowText, type Suite, using, write } from './fixture.js';

const SEED = 20_261_125;
const RUNS = 4;
const COMMITS = 40;
const SLOTS = [1, 2] as const;
const PARTITIONS = [partitionOf('a'), partitionOf('ab'), partitionOf('b')] as const;

/** Numbers below `below` from a seed, the same on every machine. Source: mulberry32, public domain. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** What the contract says of one partition, in the fewest words: keys in hexadecimal sort as their bytes do. */
class Model {
  version = 0;
  head: string | undefined;
  readonly rows = new Map<string, string>();

  apply({ version, note, head, ops }: PartitionWrite): void {
    for (const op of ops) {
      if (op.type === 'put') this.rows.set(hexOf(op.key), Buffer.from(op.value).toString());
      else if (op.type === 'delete') this.rows.delete(hexOf(op.key));
      else for (const key of this.#keys(hexOf(op.gte), hexOf(op.lt))) this.rows.delete(key);
    }
    this.rows.set(hexOf(noteKey(version)), Buffer.from(note).toString());
    this.version = version;
    if (head !== undefined) this.head = Buffer.from(head).toString();
  }

  scan(gte: string, lt: string, reverse: boolean, limit: number): string[] {
    const keys = this.#keys(gte, lt).sort();
    return (reverse ? keys.reverse() : keys).slice(0, limit).map((key) => `${key}=${this.rows.get(key)}`);
  }

  #keys(gte: string, lt: string): string[] {
    return [...this.rows.keys()].filter((key) => gte <= key && key < lt);
  }
}

/** Long random histories against a model. The seed stands in the test's name: give it as a hook to see the same again. */
export function testRandomOperations(suite: Suite): void {
  const { seed = SEED, reopen } = suite.hooks;
  for (let run = 0; run < RUNS; run++) {
    suite.test(`a random history agrees with a model of the contract (seed ${seed + run})`, async (store) => {
      const random = randomFrom(seed + run);
      const history = new History(random);
      for (let i = 0; i < COMMITS; i++) {
        await history.step(store);
        await history.check(store);
      }
      if (reopen === undefined) return;
      await store.close();
      const second = await reopen(store);
      await using(second, () => history.check(second));
    });
  }
}

class History {
  readonly #random: (below: number) => number;
  readonly #models = PARTITIONS.map(() => new Model());
  readonly #marks = new Map(SLOTS.map((slot) => [slot, new Set<string>()]));

  constructor(random: (below: number) => number) {
    this.#random = random;
  }

  /** One commit, now and then on a wrong version. */
  async step(store: Store): Promise<void> {
    const first = this.#random(PARTITIONS.length);
    const count = store.capabilities.atomicAcrossPartitions ? 1 + this.#random(PARTITIONS.length) : 1;
    const chosen = Array.from({ length: count }, (_, i) => (first + i) % PARTITIONS.length);
    const writes = chosen.map((i) => this.#write(PARTITIONS[i]!, this.#models[i]!));
    const slot = SLOTS[this.#random(SLOTS.length)]!;
    const change = mark(this.#random(2) === 0 ? 'set' : 'clear', slot, writes[0]!.partition, `${this.#random(4)}`);
    if (this.#random(6) === 0) {
      const wrong = { ...writes[0]!, expectVersion: writes[0]!.expectVersion + 1, version: writes[0]!.version + 1 };
      assert.deepEqual(await refuse(store, [wrong, ...writes.slice(1)], change.type === 'clear' ? [change] : []), [hexOf(wrong.partition)]);
      return;
    }
    await commit(store, writes, [change]);
    for (const [i, one] of writes.entries()) this.#models[chosen[i]!]!.apply(one);
    if (change.type === 'set') this.#marks.get(slot)!.add(markText(change));
    else this.#marks.get(slot)!.delete(markText(change));
  }

  /** Everything that can be seen, and some random ranges and keys. */
  async check(store: Store): Promise<void> {
    for (const [i, partition] of PARTITIONS.entries()) {
      const model = this.#models[i]!;
      const { version, head } = await store.load(partition);
      assert.deepEqual({ version, head: head && Buffer.from(head).toString() }, { version: model.version, head: model.head });
      await this.#scan(store, partition, model, '', 'ff'.repeat(8), false, 10_000);
      for (let n = 0; n < 3; n++) await this.#scan(store, partition, model, this.#key(), this.#key(), this.#random(2) === 0, 1 + this.#random(8));
      const keys = Array.from({ length: 5 }, () => this.#key());
      const values = await store.read(partition, keys.map(hex));
      assert.deepEqual(
        values.map((value) => value && Buffer.from(value).toString()),
        keys.map((key) => model.rows.get(key)),
        `read of ${keys}`,
      );
    }
    for (const [slot, marks] of this.#marks) assert.deepEqual(await marksOf(store, slot), [...marks].sort(), `marks of slot ${slot}`);
  }

  async #scan(store: Store, partition: Partition, model: Model, gte: string, lt: string, reverse: boolean, limit: number): Promise<void> {
    const rows = await store.scan(partition, { gte: hex(gte), lt: hex(lt), reverse, limit });
    assert.deepEqual(rows.map(rowText), model.scan(gte, lt, reverse, limit), `scan of [${gte}, ${lt}) reverse ${reverse} limit ${limit}`);
  }

  #write(partition: Partition, model: Model): PartitionWrite {
    const version = model.version + 1 + this.#random(3);
    const ops = Array.from({ length: this.#random(9) }, () => this.#op(model, version)).filter((op) => op !== undefined);
    return write(partition, model.version, version, { ops, ...(this.#random(4) === 0 && { head: `head ${version}` }) });
  }

  /** An operation the contract allows, or none where the dice made one that it does not. */
  #op(model: Model, version: number): Op | undefined {
    const kind = this.#random(10);
    const key = this.#key();
    if (kind < 5) return { type: 'put', key: hex(key), value: bytes(this.#random(5) === 0 ? '' : `${this.#random(1000)}`) };
    if (kind < 7) return { type: 'delete', key: hex(key) };
    if (kind === 7 && model.version > 0) return { type: 'delete', key: noteKey(1 + this.#random(model.version)) };
    const [gte, lt] = [key, this.#key()];
    const covers = (reserved: string) => gte <= reserved && reserved < lt;
    return covers('10') || covers(hexOf(noteKey(version))) ? undefined : { type: 'deleteRange', gte: hex(gte), lt: hex(lt) };
  }

  /** A key of 1 to 3 bytes from few values, so that histories meet; never the head's, never a log row's. */
  #key(): string {
    const first = ['0f', '1000', '11', '30', '31', '7f', '80', 'ff'][this.#random(8)]!;
    const next = () => ['', '00', '01', '7f', '80', 'ff'][this.#random(6)]!;
    return `${first}${next()}${next()}`;
  }
}
