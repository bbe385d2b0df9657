/** A sweep whose objective is a metric of the experiment: what it compares, and how it is shown. */
import { assert, describe, it } from "@effect/vitest"
import { evaluationAt, objectiveOf } from "../../../operations/sweep/barriers.ts"
import { objectiveName, showChange, showObjective, showSpread } from "../../../operations/sweep/describe.ts"
import type { ValidationMetric } from "../../../schemas/Metric.ts"

const row = (iteration: number, macroF1: number): ValidationMetric => ({
  split: "validation",
  iteration,
  epoch: 0,
  loss: 1,
  accuracy: 0.5,
  error: 0.5,
  metrics: { macroF1 },
})
const most = { metric: "macroF1", mode: "max" } as const
const least = { metric: "macroF1", mode: "min" } as const
const [judged, byLeast] = [{ objective: most }, { objective: least }]

describe("a metric as the objective", () => {
  it("is minimized, so its negative is if more of it is better", () => {
    assert.strictEqual(objectiveOf(most, row(10, 0.75)), -0.75)
    assert.strictEqual(objectiveOf(least, row(10, 0.75)), 0.75)
    assert.isTrue(Object.is(objectiveOf(most, row(10, 0)), 0))
  })

  it("is shown as it is, with its interval from low to high", () => {
    assert.strictEqual(objectiveName(judged), "macroF1")
    assert.strictEqual(showObjective(judged, -0.75), "0.750")
    assert.strictEqual(showObjective(byLeast, 0.75), "0.750")
    assert.strictEqual(
      showSpread(judged, { value: -0.75, low: -0.875, high: -0.625 }),
      "0.750 (0.625 to 0.875)",
    )
    assert.strictEqual(showSpread(byLeast, { value: -0.75, low: -1, high: 0.5 }), "−0.750 (−1.00 to 0.500)")
    assert.strictEqual(showChange(judged, -0.25), "+0.250")
    assert.strictEqual(showChange(byLeast, -0.25), "−0.250")
  })

  it("decides which evaluation counts if it is monitored", () => {
    const rows = [row(10, 0.5), row(20, 0.75), row(30, 0.25)]
    const best = (monitor: typeof most | typeof least) =>
      evaluationAt({ monitor, report: "best" }, rows, 30)?.iteration
    assert.deepStrictEqual([best(most), best(least)], [20, 30])
    assert.strictEqual(evaluationAt({ monitor: most, report: "last" }, rows, 30)?.iteration, 30)
  })
})
