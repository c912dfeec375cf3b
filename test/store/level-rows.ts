import type { Op, Partition, PartitionWrite } from '../../src/store/store.js';

/** Short ways to write down what the tests of the level store put into it. */

export const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

export function partitionNamed(name: string, kind = 1): Partition {
  return Buffer.concat([Buffer.of(kind, name.length), bytes(name)]);
}

export function put(key: string, value = ''): Op {
  return { type: 'put', key: bytes(key), value: bytes(value) };
}

export function write(partition: Partition, expectVersion: number, version: number, ...ops: Op[]): PartitionWrite {
  return { partition, expectVersion, version, note: bytes(`note ${version}`), ops };
}
