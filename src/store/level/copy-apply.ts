import type { MarkChange, Op, PartitionWrite } from '../store.js';

/** Copies of what an apply brings, for one that has to wait: the caller may reuse its buffers as soon as the call has returned its promise. */

/** A write that shares no memory with the caller's. */
export function copyWrite({ partition, expectVersion, version, note, head, ops }: PartitionWrite): PartitionWrite {
  return {
    partition: Buffer.from(partition),
    expectVersion,
    version,
    note: Buffer.from(note),
    ...(head !== undefined && { head: Buffer.from(head) }),
    ops: ops.map(copyOp),
  };
}

/** A mark that shares no memory with the caller's. */
export function copyMark({ type, slot, partition, name }: MarkChange): MarkChange {
  return { type, slot, partition: Buffer.from(partition), name: Buffer.from(name) };
}

function copyOp(op: Op): Op {
  if (op.type === 'put') return { type: 'put', key: Buffer.from(op.key), value: Buffer.from(op.value) };
  if (op.type === 'delete') return { type: 'delete', key: Buffer.from(op.key) };
  return { type: 'deleteRange', gte: Buffer.from(op.gte), lt: Buffer.from(op.lt) };
}
