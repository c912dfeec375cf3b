import type { Clock } from './clock.js';

/** Waits `delayMs` on the clock. Keeps the process alive meanwhile, which a clock's timer does not: somebody awaits what waits. */
export async function pause(clock: Clock, delayMs: number): Promise<void> {
  const { port1 } = new MessageChannel();
  port1.ref();
  try {
    await new Promise<void>((resolve) => clock.after(delayMs, resolve));
  } finally {
    port1.close();
  }
}
