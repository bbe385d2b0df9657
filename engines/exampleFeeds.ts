/** Feeds to try a program with, without any data: (feeds, classes, iterations) -> their values by name. */
import type { Feed } from "./Engine.ts"
import { sizeOf } from "./trace/graph.ts"

/** Values of 0 to 1 without a pattern along any axis. */
export const waves = (size: number) =>
  Float32Array.from({ length: size }, (_, i) => Math.abs(Math.sin(i * 12.9898 + 1)))

/** Images, one-hot labels, a usual learning rate, and masks that keep half of the values. */
export const exampleFeeds = (
  feeds: ReadonlyArray<Feed>,
  classes: number,
  iterations: number,
): Readonly<Record<string, Float32Array>> =>
  Object.fromEntries(
    feeds.map(({ name, shape }) => {
      const size = iterations * sizeOf(shape)
      if (name === "images") return [name, waves(size)]
      if (name === "learningRate") return [name, new Float32Array(size).fill(1e-3)]
      if (name === "labels") {
        const isLabel = (i: number) => i % classes === Math.floor(i / classes) % classes
        return [name, Float32Array.from({ length: size }, (_, i) => (isLabel(i) ? 1 : 0))]
      }
      return [name, waves(size).map((value) => (value > 0.7 ? 2 : 0))]
    }),
  )
