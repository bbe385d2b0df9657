import { assert, describe, it } from "@effect/vitest"
import { topKAccuracy } from "../../../stages/statistics/topK.ts"

const of = (labels: ReadonlyArray<number>, rows: ReadonlyArray<ReadonlyArray<number>>) => (k: number) =>
  topKAccuracy({ labels, probabilities: Float32Array.from(rows.flat()), classes: rows[0].length }, k)

describe("top-k accuracy", () => {
  it("is the share of labels among the k largest probabilities", () => {
    const share = of(
      [0, 1, 2, 0],
      [
        [0.5, 0.3, 0.2],
        [0.5, 0.3, 0.2],
        [0.5, 0.3, 0.2],
        [0.1, 0.6, 0.3],
      ],
    )
    assert.deepStrictEqual([1, 2, 3, 9].map(share), [0.25, 0.5, 1, 1])
  })

  it("counts all equal probabilities at the edge, and none that is no number", () => {
    assert.strictEqual(of([1], [[0.25, 0.25, 0.5]])(2), 1)
    assert.strictEqual(of([2], [[0.5, 0.25, 0.25]])(2), 1)
    assert.strictEqual(of([0], [[NaN, 0.5, 0.5]])(3), 0)
    assert.strictEqual(of([1], [[NaN, 0.5, 0.4]])(1), 0)
  })
})
