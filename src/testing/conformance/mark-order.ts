import assert from 'node:assert/strict';
import type { MarkChange, Store } from '../../store/store.js';
import { commit, mark, marksOf, markText, partitionOf, type Suite, turn, using, write } from './fixture.js';

const P = partitionOf('order');
const SLOT = 11;
const ROUNDS = 20;
/** Looks at a commit before the test gives up waiting for it. */
const LOOKS_MAX = 100_000;

const textOfMark = (name: string) => markText(mark('set', SLOT, P, name));

/** Runs `look` again and again beside an apply until it has answered, and once more after it. */
async function lookBeside(applying: Promise<{ readonly applied: boolean }>, look: () => Promise<void>): Promise<void> {
  let answered = false;
  const watched = applying.finally(() => {
    answered = true;
  });
  // The failure is reported where it is awaited below.
  watched.catch(() => undefined);
  for (let looks = 0; !answered; looks++) {
    assert.ok(looks < LOOKS_MAX, 'apply does not answer');
    await look();
    await turn();
  }
  assert.deepEqual(await watched, { applied: true });
  await look();
}

/** A mark that is set is durable no later than the commit; one that is cleared goes only after it. */
export function testMarkOrder(suite: Suite): void {
  suite.test('whoever sees a commit finds the mark that was set with it', async (store) => {
    for (let version = 1; version <= ROUNDS; version++) {
      const name = `mark ${version}`;
      await lookBeside(store.apply([write(P, version - 1, version)], [mark('set', SLOT, P, name)]), async () => {
        const seen = await store.validate(P);
        const marks = await marksOf(store, SLOT);
        if (seen === version) assert.ok(marks.includes(textOfMark(name)), 'the commit is there before its mark');
      });
    }
  });

  suite.test('whoever misses a cleared mark finds the commit that cleared it', async (store) => {
    for (let version = 1; version <= 2 * ROUNDS; version += 2) {
      const name = `mark ${version}`;
      await commit(store, write(P, version - 1, version), [mark('set', SLOT, P, name)]);
      await lookBeside(store.apply([write(P, version, version + 1)], [mark('clear', SLOT, P, name)]), async () => {
        const marks = await marksOf(store, SLOT);
        const { version: seen } = await store.load(P);
        if (!marks.includes(textOfMark(name))) assert.equal(seen, version + 1, 'the mark is gone before the commit');
      });
    }
    assert.deepEqual(await marksOf(store, SLOT), []);
  });

  suite.test('when a commit is acknowledged its marks are set and cleared', async (store) => {
    for (let version = 1; version <= ROUNDS; version++) {
      const changes = [mark('set', SLOT, P, `mark ${version}`), mark('clear', SLOT, P, `mark ${version - 1}`)];
      await commit(store, write(P, version - 1, version), changes);
      assert.deepEqual(await marksOf(store, SLOT), [textOfMark(`mark ${version}`)]);
    }
  });

  const { afterMarks, peer } = suite.hooks;
  if (afterMarks === undefined) return;

  suite.test('between mark and commit: the mark to set is there, the mark to clear still is, the commit is not', async (store) => {
    await commit(store, write(P, 0, 1), [mark('set', SLOT, P, 'old')]);
    const { applying, resume } = await pausedApply(store, [mark('set', SLOT, P, 'new'), mark('clear', SLOT, P, 'old')]);
    assert.deepEqual(await marksOf(store, SLOT), [textOfMark('new'), textOfMark('old')].sort());
    assert.equal(await store.validate(P), 1);
    resume();
    assert.deepEqual(await applying, { applied: true });
    assert.deepEqual(await marksOf(store, SLOT), [textOfMark('new')]);
    assert.equal(await store.validate(P), 2);
  });

  if (peer === undefined) return;

  suite.test('a commit overtaken between mark and commit is refused, clears nothing, and leaves the mark it set', async (store) => {
    await commit(store, write(P, 0, 1), [mark('set', SLOT, P, 'old')]);
    const { applying, resume } = await pausedApply(store, [mark('set', SLOT, P, 'new'), mark('clear', SLOT, P, 'old')]);
    const other = await peer(store);
    await using(other, () => commit(other, write(P, 1, 5)));
    resume();
    assert.equal((await applying).applied, false);
    assert.deepEqual(await marksOf(store, SLOT), [textOfMark('new'), textOfMark('old')].sort());
    assert.equal(await store.validate(P), 5);
  });

  async function pausedApply(store: Store, marks: readonly MarkChange[]) {
    let resume = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      resume = resolve;
    });
    let applying = Promise.resolve<{ readonly applied: boolean }>({ applied: false });
    await new Promise<void>((reached, failed) => {
      afterMarks?.(store, () => {
        reached();
        return held;
      });
      applying = store.apply([write(P, 1, 2)], marks);
      applying.catch(failed);
    });
    return { applying, resume };
  }
}
