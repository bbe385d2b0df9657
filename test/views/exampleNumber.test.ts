import { assert, describe, it } from "@effect/vitest"
import { exampleNumber } from "../../views/page/exampleNumber.ts"

describe("the number of an example on pages", () => {
  it("counts from 0 in the training files, and again in the test files", () => {
    assert.deepStrictEqual(
      [0, 59_999, 60_000, 69_999].map((index) => exampleNumber(index, 60_000)),
      ["training image 0", "training image 59999", "test image 0", "test image 9999"],
    )
  })
})
