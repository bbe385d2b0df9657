import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { LearningRate } from "../../../schemas/experiment/Optimizer.ts"
import { learningRateAt } from "../../../stages/train/learningRate.ts"

const schedule = Schema.decodeUnknownSync(LearningRate)
const close = (a: number, b: number) => assert.isBelow(Math.abs(a - b), 1e-12)

describe("learningRateAt", () => {
  it("is constant for a constant schedule", () => {
    assert.strictEqual(learningRateAt(schedule({ kind: "constant", value: 0.1 }), 12_345, 20_000), 0.1)
  })
  it("rises linearly during warm-up and reaches the value at its last iteration", () => {
    const warm = schedule({ kind: "constant", value: 1, warmup: 4 })
    assert.deepStrictEqual(
      [0, 1, 2, 3, 4].map((i) => learningRateAt(warm, i, 10)),
      [0.25, 0.5, 0.75, 1, 1],
    )
  })
  it("is multiplied every so many iterations after the warm-up for a step schedule", () => {
    const step = schedule({ kind: "step", value: 8, factor: 0.5, every: 2, warmup: 1 })
    assert.deepStrictEqual(
      [0, 1, 2, 3, 5].map((i) => learningRateAt(step, i, 10)),
      [8, 8, 8, 4, 2],
    )
  })
  it("falls from the value to the final rate over the budget for a cosine schedule", () => {
    const cosine = schedule({ kind: "cosine", value: 1, final: 0.2 })
    close(learningRateAt(cosine, 0, 101), 1)
    close(learningRateAt(cosine, 50, 101), 0.6)
    close(learningRateAt(cosine, 100, 101), 0.2)
  })
  it("starts at peak/divisor, reaches the peak after the rise and ends at peak/finalDivisor for one cycle", () => {
    const cycle = schedule({ kind: "oneCycle", peak: 1, rise: 0.25, divisor: 10, finalDivisor: 1000 })
    close(learningRateAt(cycle, 0, 100), 0.1)
    close(learningRateAt(cycle, 25, 100), 1)
    close(learningRateAt(cycle, 99, 100), 0.001)
    for (let i = 1; i <= 25; i++)
      assert.isAbove(learningRateAt(cycle, i, 100), learningRateAt(cycle, i - 1, 100))
    for (let i = 26; i < 100; i++)
      assert.isBelow(learningRateAt(cycle, i, 100), learningRateAt(cycle, i - 1, 100))
  })
})
