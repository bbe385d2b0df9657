import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { imageReader } from "../../../stages/dataset/images.ts"
import type { LoadedDataset } from "../../../stages/dataset/load.ts"
import { normalize, pixelFigures, pixelTable, standardization } from "../../../stages/dataset/normalize.ts"
import { numbered } from "../batch/numbered.ts"

describe("pixelTable", () => {
  const dataset: LoadedDataset = {
    ...numbered(3, [1, 2, 1]),
    images: Uint8Array.from([0, 0, 255, 255, 7, 9]),
  }

  it.effect("for unit normalization is pixel / 255 in float32", () =>
    Effect.gen(function* () {
      const table = yield* pixelTable("unit", dataset, Uint32Array.from([0, 1]))
      assert.deepStrictEqual([table[0], table[255], table[51]], [0, 1, Math.fround(0.2)])
    }),
  )

  it.effect(
    "for standardized normalization has mean 0 and standard deviation 1 over the train split only",
    () =>
      Effect.gen(function* () {
        const table = yield* pixelTable("standardized", dataset, Uint32Array.from([0, 1]))
        // The first two images are half black and half white: mean 1/2, standard deviation 1/2.
        assert.deepStrictEqual([table[0], table[255]], [-1, 1])
        const other = yield* pixelTable("standardized", dataset, Uint32Array.from([2]))
        assert.closeTo(other[8], 0, 1e-6)
        assert.closeTo(other[9], 1, 1e-6)
      }),
  )
})

describe("normalization by channel", () => {
  const dataset: LoadedDataset = {
    ...numbered(2, [1, 2, 3]),
    images: Uint8Array.from([0, 255, 51, 255, 255, 51, 0, 0, 9, 0, 0, 9]),
  }

  it.effect("has mean 0 and standard deviation 1 of each channel over the train split only", () =>
    Effect.gen(function* () {
      const by = yield* standardization("standardizedByChannel", dataset, Uint32Array.from([0]))
      assert.deepStrictEqual(by, [
        { mean: 0.5, stddev: 0.5 },
        { mean: 1, stddev: 0 },
        { mean: 0.2, stddev: 0 },
      ])
      const table = yield* pixelTable("standardizedByChannel", dataset, Uint32Array.from([0]))
      const out = new Float32Array(8).fill(9)
      normalize(table, imageReader(dataset)(0), out, 1)
      assert.deepStrictEqual([...out], [9, -1, 0, 0, 1, 0, 0, 9])
    }),
  )

  it.effect("of gray images is that of all pixels", () =>
    Effect.gen(function* () {
      const gray: LoadedDataset = { ...dataset, imageShape: [1, 6, 1] }
      const all = Uint32Array.from([0, 1])
      const by = yield* standardization("standardizedByChannel", gray, all)
      assert.deepStrictEqual(by, [yield* pixelFigures(gray, all)])
      assert.deepStrictEqual(
        yield* pixelTable("standardizedByChannel", gray, all),
        yield* pixelTable("standardized", gray, all),
      )
    }),
  )
})
