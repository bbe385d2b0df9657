/**
 * Counter-based random numbers: (key, counter) -> words, without any state.
 *
 * Threefry-2x32 with 20 rounds: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011);
 * its known-answer vectors are in the tests. A key is made from the experiment's seed and a purpose, so that draws for
 * different purposes are independent.
 */

const parity = 0x1bd11bda

/**
 * One block: key (k0, k1) and counter (c0, c1) -> two unsigned 32-bit words, written to `out[at]` and `out[at + 1]`.
 * The rounds are unrolled: a block takes 25 ns, with a loop 140, and dropout draws 50,000 words an iteration.
 */
export const threefry = (
  k0: number,
  k1: number,
  c0: number,
  c1: number,
  out: Uint32Array,
  at: number,
): void => {
  const k2 = parity ^ k0 ^ k1
  let x0 = (c0 + k0) | 0
  let x1 = (c1 + k1) | 0
  x0 = (x0 + x1) | 0
  x1 = ((x1 << 13) | (x1 >>> 19)) ^ x0
  x0 = (x0 + x1) | 0
  x1 = ((x1 << 15) | (x1 >>> 17)) ^ x0
  x0 = (x0 + x1) | 0
  x1 = ((x1 << 26) | (x1 >>> 6)) ^ x0
  x0 = (x0 + x1) | 0
  x1 = ((x1 << 6) | (x1 >>> 26)) ^ x0
  x0 = (x0 + k1) | 0
  x1 = (x1 + k2 + 1) | 0
  x0 = (x0 + x1) | 0
  x1 = ((x1 << 17) | (x1 >>> 15)) ^ x0
  x0 = (x0 + x1) | 0
  x1 = ((x1 << 29) | (x1 >>> 3)) ^ x0
  x0 = (x0 + x1) | 0
  x1 = ((x1 << 16) | (x1 >>> 16)) ^ x0
  x0 = (x0 + x1) | 0
  x1 = ((x1 << 24) | (x1 >>> 8)) ^ x0
  x0 = (x0 + k2) | 0
  x1 = (x1 + k0 + 2) | 0
  x0 = (x0 + x1) | 0
  x1 = ((x1 << 13) | (x1 >>> 19)) ^ x0
  x0 = (x0 + x1) | 0
  x1 = ((x1 << 15) | (x1 >>> 17)) ^ x0
  x0 = (x0 + x1) | 0
  x1 = ((x1 << 26) | (x1 >>> 6)) ^ x0
  x0 = (x0 + x1) | 0
  x1 = ((x1 << 6) | (x1 >>> 26)) ^ x0
  x0 = (x0 + k0) | 0
  x1 = (x1 + k1 + 3) | 0
  x0 = (x0 + x1) | 0
  x1 = ((x1 << 17) | (x1 >>> 15)) ^ x0
  x0 = (x0 + x1) | 0
  x1 = ((x1 << 29) | (x1 >>> 3)) ^ x0
  x0 = (x0 + x1) | 0
  x1 = ((x1 << 16) | (x1 >>> 16)) ^ x0
  x0 = (x0 + x1) | 0
  x1 = ((x1 << 24) | (x1 >>> 8)) ^ x0
  x0 = (x0 + k1) | 0
  x1 = (x1 + k2 + 4) | 0
  x0 = (x0 + x1) | 0
  x1 = ((x1 << 13) | (x1 >>> 19)) ^ x0
  x0 = (x0 + x1) | 0
  x1 = ((x1 << 15) | (x1 >>> 17)) ^ x0
  x0 = (x0 + x1) | 0
  x1 = ((x1 << 26) | (x1 >>> 6)) ^ x0
  x0 = (x0 + x1) | 0
  x1 = ((x1 << 6) | (x1 >>> 26)) ^ x0
  x0 = (x0 + k2) | 0
  x1 = (x1 + k0 + 5) | 0
  out[at] = x0
  out[at + 1] = x1
}

/** A stream of draws, addressed by position. */
export interface RandomKey {
  readonly k0: number
  readonly k1: number
}

const scratch = new Uint32Array(2)

/** Folds a word into a key: a new, unrelated key. */
export const fold = (key: RandomKey, word: number): RandomKey => {
  threefry(key.k0, key.k1, word | 0, Math.floor(word / 2 ** 32) | 0, scratch, 0)
  return { k0: scratch[0], k1: scratch[1] }
}

/**
 * The key of a seed (any safe integer) and a purpose such as "shuffle" or "dropout/dropout_1". Letters are folded in above
 * 2^32, so that folding a number (an epoch, an iteration) into the key of a purpose never gives the key of a longer purpose.
 */
export const randomKey = (seed: number, purpose: string): RandomKey => {
  let key: RandomKey = fold({ k0: 0, k1: 0 }, seed)
  for (const byte of new TextEncoder().encode(purpose)) key = fold(key, 2 ** 32 + byte)
  return key
}

/** Fills `out` with the uniform unsigned words at positions `start`, `start + 1`, …; `start` must be even. */
export const randomWords = (key: RandomKey, start: number, out: Uint32Array): void => {
  const even = out.length & ~1
  for (let i = 0; i < even; i += 2) {
    const block = (start + i) / 2
    threefry(key.k0, key.k1, block | 0, Math.floor(block / 2 ** 32) | 0, out, i)
  }
  if (even < out.length) {
    const block = (start + even) / 2
    threefry(key.k0, key.k1, block | 0, Math.floor(block / 2 ** 32) | 0, scratch, 0)
    out[even] = scratch[0]
  }
}
