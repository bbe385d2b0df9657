/**
 * Finds images of several splits that look alike: (dataset, split) -> pairs, the most similar first.
 *
 * A photograph that was scaled, compressed again or brightened has other bytes, but it is the same photograph. Candidates have
 * perceptual hashes that differ in few bits; of those, pairs are alike whose pixels are correlated. Equal images are not among
 * them (`repeatedImages.ts`).
 *
 * The hash is Zauner's pHash (Implementation and benchmarking of perceptual image hash functions, 2010): the signs of the 8×8
 * lowest waves of the cosine transform of the gray image, compared with their median.
 */
import { Effect } from "effect"
import type { NearDuplicateFigures } from "../../schemas/experiment/Dataset.ts"
import type { SplitName } from "../dataset/hashedSplit.ts"
import { imageComparer, imageReader, imagesAtOnce } from "../dataset/images.ts"
import type { LoadedDataset } from "../dataset/load.ts"
import type { SplitIndices } from "../dataset/split.ts"

/** Waves in each direction, without the first one, which is the mean. */
const waves = 8

/**
 * Bits in which the hashes of candidates may differ, of 64. If at most 7 bits differ, one of 4 pieces differs in at most one:
 * each piece is looked up as it is, and with each of its bits changed.
 */
const mostBits = 7
const pieces = 4
const changes = [0, ...Array.from({ length: 16 }, (_, bit) => 1 << bit)]

/** The least correlation of the pixels of images that are alike. */
const leastCorrelation = 0.98

/** Comparisons of hashes after which the search ends: about half a second. */
const mostComparisons = 50_000_000

/** Pixels after whose comparison the search ends, because most images are alike, as those of a film: about two seconds. */
const mostPixels = 1_000_000_000

/** More pairs are only counted. */
const mostPairs = 1000

/** Bytes between two yields: some milliseconds of work. */
const bytesAtOnce = 2 ** 19

export interface NearDuplicate {
  /** Indices in the dataset, of the split that comes first in train, validation, test, and of the other one. */
  readonly first: number
  readonly second: number
  readonly correlation: number
}

export interface NearDuplicates {
  /** The most similar first; at most 1000. */
  readonly pairs: ReadonlyArray<NearDuplicate>
  /** Of all pairs that were found. */
  readonly count: number
  /** False if the search ended before all candidates were compared. */
  readonly isComplete: boolean
}

/** Waves 1 to 8 along an axis: [waves, size]. */
const cosines = (size: number) =>
  Float64Array.from({ length: waves * size }, (_, i) => {
    const wave = Math.floor(i / size) + 1
    return Math.cos((Math.PI * wave * ((i % size) + 0.5)) / size)
  })

/** Gray pixels of an image: the sum of its channels, because whole numbers have exact sums. Valid until the next call. */
const grayOf = (data: LoadedDataset): ((index: number) => Uint8Array | Uint32Array) => {
  const [height, width, channels] = data.imageShape
  const read = imageReader(data)
  if (channels === 1) return read
  const gray = new Uint32Array(height * width)
  return (index) => {
    const image = read(index)
    for (let i = 0, from = 0; i < gray.length; i++) {
      let sum = 0
      for (let c = 0; c < channels; c++) sum += image[from++]
      gray[i] = sum
    }
    return gray
  }
}

/** Two words of 32 bits for each image. */
export const perceptualHashes = Effect.fn("perceptualHashes")(function* (data: LoadedDataset) {
  const [height, width] = data.imageShape
  const [across, down] = [cosines(width), cosines(height)]
  const gray = grayOf(data)
  const rows = new Float64Array(height * waves)
  const amplitudes = new Float64Array(waves * waves)
  const hashes = new Uint32Array(2 * data.labels.length)
  const atOnce = imagesAtOnce(data, bytesAtOnce)
  for (let index = 0; index < data.labels.length; index++) {
    const pixels = gray(index)
    for (let y = 0; y < height; y++) {
      for (let k = 0; k < waves; k++) {
        let sum = 0
        for (let x = 0; x < width; x++) sum += pixels[y * width + x] * across[k * width + x]
        rows[y * waves + k] = sum
      }
    }
    for (let l = 0; l < waves; l++) {
      for (let k = 0; k < waves; k++) {
        let sum = 0
        for (let y = 0; y < height; y++) sum += rows[y * waves + k] * down[l * height + y]
        amplitudes[l * waves + k] = sum
      }
    }
    const sorted = amplitudes.toSorted()
    const median = (sorted[31] + sorted[32]) / 2
    for (let i = 0; i < 64; i++) {
      if (amplitudes[i] > median) hashes[2 * index + (i >> 5)] |= 1 << (i & 31)
    }
    if (index % atOnce === atOnce - 1) yield* Effect.yieldNow
  }
  return hashes
})

const bitsOf = (word: number): number => {
  let bits = word - ((word >>> 1) & 0x55555555)
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333)
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

const pieceOf = (hashes: Uint32Array, index: number, piece: number): number =>
  (hashes[2 * index + (piece >> 1)] >>> (16 * (piece & 1))) & 0xffff

/** The sum of the values, and the sum of their squares less that of their mean. */
const momentsOf = (values: Uint8Array | Uint32Array): readonly [sum: number, variation: number] => {
  let [sum, squares] = [0, 0]
  for (let i = 0; i < values.length; i++) {
    sum += values[i]
    squares += values[i] * values[i]
  }
  return [sum, squares - sum ** 2 / values.length]
}

/** Pearson's correlation of the gray pixels of two images; 0 if one of them is of one gray. Quick if only `first` changes. */
const correlationOf = (data: LoadedDataset) => {
  const [gray, otherGray] = [grayOf(data), grayOf(data)]
  const known: Array<readonly [sum: number, variation: number]> = []
  let last = -1
  let b: Uint8Array | Uint32Array = new Uint8Array()
  return (first: number, second: number): number => {
    const a = gray(first)
    if (second !== last) [last, b] = [second, otherGray(second)]
    const [sumA, variationA] = (known[first] ??= momentsOf(a))
    const [sumB, variationB] = (known[second] ??= momentsOf(b))
    // The least variation of an image that is not of one gray is almost 1. Less than a half is a rounding error.
    if (variationA < 0.5 || variationB < 0.5) return 0
    let products = 0
    for (let i = 0; i < a.length; i++) products += a[i] * b[i]
    return (products - (sumA * sumB) / a.length) / Math.sqrt(variationA * variationB)
  }
}

const splitNames: ReadonlyArray<SplitName> = ["train", "validation", "test"]

export const findNearDuplicates = Effect.fn("findNearDuplicates")(function* (
  data: LoadedDataset,
  split: SplitIndices,
) {
  const hashes = yield* perceptualHashes(data)
  const correlation = correlationOf(data)
  const areEqual = imageComparer(data)
  const buckets = Array.from({ length: pieces }, () => new Map<number, Array<number>>())
  const found: Array<NearDuplicate> = []
  const atOnce = imagesAtOnce(data, bytesAtOnce)
  const pixels = data.imageShape[0] * data.imageShape[1]
  let comparisons = 0
  let correlations = 0
  const isOver = () => comparisons >= mostComparisons || correlations * pixels >= mostPixels
  /** The image that each one was compared with last, plus 1. */
  const comparedWith = new Uint32Array(data.labels.length)
  const compareWith = (index: number, other: number) => {
    if (comparedWith[other] === index + 1) return
    comparedWith[other] = index + 1
    comparisons++
    const bits =
      bitsOf(hashes[2 * index] ^ hashes[2 * other]) + bitsOf(hashes[2 * index + 1] ^ hashes[2 * other + 1])
    if (bits > mostBits || areEqual(index, other)) return
    correlations++
    const value = correlation(other, index)
    if (value >= leastCorrelation) found.push({ first: other, second: index, correlation: value })
  }
  /** Compares an image with those of earlier splits that have a similar piece of the hash. */
  const compare = (index: number) => {
    for (let piece = 0; piece < pieces; piece++) {
      const key = pieceOf(hashes, index, piece)
      for (const change of changes) {
        for (const other of buckets[piece].get(key ^ change) ?? []) {
          if (isOver()) return
          compareWith(index, other)
        }
      }
    }
  }
  for (const name of splitNames) {
    for (const [at, index] of split[name].entries()) {
      compare(index)
      if (at % atOnce === atOnce - 1) yield* Effect.yieldNow
    }
    for (const index of split[name]) {
      for (let piece = 0; piece < pieces; piece++) {
        const key = pieceOf(hashes, index, piece)
        const bucket = buckets[piece].get(key)
        if (bucket === undefined) buckets[piece].set(key, [index])
        else bucket.push(index)
      }
    }
  }
  const pairs = found
    .toSorted((a, b) => b.correlation - a.correlation || a.first - b.first || a.second - b.second)
    .slice(0, mostPairs)
  const result: NearDuplicates = { pairs, count: found.length, isComplete: !isOver() }
  return result
})

/** More pairs are only counted in records and on pages. */
const pairsShown = 24

/** The examples whose names are shown. */
export const shownExamples = ({ pairs }: NearDuplicates): ReadonlyArray<number> =>
  pairs.slice(0, pairsShown).flatMap(({ first, second }) => [first, second])

/** What a run records of them. `names`: of the shown examples; without them, their indices are their names. */
export const describeNearDuplicates = (
  { count, isComplete, pairs }: NearDuplicates,
  split: SplitIndices,
  names: ReadonlyMap<number, string> | undefined,
): NearDuplicateFigures => {
  const nameOf = (index: number) => {
    const set = splitNames.find((name) => split[name].includes(index))
    return `${names?.get(index) ?? `example ${index}`} (${set})`
  }
  return {
    pairs: count,
    isComplete,
    examples: pairs.slice(0, pairsShown).map(({ correlation, first, second }) => ({
      first,
      second,
      firstName: nameOf(first),
      secondName: nameOf(second),
      correlation,
    })),
  }
}
