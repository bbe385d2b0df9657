/**
 * Batches: (filler, range of iterations) -> stream of stacked batches, in memory that is used again.
 *
 * A filler writes consecutive iterations (`fillBatch.ts`) on this thread or in a worker thread (`batchThread.ts`). A
 * call of the engine blocks this thread; what a worker thread fills meanwhile costs no time.
 */
import { Effect, Fiber, Stream } from "effect"
import { type Arrays, type FillFailed, type Filler, type Sizes, sizesOf } from "./Filler.ts"
import { batchFiller, type BatchOptions, type Images } from "./fillBatch.ts"
import { endlessShuffle } from "../shuffle.ts"

/** Fills on this thread. */
export const fillHere = (options: BatchOptions): Filler => {
  const fillBatch = batchFiller(options)
  return {
    sizes: sizesOf(options),
    fill: Effect.fnUntraced(function* (iteration, iterations, arrays) {
      for (let i = 0; i < iterations; i++) {
        fillBatch(iteration + i, arrays.images, arrays.labels, i)
        // Yields to other fibers after about 10 ms of filling.
        if (i % 32 === 31) yield* Effect.yieldNow
      }
      return arrays
    }),
  }
}

/** For an engine that holds the dataset: the indices of examples in place of their images, and no labels. */
export const fillIndices = ({
  batchSize,
  indices,
  seed,
}: Omit<BatchOptions, "augmentation" | "table">): Filler => {
  const indexAt = endlessShuffle(seed, indices.length)
  return {
    sizes: { images: batchSize, labels: 0, areBytes: false },
    fill: (iteration, iterations, arrays) =>
      Effect.sync(() => {
        const from = iteration * batchSize
        for (let i = 0; i < iterations * batchSize; i++) arrays.images[i] = indices[indexAt(from + i)]
        return arrays
      }),
  }
}

/**
 * The batches of consecutive iterations. The arrays belong to the stream: they hold these values until the next chunk is
 * pulled, and are filled again after that.
 */
export interface BatchChunk {
  readonly iteration: number
  readonly iterations: number
  /** [iterations, batch, height, width, channels]; of `fillIndices`, [iterations, batch] in float32 */
  readonly images: Images
  /** [iterations, batch, classes], one-hot */
  readonly labels: Float32Array
}

/**
 * Iterations `from` to `until`. `chunk(i)`: the most iterations of the chunk that starts at i, computed when it is
 * filled.
 */
export interface BatchRange {
  readonly from: number
  readonly until: number
  readonly chunk: (iteration: number) => number
}

/** Of the arrays of a chunk, of which there are two sets: a hundred batches of photographs would take hundreds of megabytes. */
const mostBytes = 32 * 2 ** 20

/** A chunk has one iteration at least. */
const mostIterations = ({ areBytes, images, labels }: Sizes) =>
  Math.max(1, Math.floor(mostBytes / ((areBytes ? 1 : 4) * images + 4 * labels)))

/**
 * The batches of a range; the last chunk holds what is left. The next chunk is filled while the one before it is used, as
 * far as that leaves the thread free. Two sets of arrays alternate; they grow when a chunk is larger than any before.
 */
export const batches = (
  { fill, sizes }: Filler,
  { chunk, from, until }: BatchRange,
): Stream.Stream<BatchChunk, FillFailed> =>
  Stream.suspend(() => {
    const none: Arrays & { readonly capacity: number } = {
      capacity: 0,
      images: new Float32Array(0),
      labels: new Float32Array(0),
    }
    let [buffers, spare] = [none, none]
    const fillNext = Effect.fnUntraced(function* (iteration: number) {
      const iterations = Math.min(chunk(iteration), until - iteration, mostIterations(sizes))
      ;[buffers, spare] = [spare, buffers]
      if (buffers.capacity < iterations) {
        buffers = {
          capacity: iterations,
          images: new (sizes.areBytes ? Uint8Array : Float32Array)(iterations * sizes.images),
          labels: new Float32Array(iterations * sizes.labels),
        }
      }
      const filled = yield* fill(iteration, iterations, buffers)
      buffers = { ...filled, capacity: buffers.capacity }
      return {
        iteration,
        iterations,
        images: buffers.images.subarray(0, iterations * sizes.images),
        labels: buffers.labels.subarray(0, iterations * sizes.labels),
      } satisfies BatchChunk
    })
    type State = {
      readonly iteration: number
      readonly ahead: Fiber.Fiber<BatchChunk, FillFailed> | undefined
    }
    return Stream.unfold({ iteration: from, ahead: undefined } as State, ({ ahead, iteration }) =>
      Effect.gen(function* () {
        if (iteration >= until) return undefined
        const filled = ahead === undefined ? yield* fillNext(iteration) : yield* Fiber.join(ahead)
        const next = iteration + filled.iterations
        return [
          filled,
          { iteration: next, ahead: next < until ? yield* Effect.forkChild(fillNext(next)) : undefined },
        ] as const
      }),
    )
  })
