/**
 * Counter-based random numbers: (key, counter) -> words, with no state to store or to seek.
 *
 * Threefry-2x32 with 20 rounds: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (SC 2011);
 * its known-answer vectors are in the tests. A key is made of the experiment's seed and a purpose, so draws of one
 * purpose never overlap another's.
 */

const rotations = [13, 15, 26, 6, 17, 29, 16, 24]
const parity = 0x1bd11bda

/** One block: key (k0, k1) and counter (c0, c1) -> two unsigned 32-bit words, written to `out[at]` and `out[at + 1]`. */
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
  for (let round = 0; round < 20; round++) {
    const rotation = rotations[round & 7]
    x0 = (x0 + x1) | 0
    x1 = ((x1 << rotation) | (x1 >>> (32 - rotation))) ^ x0
    if ((round & 3) === 3) {
      const injection = (round + 1) >> 2
      const subkey = injection % 3
      x0 = (x0 + (subkey === 0 ? k0 : subkey === 1 ? k1 : k2)) | 0
      x1 = (x1 + (subkey === 0 ? k1 : subkey === 1 ? k2 : k0) + injection) | 0
    }
  }
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
 * The key of a seed (any safe integer) and a purpose, as "shuffle" or "dropout/dropout_1". Letters are folded above 2^32,
 * so that folding a number (an epoch, an iteration) into one purpose's key never gives the key of a longer purpose.
 */
export const randomKey = (seed: number, purpose: string): RandomKey => {
  let key: RandomKey = fold({ k0: 0, k1: 0 }, seed)
  for (const byte of new TextEncoder().encode(purpose)) key = fold(key, 2 ** 32 + byte)
  return key
}

/** Fills `out` with uniform unsigned words of positions `start`, `start + 1`, ...; `start` must be even. */
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
