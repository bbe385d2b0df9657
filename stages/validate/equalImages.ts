/**
 * Finds images with equal pixels: (dataset) -> lists of two or more examples, in the order of their first ones.
 *
 * Images are compared if they have the same hash. Hashes are sorted with their examples, which takes 8 bytes for an image: a map of
 * lists takes 200.
 */
import { Effect } from "effect"
import { imageBytes, imageComparer, imageReader, imagesAtOnce } from "../dataset/images.ts"
import type { LoadedDataset } from "../dataset/load.ts"

/**
 * A hash of each image: a multiplicative hash over its words (with the prime of FNV-1a), mixed so that the low bits
 * are usable.
 */
export const hashImages = Effect.fnUntraced(function* (data: LoadedDataset) {
  const read = imageReader(data)
  const atOnce = imagesAtOnce(data)
  const hashes = new Uint32Array(data.labels.length)
  for (let at = 0; at < hashes.length; at += atOnce) {
    const count = Math.min(atOnce, hashes.length - at)
    const images = read(at, at + count)
    // Words are four times faster than bytes, but only images of a multiple of four bytes are aligned to words.
    const units =
      imageBytes(data) % 4 === 0 && images.byteOffset % 4 === 0
        ? new Int32Array(images.buffer, images.byteOffset, images.length / 4)
        : images
    const length = units.length / count
    for (let example = 0; example < count; example++) {
      let hash = 0x811c9dc5
      const end = (example + 1) * length
      for (let i = example * length; i < end; i++) {
        hash = Math.imul(hash ^ units[i], 0x01000193)
        hash ^= hash >>> 15
      }
      hashes[at + example] = hash
    }
    yield* Effect.yieldNow
  }
  return hashes
})

/** Lists of equal examples, each in ascending order. */
export type EqualImages = ReadonlyArray<ReadonlyArray<number>>

const low = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 0 : 1

/** Examples by their hashes, and in ascending order if those are equal. */
const sortByHash = (hashes: Uint32Array): Uint32Array => {
  const sorted = new BigUint64Array(hashes.length)
  const words = new Uint32Array(sorted.buffer)
  for (let index = 0; index < hashes.length; index++) {
    words[2 * index + low] = index
    words[2 * index + 1 - low] = hashes[index]
  }
  sorted.sort()
  return Uint32Array.from(hashes, (_, at) => words[2 * at + low])
}

/** Equal examples among those with the same hash. */
export const groupEqual = (data: LoadedDataset, hashes: Uint32Array): EqualImages => {
  const areEqual = imageComparer(data)
  const order = sortByHash(hashes)
  const found: Array<Array<number>> = []
  for (let from = 0, until = 1; from < order.length; from = until++) {
    while (until < order.length && hashes[order[until]] === hashes[order[from]]) until++
    if (until - from === 1) continue
    const lists: Array<Array<number>> = []
    for (const index of order.subarray(from, until)) {
      const equal = lists.find(([other]) => areEqual(other, index))
      if (equal === undefined) lists.push([index])
      else equal.push(index)
    }
    found.push(...lists.filter((list) => list.length > 1))
  }
  return found.sort(([a], [b]) => a - b)
}

export const findEqualImages = Effect.fn("findEqualImages")(function* (data: LoadedDataset) {
  return groupEqual(data, yield* hashImages(data))
})
