/**
 * A seeded shuffle as a function: (key, length) -> position -> index. It stores no list, and any position takes O(1).
 *
 * A Feistel network with keyed rounds permutes the numbers of the fewest bits that hold `length`. A result outside the range
 * is permuted again until it is inside ("cycle walking"): Black and Rogaway, "Ciphers with arbitrary finite domains"
 * (CT-RSA 2002). So the result is a bijection of [0, length) for every length, with fewer than two walks on average.
 */
import { fold, randomKey, type RandomKey, randomWords } from "./random.ts"

/**
 * Even, so that the halves end with the widths they started with. 4 rounds are enough for wide halves, narrow ones
 * need more.
 */
const rounds = 8

/** A bijective mix of 32 bits: "lowbias32" of C. Wellons, "Prospecting for hash functions" (2018). */
const mix = (word: number): number => {
  let x = word
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad)
  x = Math.imul(x ^ (x >>> 15), 0xd35a2d97)
  return x ^ (x >>> 15)
}

/** Position -> index, both in [0, length); `length` from 1 to 2^31. */
export type Permutation = (position: number) => number

export const permutation = (key: RandomKey, length: number): Permutation => {
  const bits = 32 - Math.clz32(length - 1)
  const narrow = bits >>> 1
  const wide = bits - narrow
  const narrowMask = 2 ** narrow - 1
  const wideMask = 2 ** wide - 1
  const keys = new Uint32Array(rounds)
  randomWords(key, 0, keys)
  return (position) => {
    let index = position
    do {
      let left = index >>> wide
      let right = index & wideMask
      for (let round = 0; round < rounds; round += 2) {
        // `left` is narrow and `right` is wide before the first half-round, and again after the second.
        left = (left ^ mix(right ^ keys[round])) & narrowMask
        right = (right ^ mix(left ^ keys[round + 1])) & wideMask
      }
      index = (left << wide) | right
    } while (index >= length)
    return index
  }
}

/**
 * The order of each epoch over `length` examples: a different permutation for every epoch, all from the experiment's
 * seed.
 */
export const shuffle = (seed: number, length: number): ((epoch: number) => Permutation) => {
  const key = randomKey(seed, "shuffle")
  return (epoch) => permutation(fold(key, epoch), length)
}

/**
 * An endless row of epochs, each in its own order: position -> index of an example, in [0, length). The permutation of the
 * last epoch is cached, because callers mostly go through positions in order.
 */
export const endlessShuffle = (seed: number, length: number): ((position: number) => number) => {
  const order = shuffle(seed, length)
  let current: { readonly epoch: number; readonly indexAt: Permutation } | undefined
  return (position) => {
    const epoch = Math.floor(position / length)
    if (current?.epoch !== epoch) current = { epoch, indexAt: order(epoch) }
    return current.indexAt(position - epoch * length)
  }
}
