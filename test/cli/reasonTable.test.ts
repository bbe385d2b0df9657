import { assert, describe, it } from "@effect/vitest"
import { reasonTable } from "../../cli/render/reasonTable.ts"

const rows = [
  ["a", "first", "it is the first"],
  ["bb", "second", ""],
]

describe("a table with reasons", () => {
  it("has them in its last column if they fit", () => {
    assert.strictEqual(
      reasonTable(["run", "place", "why"], rows, 28),
      "run  place   why\na    first   it is the first\nbb   second",
    )
  })

  it("has them below their rows in a narrow terminal", () => {
    assert.strictEqual(
      reasonTable(["run", "place", "why"], rows, 27),
      "run  place\na    first\n  it is the first\nbb   second",
    )
  })
})
