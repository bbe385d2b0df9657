/** One-sided tests agree with the two-sided ones, which are checked against SciPy (significance.test.ts). */
import { assert, describe, it } from "@effect/vitest"
import { mcnemarWorse, pairedWorse } from "../../../stages/statistics/nonInferiority.ts"
import { mcnemar, pairedDifference } from "../../../stages/statistics/significance.ts"

describe("non-inferiority tests", () => {
  it("McNemar: p is half the two-sided one if the challenger is behind, and the limit is that of the interval", () => {
    const worse = mcnemarWorse(15, 5, 1000, 0.025)
    const both = mcnemar(15, 5, 1000)
    assert.closeTo(worse.p, both.p / 2, 1e-12)
    assert.closeTo(worse.worseByAtMost, both.high, 1e-9)
    assert.closeTo(worse.p, 21_700 / 2 ** 20, 1e-12)
  })

  it("McNemar: p is above 0.5 if the challenger is ahead", () => {
    assert.isAbove(mcnemarWorse(5, 15, 1000, 0.05).p, 0.9)
    assert.strictEqual(mcnemarWorse(0, 0, 1000, 0.05).p, 1)
    // (1 - x)^1000 = 0.05
    assert.closeTo(mcnemarWorse(0, 0, 1000, 0.05).worseByAtMost, 1 - 0.05 ** 0.001, 1e-9)
  })

  it("paired t test: agrees with the two-sided paired t test", () => {
    const differences = [0.1, 0.3, -0.1, 0.2, 0.15]
    const both = pairedDifference(differences)
    const worse = pairedWorse(differences, 0.025)
    assert.closeTo(worse.p, both.p / 2, 1e-12)
    assert.closeTo(worse.worseByAtMost, both.high, 1e-9)
    assert.closeTo(
      pairedWorse(
        differences.map((d) => -d),
        0.025,
      ).p,
      1 - both.p / 2,
      1e-12,
    )
    assert.strictEqual(pairedWorse([0, 0, 0], 0.05).p, 1)
  })
})
