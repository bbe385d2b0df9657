/** Examples to try a program with, without any data: (feeds, classes, iterations) -> feeds, or the same examples to be held. */
import type { Examples, Feed, FeedValues } from "./Engine.ts"
import { unitValues } from "./bytes.ts"
import { sizeOf } from "./trace/graph.ts"

/** Values repeat after this many, because a sine takes longer than all else. A prime, so that no axis has this period. */
const period = 262_139

const periodic = (size: number, valueAt: (i: number) => number) => {
  const values = new Float32Array(size)
  const computed = Math.min(size, period)
  for (let i = 0; i < computed; i++) values[i] = valueAt(i)
  for (let filled = computed; filled < size; filled *= 2) values.copyWithin(filled, 0, filled)
  return values
}

const wave = (i: number) => Math.fround(Math.abs(Math.sin(i * 12.9898 + 1)))

/** Values of 0 to 1 without a pattern along any axis. */
export const waves = (size: number) => periodic(size, wave)

const byte = (i: number) => Math.round(255 * wave(i))
const bytes = (size: number) => Uint8Array.from(periodic(size, byte))

const oneHot = (size: number, classes: number) => {
  const values = new Float32Array(size)
  for (let row = 0; row * classes < size; row++) values[row * classes + (row % classes)] = 1
  return values
}

/** Images, one-hot labels, a usual learning rate, and masks that keep some values. */
export const exampleFeeds = (feeds: ReadonlyArray<Feed>, classes: number, iterations: number): FeedValues =>
  Object.fromEntries(
    feeds.map(({ isBytes, name, shape }) => {
      const size = iterations * sizeOf(shape)
      if (isBytes) return [name, bytes(size)]
      if (name === "images") return [name, periodic(size, (i) => unitValues[byte(i)])]
      if (name === "learningRate") return [name, new Float32Array(size).fill(1e-3)]
      if (name === "labels") return [name, oneHot(size, classes)]
      return [name, periodic(size, (i) => (wave(i) > 0.7 ? 2 : 0))]
    }),
  )

export type FeedsOf = (iterations: number) => FeedValues

/**
 * The feeds of calls that are timed, with a learning rate with which nothing diverges. They are made once for the longest call:
 * the others read the beginning of the same arrays, which no trainer changes.
 */
export const sharedFeeds = (feeds: ReadonlyArray<Feed>, classes: number): FeedsOf => {
  let made = 0
  let values: FeedValues = {}
  return (iterations) => {
    if (iterations > made) {
      values = exampleFeeds(feeds, classes, iterations)
      values.learningRate?.fill(1e-5)
      made = iterations
    }
    return Object.fromEntries(
      feeds.map(({ name, shape }) => [name, values[name].subarray(0, iterations * sizeOf(shape))]),
    )
  }
}

/** The examples of these feeds in reverse order, and their indices in the order of the feeds; undefined without images. */
export const exampleDataset = (feeds: ReadonlyArray<Feed>, classes: number, iterations: number) => {
  const [batch, ...imageShape] = feeds.find(({ name }) => name === "images")?.shape ?? []
  if (batch === undefined) return undefined
  const count = batch * iterations
  const size = sizeOf(imageShape)
  const all = bytes(count * size)
  const pixels = new Uint8Array(all.length)
  for (let i = 0; i < count; i++) pixels.set(all.subarray(i * size, (i + 1) * size), (count - 1 - i) * size)
  const labels = Int32Array.from({ length: count }, (_, i) => (count - 1 - i) % classes)
  return {
    examples: { count, pixels, labels, table: unitValues } satisfies Examples,
    indices: Float32Array.from({ length: count }, (_, i) => count - 1 - i),
  }
}
