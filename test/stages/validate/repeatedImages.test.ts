import { assert, describe, it } from "@effect/vitest"
import type { LoadedDataset } from "../../../stages/dataset/load.ts"
import { groupEqual } from "../../../stages/validate/equalImages.ts"
import { inMemory } from "../dataset/writeDataset.ts"
import { findDividedGroups, findRepeated } from "../../../stages/validate/repeatedImages.ts"

/** Images of one pixel. */
const dataset = (pixels: ReadonlyArray<number>, labels: ReadonlyArray<number>): LoadedDataset => ({
  name: "set",
  classes: 3,
  imageShape: [1, 1, 1],
  images: Uint8Array.from(pixels),
  labels: Int32Array.from(labels),
  trainExamples: pixels.length,
  testExamples: 0,
})
const indices = (...list: ReadonlyArray<number>) => Uint32Array.from(list)
const split = { train: indices(0, 1, 2), validation: indices(3), test: indices(4, 5) }

describe("findRepeated", () => {
  it("finds each image of validation and test that an earlier split has, and one pair for each image with two labels", () => {
    const data = dataset([5, 5, 7, 5, 5, 9], [0, 0, 1, 0, 2, 1])
    assert.deepStrictEqual(findRepeated(data, split, groupEqual(data, Uint32Array.from(inMemory(data)))), {
      acrossSplits: [
        [0, 3],
        [0, 4],
      ],
      conflicts: [[0, 4]],
    })
  })

  it("compares pixels, not only their hashes", () => {
    const data = dataset([1, 2, 3, 4, 1, 6], [0, 0, 0, 0, 0, 0])
    const found = findRepeated(data, split, groupEqual(data, new Uint32Array(6)))
    assert.deepStrictEqual(found.acrossSplits, [[0, 4]])
  })
})

describe("findDividedGroups", () => {
  it("finds one pair for each group in several splits, and nothing without groups", () => {
    const data = dataset([1, 2, 3, 4, 5, 6], [0, 0, 0, 0, 0, 0])
    const groups = Int32Array.from([1, 1, 1, 2, 3, 3, 1, 1, 1, 1, 3, 4])
    assert.deepStrictEqual(findDividedGroups({ ...data, groups }, split), [[0, 3]])
    assert.deepStrictEqual(findDividedGroups(data, split), [])
  })
})
