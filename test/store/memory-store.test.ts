import { hostname } from 'node:os';
import { isMailringError } from 'mailring';
import { MemoryStore } from 'mailring/memory';
import { describe, expect, it } from 'vitest';
import { HEAD_KEY, noteKey, type Op, type PartitionWrite } from '../../src/store/store.js';

const text = (value: string) => new Uint8Array(Buffer.from(value));
const named = (name: string) => new Uint8Array([1, name.length, ...Buffer.from(name)]);
const put = (key: string, value: string): Op => ({ type: 'put', key: text(key), value: text(value) });
const write = (partition: string, version: number, ...ops: Op[]): PartitionWrite => ({
  partition: named(partition),
  expectVersion: version - 1,
  version,
  note: text(`note ${version}`),
  ops,
});

async function opened(store = new MemoryStore()): Promise<MemoryStore> {
  await store.open();
  return store;
}

describe('a memory store', () => {
  it('says what it was told to claim, and by default that it is exclusive and atomic', () => {
    const applyBytesMax = 4 * 1024 * 1024;
    expect(new MemoryStore().capabilities).toEqual({ atomicAcrossPartitions: true, exclusive: true, applyBytesMax });
    const capabilities = { atomicAcrossPartitions: false, exclusive: false };
    expect(new MemoryStore(capabilities).capabilities).toEqual({ ...capabilities, applyBytesMax });
  });

  it('refuses options that it does not know, or that are neither true nor false', () => {
    const wrong: [object, RegExp][] = [
      [{ atomicAcrosPartitions: false }, /unknown key.*atomicAcrosPartitions.*atomicAcrossPartitions/],
      [{ exclusive: 'yes' }, /exclusive must be true or false. type=`string`/],
      [{ atomicAcrossPartitions: null }, /atomicAcrossPartitions must be true or false. type=`null`/],
    ];
    for (const [options, message] of wrong) {
      const construct = () => new MemoryStore(options);
      expect(construct).toThrow(TypeError);
      expect(construct).toThrow(message);
    }
  });

  it('says who has it open, and since when', async () => {
    const store = new MemoryStore();
    await store.open({ clock: { now: () => 7, after: () => () => undefined, soon: () => undefined } });
    const locked = { code: 'MAILRING_LOCKED', retryable: true, details: { pid: process.pid, host: hostname(), since: 7 } };
    await expect(store.open()).rejects.toMatchObject(locked);
    await expect(store.handle().open()).rejects.toMatchObject(locked);
  });

  it('tells partitions apart whose names are prefixes of each other, whatever their keys continue', async () => {
    const store = await opened();
    await store.apply([write('a', 1, put('b1', 'of a'), put('b', 'of a')), write('ab', 1, put('1', 'of ab'))]);
    expect(await store.read(named('a'), [text('b1'), text('b'), text('1')])).toEqual([text('of a'), text('of a'), undefined]);
    expect(await store.read(named('ab'), [text('1'), text('b1')])).toEqual([text('of ab'), undefined]);
    const everything = { gte: text('!'), lt: text('~'), limit: 9 };
    expect((await store.scan(named('ab'), everything)).map(({ key }) => Buffer.from(key).toString())).toEqual(['1']);
  });

  it('tells marks apart whose partition and name together are nearly the same bytes', async () => {
    const store = await opened();
    const [one, other] = [
      { slot: 1, partition: named('a'), name: text('bc') },
      { slot: 1, partition: named('ab'), name: text('c') },
    ] as const;
    await store.apply([write('a', 1)], [{ type: 'set', ...one }]);
    await store.apply([write('ab', 1)], [{ type: 'set', ...other }]);
    await store.apply([write('ab', 2)], [{ type: 'clear', ...other }]);
    const found = [];
    for await (const mark of store.scanMarks(1)) found.push(mark);
    expect(found).toEqual([one]);
  });

  it('has no partition without a name', async () => {
    const store = await opened();
    const mark = { type: 'set', slot: 1, partition: named(''), name: text('n') } as const;
    await expect(store.load(text(''))).rejects.toThrow(RangeError);
    await expect(store.apply([write('', 1)])).rejects.toThrow(RangeError);
    await expect(store.apply([write('p', 1)], [mark])).rejects.toThrow(RangeError);
    expect(await store.validate(named('p'))).toBe(0);
  });

  it('takes exactly applyBytesMax: keys, values and bounds, log row and head', async () => {
    const store = await opened();
    const rest = noteKey(1).length + 'note 1'.length + HEAD_KEY.length + 'head'.length + 'key'.length + 'gone'.length + 'fromto'.length;
    const of = (bytes: number): PartitionWrite => ({
      ...write('p', 1, { type: 'put', key: text('key'), value: new Uint8Array(bytes) }, { type: 'delete', key: text('gone') }),
      head: text('head'),
    });
    const range: Op = { type: 'deleteRange', gte: text('from'), lt: text('to') };
    const most = of(store.capabilities.applyBytesMax - rest);
    const over = of(store.capabilities.applyBytesMax - rest + 1);
    await expect(store.apply([{ ...over, ops: [...over.ops, range] }])).rejects.toThrow('apply too large. bytes=`4194305` limit=`4194304`');
    expect(await store.apply([{ ...most, ops: [...most.ops, range] }])).toEqual({ applied: true });
  });

  it('keeps everything over close and open', async () => {
    const store = await opened();
    await store.apply([write('p', 1, put('k', 'v'))]);
    await store.close();
    await opened(store);
    expect(await store.read(named('p'), [text('k')])).toEqual([text('v')]);
  });

  it('rejects with MAILRING_CLOSED before open and after close', async () => {
    const store = new MemoryStore();
    const isClosed = (error: unknown) => isMailringError(error, 'MAILRING_CLOSED');
    await expect(store.load(named('p'))).rejects.toSatisfy(isClosed);
    await opened(store);
    await store.close();
    await expect(store.apply([write('p', 1)])).rejects.toSatisfy(isClosed);
    await expect(store.scanMarks(0).next()).rejects.toSatisfy(isClosed);
  });

  it('takes effect before the call returns: two commits of one turn are decided in their order', async () => {
    const store = await opened();
    const both = await Promise.all([store.apply([write('p', 1, put('k', 'first'))]), store.apply([write('p', 1, put('k', 'second'))])]);
    expect(both).toEqual([{ applied: true }, { applied: false, stale: [named('p')] }]);
    expect(await store.read(named('p'), [text('k')])).toEqual([text('first')]);
  });
});

describe('a second handle', () => {
  it('of an exclusive store opens only when the first is closed, and then sees what it wrote', async () => {
    const store = await opened();
    const second = store.handle();
    await store.apply([write('p', 1, put('k', 'v'))]);
    await expect(second.open()).rejects.toSatisfy((error) => isMailringError(error, 'MAILRING_LOCKED'));
    await store.close();
    await opened(second);
    expect(await second.validate(named('p'))).toBe(1);
    await expect(store.open()).rejects.toSatisfy((error) => isMailringError(error, 'MAILRING_LOCKED'));
  });

  it('of a store that is not exclusive writes beside the first, and closes alone', async () => {
    const store = await opened(new MemoryStore({ exclusive: false, atomicAcrossPartitions: false }));
    const second = await opened(store.handle());
    expect(second.capabilities).toEqual(store.capabilities);
    await store.apply([write('p', 1)]);
    await second.apply([write('p', 2)]);
    expect(await store.apply([write('p', 2)])).toEqual({ applied: false, stale: [named('p')] });
    await second.close();
    expect(await store.validate(named('p'))).toBe(2);
    await expect(second.validate(named('p'))).rejects.toThrow('closed');
  });

  it('is a store of its own: a new MemoryStore shares nothing', async () => {
    const store = await opened();
    await store.apply([write('p', 1)]);
    const other = new MemoryStore();
    await other.open();
    expect(await other.load(named('p'))).toEqual({ version: 0 });
  });
});
