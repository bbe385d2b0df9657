import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { combine } from "../../../stages/evaluate/ensemble.ts"
import { predictedLabels } from "../../../stages/statistics/proportions.ts"

/** Three models, two examples, three classes. */
const models = [
  [0.6, 0.4, 0, 0.5, 0.5, 0],
  [0.6, 0.4, 0, 0, 0.5, 0.5],
  [0, 1, 0, 0.25, 0.25, 0.5],
].map((probabilities) => Float32Array.from(probabilities))

const near = (found: Float32Array, expected: ReadonlyArray<number>) =>
  expected.forEach((value, i) => assert.closeTo(found[i], value, 1e-7))

describe("an ensemble", () => {
  it("predicts the mean of the probabilities of its members", () => {
    near(combine("mean", models, 3), [0.4, 0.6, 0, 0.25, 1.25 / 3, 1 / 3])
  })

  it("that votes predicts the class of most members, and decides a tie by the mean", () => {
    const votes = combine("vote", models, 3)
    // Two of three members predict 0 for the first example. For the second each class has a vote, and 1 has the
    // greatest mean.
    assert.deepStrictEqual([...predictedLabels(votes, 3)], [0, 1])
    near(votes, [2.4 / 4, 1.6 / 4, 0, 1.25 / 4, (1 + 1.25 / 3) / 4, (1 + 1 / 3) / 4])
  })

  it.prop(
    "predicts probabilities that sum to one, and a vote never contradicts the majority",
    {
      logits: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 }))).check(
        Schema.isMinLength(60),
        Schema.isMaxLength(60),
      ),
    },
    ({ logits }) => {
      const classes = 4
      const members = [0, 1, 2].map((member) => {
        const weights = logits.slice(member * 20, member * 20 + 20).map((logit) => 2 ** logit)
        return Float32Array.from(weights, (weight, i) => {
          const row = Math.floor(i / classes)
          return weight / weights.slice(row * classes, (row + 1) * classes).reduce((a, b) => a + b, 0)
        })
      })
      const predicted = members.map((member) => predictedLabels(member, classes))
      for (const combination of ["mean", "vote"] as const) {
        const combined = combine(combination, members, classes)
        for (let row = 0; row < 5; row++) {
          const sum = combined.subarray(row * classes, (row + 1) * classes).reduce((a, b) => a + b, 0)
          assert.closeTo(sum, 1, 1e-6)
        }
      }
      const voted = predictedLabels(combine("vote", members, classes), classes)
      for (let row = 0; row < 5; row++) {
        const given = predicted.map((labels) => labels[row])
        const most = given.find((label) => given.filter((other) => other === label).length >= 2)
        if (most !== undefined) assert.strictEqual(voted[row], most)
      }
    },
  )
})
