/** Names and ids as hosts have them, the same in every run with one seed. */

/** A generator of unsigned 32-bit integers. Source: mulberry32, T. Ettinger. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
}

const hex = (value: number, digits: number) => value.toString(16).padStart(8, '0').slice(0, digits);

/** A set of different shard names in one of the styles that are in use. */
export function shardNames(count: number, random: () => number): string[] {
  const style = random() % 4;
  const word = hex(random(), 4);
  const names = new Set<string>();
  for (let i = 0; names.size < count; i++) {
    if (style === 0) names.add(`${word}-${i}`);
    else if (style === 1) names.add(`chat-${hex(random(), 8)}`);
    else if (style === 2) names.add(`10.${random() % 256}.${random() % 256}.${random() % 256}:7000`);
    else names.add(`mail${i}.zone-${'abc'[i % 3]}.${word}.example.org`);
  }
  return [...names];
}

const FIRST = ['anna', 'ben', 'chen', 'dmitri', 'elif', 'fatima', 'giulia', 'hiro', 'ines', 'jonas', 'kofi', 'li'];

/** The kinds of user ids; each makes the i-th id. */
export const ID_KINDS: Readonly<Record<string, (i: number, random: () => number) => string>> = {
  UUIDs: (_, random) => {
    const part = (digits: number) => hex(random(), digits);
    return `${part(8)}-${part(4)}-4${part(3)}-a${part(3)}-${part(8)}${part(4)}`;
  },
  integers: (i) => String(i + 1),
  'e-mail addresses': (i, random) =>
    `${FIRST[random() % FIRST.length]}.${hex(random(), 5)}${i}@${['example.org', 'mail.example', 'example.co.uk'][random() % 3]}`,
};
