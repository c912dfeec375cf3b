/**
 * The states that were seen, each as 64 bits of its encoding: with ten million states, one of them is taken for another with a probability of about one in a million.
 */
export class Fingerprints {
  #size = 1 << 17;
  #low = new Int32Array(this.#size);
  #high = new Int32Array(this.#size);
  #count = 0;

  /** Says whether it is new. */
  add(encoded: string): boolean {
    let low = 0x9e3779b9 | 0;
    let high = 0x85ebca6b | 0;
    for (let i = 0; i < encoded.length; i++) {
      const code = encoded.charCodeAt(i);
      low = Math.imul(low ^ code, 0x01000193);
      low ^= low >>> 15;
      high = Math.imul(high + code + 1, 0x5bd1e995);
      high ^= high >>> 13;
    }
    low = Math.imul(low ^ (low >>> 16), 0x7feb352d);
    high = Math.imul(high ^ (high >>> 16), 0x846ca68b | 0);
    // Two zeros mean an empty place.
    if (!this.#put(low, low === 0 && high === 0 ? 1 : high)) return false;
    if (2 * ++this.#count > this.#size) this.#grow();
    return true;
  }

  #put(low: number, high: number): boolean {
    for (let i = (low ^ Math.imul(high, 31)) & (this.#size - 1); ; i = (i + 1) & (this.#size - 1)) {
      if (this.#low[i] === low && this.#high[i] === high) return false;
      if (this.#low[i] !== 0 || this.#high[i] !== 0) continue;
      this.#low[i] = low;
      this.#high[i] = high;
      return true;
    }
  }

  #grow(): void {
    const [low, high] = [this.#low, this.#high];
    this.#size *= 2;
    this.#low = new Int32Array(this.#size);
    this.#high = new Int32Array(this.#size);
    for (const [i, value] of low.entries()) if (value !== 0 || high[i] !== 0) this.#put(value, high[i]!);
  }
}
