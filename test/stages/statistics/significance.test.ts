/** Expected values are SciPy 1.17's (binomtest, t, ttest_rel, ttest_ind, betainc), or exact fractions. */
import { assert, describe, it } from "@effect/vitest"
import {
  binomialAtMost,
  clopperPearson,
  incompleteBeta,
  studentQuantile,
  studentTwoSided,
} from "../../../stages/statistics/distributions.ts"
import {
  holm,
  mcnemar,
  meanInterval,
  pairedDifference,
  singleDifference,
  welchDifference,
} from "../../../stages/statistics/significance.ts"

const near = (actual: number, expected: number, relative = 1e-10) =>
  assert.isAtMost(
    Math.abs(actual - expected),
    relative * Math.max(Math.abs(expected), 1e-300),
    `${actual}, not ${expected}`,
  )

const first = [0.031, 0.029, 0.033, 0.03]
const second = [0.027, 0.028, 0.026, 0.029]

describe("distributions", () => {
  it("the incomplete beta function is right on both sides of its mean and for large parameters", () => {
    near(incompleteBeta(0.2, 0.5, 3), 0.733430296619931)
    near(incompleteBeta(0.41, 200, 300), 0.677628164772179)
    near(incompleteBeta(0.505, 5000, 5001), 0.8437643326298574)
    assert.strictEqual(incompleteBeta(0, 2, 3), 0)
    assert.strictEqual(incompleteBeta(1, 2, 3), 1)
  })

  it("binomial sums are those counted: P(X ≤ 2 of 10) = 56/1024", () => {
    near(binomialAtMost(2, 10, 0.5), 56 / 1024)
    near(binomialAtMost(0, 3, 0.25), 27 / 64)
    assert.strictEqual(binomialAtMost(10, 10, 0.5), 1)
    assert.strictEqual(binomialAtMost(-1, 10, 0.5), 0)
  })

  it("Clopper's and Pearson's interval of 8 in 10, and of none and all", () => {
    const { high, low } = clopperPearson(8, 10)
    near(low, 0.4439045376923585)
    near(high, 0.9747892736731665)
    assert.strictEqual(clopperPearson(0, 10).low, 0)
    near(clopperPearson(0, 10).high, 1 - 0.025 ** (1 / 10))
    assert.strictEqual(clopperPearson(10, 10).high, 1)
  })

  it("Student's quantiles and tails", () => {
    near(studentQuantile(0.05, 1), 12.706204736174694)
    near(studentQuantile(0.05, 2), 4.302652729749462)
    near(studentQuantile(0.05, 30), 2.0422724563012378)
    near(studentTwoSided(40, 2), 0.0006244146721847406)
    near(studentTwoSided(10, 1000), 1.6670702958600137e-22, 1e-9)
    assert.strictEqual(studentTwoSided(0, 5), 1)
  })
})

describe("significance", () => {
  it("McNemar's exact test of 8 against 2 is 112/1024, and symmetric", () => {
    const test = mcnemar(8, 2, 100)
    near(test.p, 112 / 1024)
    assert.strictEqual(test.value, 0.06)
    near(test.low, (2 * 0.4439045376923585 - 1) * 0.1, 1e-9)
    near(test.high, (2 * 0.9747892736731665 - 1) * 0.1)
    const turned = mcnemar(2, 8, 100)
    near(turned.p, test.p)
    near(turned.low, -test.high)
  })

  it("McNemar's test holds for many and for no differing examples", () => {
    near(mcnemar(40_000, 41_000, 100_000).p, 0.0004478218231375636)
    near(mcnemar(5050, 4950, 10_000).p, 0.32217419979531087)
    assert.strictEqual(mcnemar(3, 3, 10).p, 1)
    const alike = mcnemar(0, 0, 10_000)
    assert.deepStrictEqual([alike.value, alike.p], [0, 1])
    assert.isAbove(alike.high, 0)
  })

  it("the interval of McNemar's test holds 0 exactly where p is at least 0.05", () => {
    for (let a = 0; a < 40; a++) {
      for (const b of [0, 3, 9, 20]) {
        const { high, low, p } = mcnemar(a, b, 1000)
        assert.strictEqual(low <= 0 && high >= 0, p >= 0.05, `${a} and ${b}`)
      }
    }
  })

  it("mean, standard deviation and Student's interval over seeds", () => {
    const spread = meanInterval(first)
    assert(spread !== undefined)
    near(spread.value, 0.03075)
    near(spread.deviation, 0.0017078251276599332)
    near(spread.low, 0.028032469116203985)
    near(spread.high, 0.03346753088379602)
    assert.isUndefined(meanInterval([0.5]))
  })

  it("paired by seed, as ttest_rel", () => {
    const { high, low, p } = pairedDifference(first.map((value, i) => second[i] - value))
    near(p, 0.10862358012074659)
    near(low, -0.00782044054248644)
    near(high, 0.0013204405424864394)
  })

  it("Welch's test, as ttest_ind without equal variances", () => {
    const { high, low, p } = welchDifference(first, second)
    near(p, 0.02508130888436476)
    near(low, -0.0059172206224740054)
    near(high, -0.0005827793775259938)
  })

  it("one seed against several is wider than their mean's own interval: t = d / (s √(1 + 1/n))", () => {
    const { p, value } = singleDifference(first, 0.04)
    near(value, 0.00925)
    near(p, studentTwoSided(0.00925 / (0.0017078251276599332 * Math.sqrt(1.25)), 3))
  })

  it("equal values have no difference, whatever their spread", () => {
    assert.strictEqual(pairedDifference([0, 0, 0]).p, 1)
    assert.strictEqual(welchDifference([0.1, 0.1], [0.1, 0.1]).p, 1)
  })

  it("Holm's correction, as worked by hand: 0.01, 0.04, 0.03 become 0.03, 0.06, 0.06", () => {
    const corrected = holm([0.01, 0.04, 0.03])
    for (const [i, expected] of [0.03, 0.06, 0.06].entries()) near(corrected[i], expected)
    assert.deepStrictEqual(holm([0.5, 0.9]), [1, 1])
    assert.deepStrictEqual(holm([]), [])
  })
})
