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
  it("answers with the mean of its members' probabilities", () => {
    near(combine("mean", models, 3), [0.4, 0.6, 0, 0.25, 1.25 / 3, 1 / 3])
  })

  it("answers with the class most members answer, and among as many votes with that of the greater mean", () => {
    const votes = combine("vote", models, 3)
    // Two of three members answer 0 to the first example; the second has a vote for each class, and 1 has the greatest mean.
    assert.deepStrictEqual([...predictedLabels(votes, 3)], [0, 1])
    near(votes, [2.4 / 4, 1.6 / 4, 0, 1.25 / 4, (1 + 1.25 / 3) / 4, (1 + 1 / 3) / 4])
  })

  it.prop(
    "gives probabilities that sum to one, and a vote never goes against most members",
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
      const answers = members.map((member) => predictedLabels(member, classes))
      for (const combination of ["mean", "vote"] as const) {
        const together = combine(combination, members, classes)
        for (let row = 0; row < 5; row++) {
          const sum = together.subarray(row * classes, (row + 1) * classes).reduce((a, b) => a + b, 0)
          assert.closeTo(sum, 1, 1e-6)
        }
      }
      const voted = predictedLabels(combine("vote", members, classes), classes)
      for (let row = 0; row < 5; row++) {
        const given = answers.map((answer) => answer[row])
        const most = given.find((label) => given.filter((other) => other === label).length >= 2)
        if (most !== undefined) assert.strictEqual(voted[row], most)
      }
    },
  )
})
