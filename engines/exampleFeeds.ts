/** Examples to try a program with, without any data: (feeds, classes, iterations) -> feeds, or the same examples to be held. */
import type { Examples, Feed } from "./Engine.ts"
import { sizeOf } from "./trace/graph.ts"

/** Values of 0 to 1 without a pattern along any axis. */
export const waves = (size: number) =>
  Float32Array.from({ length: size }, (_, i) => Math.abs(Math.sin(i * 12.9898 + 1)))

const bytes = (size: number) => Uint8Array.from(waves(size), (value) => Math.round(255 * value))
const table = Float32Array.from({ length: 256 }, (_, value) => value / 255)

/** Images, one-hot labels, a usual learning rate, and masks that keep some values. */
export const exampleFeeds = (
  feeds: ReadonlyArray<Feed>,
  classes: number,
  iterations: number,
): Readonly<Record<string, Float32Array>> =>
  Object.fromEntries(
    feeds.map(({ name, shape }) => {
      const size = iterations * sizeOf(shape)
      if (name === "images") return [name, Float32Array.from(bytes(size), (value) => table[value])]
      if (name === "learningRate") return [name, new Float32Array(size).fill(1e-3)]
      if (name === "labels") {
        const isLabel = (i: number) => i % classes === Math.floor(i / classes) % classes
        return [name, Float32Array.from({ length: size }, (_, i) => (isLabel(i) ? 1 : 0))]
      }
      return [name, waves(size).map((value) => (value > 0.7 ? 2 : 0))]
    }),
  )

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
    examples: { count, pixels, labels, table } satisfies Examples,
    indices: Float32Array.from({ length: count }, (_, i) => count - 1 - i),
  }
}
