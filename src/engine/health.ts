import type { Shard } from '../shard/shard.js';
import type { Engine } from './engine.js';

/**
 * What is not well. `store-fenced`: a write failed, the store is being opened again. `store-failed`: that was given up. `store-failing`: its last call failed. `store-slow`: a
 * call has been waiting for it for 5 s. `delivery-failing`: the last sweep could not deliver what waits. `clock-behind`: versions run more than a minute ahead of the clock.
 */
export type HealthCode = 'store-fenced' | 'store-failed' | 'store-failing' | 'store-slow' | 'delivery-failing' | 'clock-behind';

/** One thing that is not well. */
export interface HealthReason {
  /** Stable, to branch on. */
  readonly code: HealthCode;
  /** The shard it is about; everything that touches no shard that is named goes on. */
  readonly shard?: string;
  /** What it means and what to do, for a person. */
  readonly text: string;
}

/** How a mailring is. `degraded`: it goes on, and something needs to be looked at. */
export interface Health {
  /** `ok`: every shard takes calls. `degraded`: see the reasons. `closed`: after `close()`. */
  readonly status: 'ok' | 'degraded' | 'closed';
  /** Why it is degraded; else empty. */
  readonly reasons: readonly HealthReason[];
}

const CAUSE_OF_STORE = {
  fenced: ['store-fenced', 'a write failed; the store is being opened again, until then calls that touch this shard are refused: look at its disk'],
  failed: ['store-failed', 'the store could not be opened again and stays closed: mend its disk, close this mailring and open another'],
  failing: ['store-failing', 'the last call of the store failed, calls that touch this shard may fail: look at the store'],
} as const;

/** How an engine is now, from what it knows already: asks no store. */
export function healthOf(engine: Engine): Health {
  if (engine.closed) return { status: 'closed', reasons: [] };
  const reasons = [...engine.shards.values()].flatMap((shard) => reasonsOf(shard, engine));
  return { status: reasons.length === 0 ? 'ok' : 'degraded', reasons };
}

function reasonsOf(shard: Shard, { crossing }: Engine): HealthReason[] {
  const { store, cause, slowMs, clockBehindMs } = shard.condition;
  const reasons: HealthReason[] = [];
  const say = (code: HealthCode, text: string) => reasons.push({ code, shard: shard.name, text });
  if (store !== 'open') {
    const [code, text] = CAUSE_OF_STORE[store];
    say(code, `${text}. cause=\`${cause instanceof Error ? cause.message : String(cause)}\``);
  }
  if (slowMs > 0) say('store-slow', `a call of the store is not answered; calls that touch this shard wait. waiting=\`${slowMs} ms\``);
  // Of a store that is not open nothing else is to be said: its sweeps cannot read either.
  const failure = store === 'fenced' || store === 'failed' ? undefined : crossing?.undelivered(shard);
  if (failure !== undefined) {
    const { marks, error } = failure;
    const text = error instanceof Error ? error.message : String(error);
    say('delivery-failing', `messages wait in their home mailbox and are tried again with each sweep. marks=\`${marks}\` cause=\`${text}\``);
  }
  if (clockBehindMs > 0) say('clock-behind', `versions run ahead of the clock: it stands, or was set back; set it right. behind=\`${clockBehindMs} ms\``);
  return reasons;
}
