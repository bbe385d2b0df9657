/** A worker thread fills the same batches as this thread, and its failures are typed errors. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { batches, type BatchChunk, fillHere } from "../../../stages/batch/batch.ts"
import { fillInWorker } from "../../../stages/batch/batchThread.ts"
import type { BatchOptions } from "../../../stages/batch/fillBatch.ts"

const examples = 40
const size = 6 * 5
const options: BatchOptions = {
  dataset: {
    name: "noise",
    classes: 4,
    imageShape: [6, 5, 1],
    images: new Uint8Array(new SharedArrayBuffer(examples * size)).map((_, i) => (i * 7919) % 256),
    labels: Int32Array.from({ length: examples }, (_, i) => i % 4),
    trainExamples: examples,
    testExamples: 0,
  },
  indices: Uint32Array.from({ length: 35 }, (_, i) => i + 2),
  table: Float32Array.from({ length: 256 }, (_, value) => value / 255),
  batchSize: 4,
  seed: 3,
  augmentation: { rotation: 20, scale: 0.1, shear: 0.2, shift: 1, elastic: { alpha: 6, sigma: 2 } },
}
const arrays = (iterations: number) => ({
  images: new Float32Array(iterations * options.batchSize * size),
  labels: new Float32Array(iterations * options.batchSize * options.dataset.classes),
})
const range = { from: 5, until: 20, chunk: (iteration: number) => 1 + (iteration % 4) }
const kept = ({ images, iteration, iterations, labels }: BatchChunk) => ({
  iteration,
  iterations,
  images: images.slice(),
  labels: labels.slice(),
})

describe("fillInWorker", () => {
  it.live("fills the same bits as this thread", () =>
    Effect.gen(function* () {
      const collect = (filler: Parameters<typeof batches>[0]) =>
        batches(filler, range).pipe(Stream.map(kept), Stream.runCollect)
      const { augmentation: _, ...plain } = options
      for (const each of [options, plain, { ...plain, asBytes: true }]) {
        const worker = yield* fillInWorker(each)
        assert.deepStrictEqual(yield* collect(worker), yield* collect(fillHere(each)))
      }
    }).pipe(Effect.scoped),
  )

  it.live("ignores the reply to a call that was interrupted, and answers the next call", () =>
    Effect.gen(function* () {
      const worker = yield* fillInWorker(options)
      const abandoned = yield* Effect.forkChild(worker.fill(0, 500, arrays(500)))
      yield* Effect.yieldNow
      yield* Fiber.interrupt(abandoned)
      const { images } = yield* worker.fill(7, 2, arrays(2))
      const { images: expected } = yield* fillHere(options).fill(7, 2, arrays(2))
      assert.deepStrictEqual(images, expected)
    }).pipe(Effect.scoped),
  )

  it.live("fails with a typed error when the thread fails, at every later call too", () =>
    Effect.gen(function* () {
      const worker = yield* fillInWorker({ ...options, table: undefined as unknown as Float32Array })
      const fill = Effect.flip(worker.fill(0, 1, arrays(1)))
      for (const error of [yield* fill, yield* fill]) {
        assert.strictEqual(error._tag, "BatchThreadFailed")
        assert.match(
          error.message,
          /^the thread that fills batches failed: Cannot read .*; `resume` continues/,
        )
      }
    }).pipe(Effect.scoped),
  )
})
