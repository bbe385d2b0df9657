import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { fillHere, fillIndices } from "../../../stages/batch/batch.ts"

describe("fillIndices", () => {
  it.effect("gives the indices of the examples whose images are filled", () =>
    Effect.gen(function* () {
      const dataset = {
        name: "rows",
        classes: 4,
        imageShape: [1, 2, 1],
        images: Uint8Array.from({ length: 60 }, (_, i) => i),
        labels: Int32Array.from({ length: 30 }, (_, i) => i % 4),
        trainExamples: 25,
        testExamples: 5,
      } as const
      const options = {
        dataset,
        indices: Uint32Array.from({ length: 20 }, (_, i) => i + 3),
        table: Float32Array.from({ length: 256 }, (_, value) => value),
        batchSize: 7,
        seed: 3,
      }
      const iterations = 5
      const arrays = (images: number, labels: number) => ({
        images: new Float32Array(iterations * images),
        labels: new Float32Array(iterations * labels),
      })
      const filled = yield* fillHere(options).fill(4, iterations, arrays(14, 28))
      const { sizes, fill } = fillIndices(options)
      assert.deepStrictEqual(sizes, { images: 7, labels: 0, areBytes: false })
      const { images: indices } = yield* fill(4, iterations, arrays(sizes.images, sizes.labels))
      const images = Float32Array.from(indices).reduce<Array<number>>(
        (all, index) => [...all, ...dataset.images.subarray(2 * index, 2 * index + 2)],
        [],
      )
      assert.deepStrictEqual([...filled.images], images)
    }),
  )
})
