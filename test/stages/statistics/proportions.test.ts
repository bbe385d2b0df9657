import { assert, describe, it } from "@effect/vitest"
import {
  classReports,
  confusionMatrix,
  predictedLabels,
  wilsonInterval,
  worstMistakes,
} from "../../../stages/statistics/proportions.ts"

const near = (actual: number, expected: number, digits = 5) =>
  assert.isBelow(Math.abs(actual - expected), 10 ** -digits)

describe("statistics", () => {
  it("Wilson's interval of 9,900 in 10,000 is 0.98785 to 0.99177", () => {
    const { high, low, value } = wilsonInterval(9900, 10_000)
    assert.strictEqual(value, 0.99)
    // (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n), with z = 1.959964
    near(low, 0.987853)
    near(high, 0.991771)
  })

  it("Wilson's interval stays within 0 and 1 and holds the share, also at the ends", () => {
    assert.strictEqual(wilsonInterval(0, 10).low, 0)
    near(wilsonInterval(0, 10).high, 0.277533)
    assert.strictEqual(wilsonInterval(10, 10).high, 1)
    near(wilsonInterval(10, 10).low, 0.722467)
  })

  const labels = [0, 0, 1, 1, 2]
  const probabilities = Float32Array.from([
    0.9,
    0.1,
    0, //
    0.2,
    0.7,
    0.1, //
    0.1,
    0.8,
    0.1, //
    0.5,
    0.5,
    0, //
    0.9,
    0,
    0.1,
  ])

  it("a tie goes to the first class", () => {
    assert.deepStrictEqual([...predictedLabels(probabilities, 3)], [0, 1, 1, 0, 0])
  })

  it("confusion, precision, recall and F1 are those counted by hand", () => {
    const confusion = confusionMatrix(labels, predictedLabels(probabilities, 3), 3)
    assert.deepStrictEqual(confusion, [
      [1, 1, 0],
      [1, 1, 0],
      [1, 0, 0],
    ])
    assert.deepStrictEqual(classReports(confusion), [
      { label: 0, support: 2, precision: 1 / 3, recall: 1 / 2, f1: 2 / 5 },
      { label: 1, support: 2, precision: 1 / 2, recall: 1 / 2, f1: 2 / 4 },
      { label: 2, support: 1, precision: null, recall: 0, f1: 0 },
    ])
  })

  it("the worst mistakes come first, right answers not at all", () => {
    const worst = worstMistakes(labels, probabilities, 3, 2)
    assert.deepStrictEqual(
      worst.map(({ index, label, predicted }) => [index, label, predicted]),
      [
        [4, 2, 0],
        [1, 0, 1],
      ],
    )
  })
})
