/** Calibration, on answers whose bins are known. */
import { assert, describe, it } from "@effect/vitest"
import { calibration } from "../../../stages/statistics/calibration.ts"

/** Two classes: each answer's confidence, and whether it is right. */
const answers = (given: ReadonlyArray<readonly [confidence: number, right: boolean]>) => ({
  labels: given.map(([, right]) => (right ? 0 : 1)),
  probabilities: Float32Array.from(given.flatMap(([confidence]) => [confidence, 1 - confidence])),
})

const of = (given: Parameters<typeof answers>[0], bins?: number) => {
  const { labels, probabilities } = answers(given)
  return calibration(labels, probabilities, 2, bins)
}

describe("calibration", () => {
  it("is the mean over the examples of how far bins are from what they claim", () => {
    // Bin (0.5, 0.75]: 4 answers of 0.75, 3 right: 0. Bin (0.75, 1]: 2 answers of 0.875, 1 right: 0.375 off.
    const found = of(
      [
        [0.75, true],
        [0.75, true],
        [0.75, true],
        [0.75, false],
        [0.875, true],
        [0.875, false],
      ],
      4,
    )
    assert.deepEqual(
      found.bins.map(({ examples }) => examples),
      [0, 0, 4, 2],
    )
    assert.closeTo(found.expectedError, (2 * 0.375) / 6, 1e-12)
    assert.strictEqual(found.bins[2].confidence, 0.75)
    assert.strictEqual(found.bins[2].accuracy?.value, 0.75)
    assert.strictEqual(found.bins[0].confidence, null)
    assert.closeTo(found.accuracy, 4 / 6, 1e-12)
  })

  it("is 0 for a model that is always sure and right, 1 for one that is sure and wrong", () => {
    assert.strictEqual(of([[1, true]]).expectedError, 0)
    assert.strictEqual(of([[1, false]]).expectedError, 1)
  })

  it("counts every answer once, at the edges of bins and beyond 1 by rounding", () => {
    const found = of(
      [
        [1 + 2 ** -23, true],
        [1, true],
        [15 / 16, true],
        [0.5, true],
      ],
      16,
    )
    assert.strictEqual(
      found.bins.reduce((sum, { examples }) => sum + examples, 0),
      4,
    )
    assert.strictEqual(found.bins[15].examples, 2)
    assert.strictEqual(found.bins[14].examples, 1)
  })
})
