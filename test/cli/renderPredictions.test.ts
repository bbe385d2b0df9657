import { assert, describe, it } from "@effect/vitest"
import { predictionTable } from "../../cli/render/renderPredictions.ts"

const result = {
  prediction: {
    image: "a.png",
    top: [
      { class: "7", probability: 0.9 },
      { class: "1", probability: 0.06 },
      { class: "9", probability: 0.04 },
    ],
    doubts: ["otherMarks"],
  },
} as unknown as Parameters<ReturnType<typeof predictionTable>["row"]>[0]

const rendered = (columns: number) => {
  const { head, row } = predictionTable(["a.png"], ["1", "7", "9"], columns)
  return [head, ...row(result).split("\n")]
}

describe("a table of predictions", () => {
  it("has a column of doubts where there is room", () => {
    const [head, row] = rendered(80)
    assert.match(head, /^image +label +probability +second +third +doubts$/)
    assert.match(row, /^a\.png +7 +90\.0 % +1 +6\.0 % +9 +4\.0 % +\S/)
  })

  it("has fewer columns in a narrow terminal, and doubts below their row", () => {
    for (const [columns, expected] of [
      [50, /^image +label +probability +second +third$/],
      [40, /^image +label +probability +second$/],
      [20, /^image +label +probability$/],
    ] as const) {
      const [head, row, below] = rendered(columns)
      assert.match(head, expected)
      assert.isAtMost(row.length, Math.max(columns, 25))
      assert.match(below, /^ {2}doubts: \S/)
    }
  })
})
