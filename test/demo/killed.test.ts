import { fileURLToPath } from 'node:url';
import { Mailring } from 'mailring';
import { describe, expect, test } from 'vitest';
import { generateMessages } from '../../examples/demo/generated-trace.js';
import { KilledMailring, killsAt } from '../../examples/demo/killed-mailring.js';
import { QUIET } from '../../examples/demo/mailring-process.js';
import { replayAndCompare } from '../../examples/demo/replay-and-compare.js';
import { temporaryFolders } from '../store/temporary-folder.js';
import { PROCESS_FAULTS } from './process-faults.js';

const SHARDS = 4;
const FAULTY_PROCESS = fileURLToPath(new URL('faulty-process.ts', import.meta.url));
const temporaryFolder = temporaryFolders();

/** Each starts five processes: three of them in `npm test`, all in `test:deep`. */
const SHOWN = process.env.MAILRING_DEEP ? PROCESS_FAULTS : PROCESS_FAULTS.slice(0, 3);

/** A replay in a process that is killed after these counts of sends. */
async function killed(rows: number, at: readonly number[], program?: readonly string[]) {
  const location = await temporaryFolder();
  const kills = killsAt(at);
  const result = await replayAndCompare({
    messages: generateMessages(rows),
    open: () => KilledMailring.open(location, SHARDS, kills, program),
    openAnew: () => Mailring.open({ location, shards: SHARDS, limits: QUIET }),
    sendsInFlight: 64,
  });
  const unacknowledged = kills.done.reduce((sum, done) => sum + done.unacknowledged, 0);
  return { ...result, kills, unacknowledged };
}

describe('on 4 shards, in a process that is killed three times', () => {
  test('every mailbox is what a replay in memory says, and every message that was under way is there once', async () => {
    const { ok, findings, verification, kills, ...result } = await killed(600, [100, 300, 500]);
    expect({ ok, texts: findings.texts }).toEqual({ ok: true, texts: [] });
    expect(verification).toMatchObject({ problems: [], checked: { mailboxes: result.mailboxes } });
    expect({ reopened: result.reopened, duplicates: result.duplicates }).toEqual({ reopened: 2, duplicates: result.retries });
    expect(findings.pages).toBeGreaterThan(2 * result.mailboxes);
    expect(kills.done).toHaveLength(3);
    expect(kills.acknowledged).toBe(600 + result.retries);
    for (const done of kills.done) expect(done.unacknowledged).toBeGreaterThan(0);
  });

  test('a kill that falls due while the process starts is made after that', async () => {
    const { ok, findings, kills } = await killed(3, [1, 1, 2]);
    expect({ ok, texts: findings.texts, kills: kills.done.length }).toEqual({ ok: true, texts: [], kills: 3 });
  });
});

describe('the demo reports a process that is killed and', () => {
  for (const { name, says } of SHOWN) {
    test(name, async () => {
      const { ok, findings, kills, unacknowledged } = await killed(200, [120], [FAULTY_PROCESS, name]);
      expect(kills.done).toHaveLength(1);
      expect(ok).toBe(false);
      expect(
        findings.texts.find((text) => says.test(text)),
        `said instead: ${findings.texts.slice(0, 5).join('\n')}`,
      ).toBeDefined();
      // Only a message that was put to a process before may be found: of every other it is a difference.
      expect(kills.found).toBeLessThanOrEqual(unacknowledged);
    });
  }
});
