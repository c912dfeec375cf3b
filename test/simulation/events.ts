import type { Fates } from './fates.js';
import type { Process } from './process.js';
import type { FaultKind } from './setting.js';
import type { World } from './world.js';

/** Faults that are no call's: engines that die, disks that fill, clocks that go wrong, each now and then and for a while. Ends when the fates are healed. */
export function startEvents(world: World, fates: Fates, processes: readonly Process[]): void {
  for (const kind of world.setting.faults) {
    const event = EVENTS[kind];
    if (event !== undefined) void repeat(world, fates, kind, () => event(world, fates, processes));
  }
}

type Event = (world: World, fates: Fates, processes: readonly Process[]) => void | Promise<void>;

async function repeat({ scheduler, random, setting, observer, trace }: World, fates: Fates, kind: FaultKind, event: () => void | Promise<void>): Promise<void> {
  for (;;) {
    await scheduler.sleep(random.next() * 2 * setting.eventMs);
    if (fates.healed) return;
    trace(() => kind);
    observer.fault(kind);
    await event();
  }
}

const EVENTS: Partial<Record<FaultKind, Event>> = {
  'engines crash': (world, _, processes) => world.random.pick(processes).crash(),
  'engines restart': (world, _, processes) => world.random.pick(processes).restart(),
  'a store is down': async ({ random, scheduler, datas }, { down }) => {
    const store = random.integer(0, datas.length - 1);
    down.add(store);
    await scheduler.sleep(random.next() * 600);
    down.delete(store);
  },
  'a disk is full': async ({ random, scheduler, datas }) => {
    const data = random.pick(datas);
    data.fillDisk();
    await scheduler.sleep(random.next() * 800);
    data.freeDisk();
  },
  'stored values go wrong': async ({ random, scheduler, datas }) => {
    const data = random.pick(datas);
    data.corrupt();
    await scheduler.sleep(random.next() * 800);
    data.repair();
  },
  'clocks go back': ({ random }, _, processes) => random.pick(processes).clock.jump(-random.integer(1, random.pick([10, 1_000, 100_000]))),
  'clocks run ahead': ({ random }, _, processes) => random.pick(processes).clock.jump(random.integer(1, random.pick([10, 1_000, 100_000]))),
  'clocks stand': async ({ random, scheduler, count }, _, processes) => {
    const { clock } = random.pick(processes);
    clock.freeze();
    count('the clock stands');
    await scheduler.sleep(random.next() * 1_000);
    clock.thaw();
  },
};
