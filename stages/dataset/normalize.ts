/**
 * Pixel normalization: (normalization, train split) -> the float32 value of each of the 256 pixel values.
 *
 * A pixel is one byte, so normalization is a table. Mean and standard deviation are of the train split only, and exact
 * whatever the order, because integers are counted.
 */
import { Effect } from "effect"
import type { Normalization, PixelFigures } from "../../schemas/experiment/Dataset.ts"
import type { ResidentDataset } from "./load.ts"

/**
 * Counts each pixel value. Four tables, because equal neighbours in one table would wait for one another in the
 * processor.
 */
export class PixelCounts {
  readonly #tables = Array.from({ length: 4 }, () => new Float64Array(256))

  add(pixels: Uint8Array): void {
    const [a, b, c, d] = this.#tables
    const even = pixels.length & ~3
    for (let i = 0; i < even; i += 4) {
      a[pixels[i]]++
      b[pixels[i + 1]]++
      c[pixels[i + 2]]++
      d[pixels[i + 3]]++
    }
    for (let i = even; i < pixels.length; i++) a[pixels[i]]++
  }

  figures(): PixelFigures {
    const [a, b, c, d] = this.#tables
    const counts = a.map((count, value) => count + b[value] + c[value] + d[value])
    const total = counts.reduce((sum, count) => sum + count, 0)
    const mean = counts.reduce((sum, count, value) => sum + count * value, 0) / total
    const variance = counts.reduce((sum, count, value) => sum + count * (value - mean) ** 2, 0) / total
    return { mean: mean / 255, stddev: Math.sqrt(variance) / 255 }
  }
}

/** Images between two yields: about 5 ms of work. */
const imagesAtOnce = 4096

/** Mean and standard deviation over the examples with these indices. */
export const pixelFigures = Effect.fn("pixelFigures")(function* (
  dataset: ResidentDataset,
  indices: Uint32Array,
) {
  const pixels = dataset.images.length / dataset.labels.length
  const counts = new PixelCounts()
  for (let at = 0; at < indices.length; at += imagesAtOnce) {
    for (const index of indices.subarray(at, at + imagesAtOnce)) {
      counts.add(dataset.images.subarray(index * pixels, (index + 1) * pixels))
    }
    yield* Effect.yieldNow
  }
  return counts.figures()
})

export const unitTable = () => Float32Array.from({ length: 256 }, (_, value) => value / 255)

export const standardizedTable = ({ mean, stddev }: PixelFigures) =>
  Float32Array.from({ length: 256 }, (_, value) => (value / 255 - mean) / (stddev || 1))

export const pixelTable = Effect.fn("pixelTable")(function* (
  normalization: Normalization,
  dataset: ResidentDataset,
  /** Indices of the train split. */
  train: Uint32Array,
) {
  return normalization === "unit" ? unitTable() : standardizedTable(yield* pixelFigures(dataset, train))
})
