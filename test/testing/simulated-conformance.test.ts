import { SimulatedData, type SimulatedStore, storeConformance } from 'mailring/testing';
import { describe, test } from 'vitest';
import { systemClock } from '../../src/model/clock.js';

/** Of the handles in a test: the data behind them. */
const dataOf = new WeakMap<object, SimulatedData>();

function make(capabilities: { readonly atomicAcrossPartitions: boolean; readonly exclusive: boolean }): SimulatedStore {
  const data = new SimulatedData({ clock: systemClock, random: () => 0.5, ...capabilities });
  return another(data);
}

function another(data: SimulatedData): SimulatedStore {
  const store = data.handle();
  dataOf.set(store, data);
  return store;
}

const settings = [
  { name: 'atomic and exclusive', atomicAcrossPartitions: true, exclusive: true },
  { name: 'atomic and shared', atomicAcrossPartitions: true, exclusive: false },
  { name: 'not atomic and exclusive', atomicAcrossPartitions: false, exclusive: true },
  { name: 'not atomic and shared', atomicAcrossPartitions: false, exclusive: false },
];

describe.each(settings)('simulated store without faults, $name', ({ atomicAcrossPartitions, exclusive }) => {
  const peer = exclusive ? undefined : { peer: (store: object) => another(dataOf.get(store)!) };
  storeConformance({ describe, test }, () => make({ atomicAcrossPartitions, exclusive }), { reopen: (store) => another(dataOf.get(store)!), ...peer });
});
