/**
 * Pixel normalization: (normalization, train split) -> the float32 value of each of the 256 pixel values.
 *
 * A pixel is one byte, so normalization is a table, or one for each channel, one after another. Mean and standard deviation are of the train split only, and exact
 * whatever the order, because integers are counted.
 */
import { Effect } from "effect"
import { unitValues } from "../../engines/bytes.ts"
import type { Normalization, PixelFigures, Standardization } from "../../schemas/experiment/Dataset.ts"
import { imageBytes, imageReader, imagesAtOnce } from "./images.ts"
import type { LoadedDataset } from "./load.ts"

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

/** Mean and standard deviation over the examples with these indices. */
export const pixelFigures = Effect.fn("pixelFigures")(function* (
  dataset: LoadedDataset,
  indices: Uint32Array,
) {
  const read = imageReader(dataset)
  const atOnce = imagesAtOnce(dataset)
  const counts = new PixelCounts()
  for (let at = 0; at < indices.length; at += atOnce) {
    for (const index of indices.subarray(at, at + atOnce)) counts.add(read(index))
    yield* Effect.yieldNow
  }
  return counts.figures()
})

/** The same for each channel of the images. */
const channelFigures = Effect.fn("channelFigures")(function* (dataset: LoadedDataset, indices: Uint32Array) {
  const [, , channels] = dataset.imageShape
  const size = imageBytes(dataset)
  const read = imageReader(dataset)
  const atOnce = imagesAtOnce(dataset)
  const planes = Array.from({ length: channels }, () => new Uint8Array(size / channels))
  const counts = planes.map(() => new PixelCounts())
  for (const [at, index] of indices.entries()) {
    const image = read(index)
    for (let i = 0, from = 0; i < size / channels; i++) {
      for (const plane of planes) plane[i] = image[from++]
    }
    planes.forEach((plane, channel) => counts[channel].add(plane))
    if (at % atOnce === atOnce - 1) yield* Effect.yieldNow
  }
  const [first, ...more] = counts.map((each) => each.figures())
  return [first, ...more] as const
})

/** What pixels are standardized by; undefined for `unit`. */
export const standardization = (
  normalization: Normalization,
  dataset: LoadedDataset,
  /** Indices of the train split. */
  train: Uint32Array,
): Effect.Effect<Standardization | undefined> => {
  switch (normalization) {
    case "unit":
      return Effect.succeed(undefined)
    case "standardized":
      return pixelFigures(dataset, train)
    case "standardizedByChannel":
      return channelFigures(dataset, train)
  }
}

export const standardizedTable = (by: Standardization) => {
  const channels = "mean" in by ? [by] : by
  return Float32Array.from({ length: 256 * channels.length }, (_, i) => {
    const { mean, stddev } = channels[i >> 8]
    return ((i & 255) / 255 - mean) / (stddev || 1)
  })
}

export const pixelTable = Effect.fn("pixelTable")(function* (
  normalization: Normalization,
  dataset: LoadedDataset,
  /** Indices of the train split. */
  train: Uint32Array,
) {
  const by = yield* standardization(normalization, dataset, train)
  return by === undefined ? unitValues : standardizedTable(by)
})

/** Writes the value of each pixel, channels last, to `out[at …]`. */
export const normalize = (table: Float32Array, pixels: Uint8Array, out: Float32Array, at: number): void => {
  if (table.length === 256) {
    for (let i = 0; i < pixels.length; i++) out[at + i] = table[pixels[i]]
    return
  }
  for (let i = 0, channel = 0; i < pixels.length; i++) {
    out[at + i] = table[channel + pixels[i]]
    channel += 256
    if (channel === table.length) channel = 0
  }
}
