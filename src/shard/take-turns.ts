/** What waits to be part of a batch. */
interface Waiting {
  readonly request: { readonly order: string; readonly bytes: number };
}

/**
 * The order in which what waits is put into batches: as it came, where one batch takes it all. Otherwise each conversation has its turn with its first, then with its second, and
 * so on: one of which a thousand wait does not hold up the others.
 */
export function takeTurns<T extends Waiting>(waiting: Iterable<T>, batchBytesMax: number): readonly T[] {
  const all = [...waiting];
  if (all.reduce((bytes, { request }) => bytes + request.bytes, 0) <= batchBytesMax) return all;
  const turns = new Map<string, number>();
  const placed = all.map((one) => {
    const { order } = one.request;
    const turn = turns.get(order) ?? 0;
    turns.set(order, turn + 1);
    return { one, turn };
  });
  return placed.sort((a, b) => a.turn - b.turn).map(({ one }) => one);
}
