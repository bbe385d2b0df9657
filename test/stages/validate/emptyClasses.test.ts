import { assert, describe, it } from "@effect/vitest"
import { describeEmptyClasses, findEmptyClasses } from "../../../stages/validate/emptyClasses.ts"

const split = (train: Array<number>, validation: Array<number>, test: Array<number>) => ({
  train: Uint32Array.from(train),
  validation: Uint32Array.from(validation),
  test: Uint32Array.from(test),
})
const names = ["cat", "dog", "owl"]
const data = { classes: 3, labels: Int32Array.of(0, 1, 2, 0, 1, 2, 0, 1, 2) }

describe("classes without examples", () => {
  it("are none if every split has every class", () => {
    assert.isUndefined(findEmptyClasses(data, split([0, 1, 2], [3, 4, 5], [6, 7, 8])))
  })

  it("are found in each split, by label, and described with their consequence", () => {
    const empty = findEmptyClasses(data, split([0, 1, 3, 4], [2], [5, 6, 8]))
    assert.deepStrictEqual(empty, { train: [2], validation: [0, 1], test: [1] })
    assert.deepStrictEqual(describeEmptyClasses(empty ?? assert.fail(), names), [
      "class owl: no training examples, so the model cannot learn it",
      "classes cat and dog: no validation examples, so evaluations say nothing about them",
      "class dog: no test examples, so the report says nothing about it",
    ])
  })

  it("are counted beyond ten", () => {
    const train = Array.from({ length: 40 }, (_, label) => label)
    const many = Array.from({ length: 40 }, (_, label) => `c${label}`)
    const [text] = describeEmptyClasses({ train, validation: [], test: [] }, many)
    assert.include(text, "c8, c9 and 30 more: no training examples")
    assert.isBelow(text.length, 120)
  })
})
