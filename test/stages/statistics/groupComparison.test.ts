/** Which test compares two groups of seeds; the tests themselves are checked in significance.test.ts. */
import { assert, describe, it } from "@effect/vitest"
import { bothHold, compareSeeds, negated } from "../../../stages/statistics/groupComparison.ts"
import {
  pairedDifference,
  singleDifference,
  welchDifference,
} from "../../../stages/statistics/significance.ts"

const group = (errors: Readonly<Record<number, number>>) =>
  Object.entries(errors).map(([seed, error]) => ({ seed: Number(seed), error }))

describe("two groups of seeds", () => {
  it("are compared by pairs if they have the same three seeds or more", () => {
    const first = group({ 1: 0.1, 2: 0.2, 3: 0.3 })
    const second = group({ 3: 0.25, 1: 0.06, 2: 0.18 })
    const expected = pairedDifference([0.06 - 0.1, 0.18 - 0.2, 0.25 - 0.3])
    assert.deepStrictEqual(compareSeeds(first, second), { test: "paired", difference: expected })
  })

  it("are compared by Welch's test if a pairing would throw a seed away", () => {
    const first = group({ 1: 0.1, 2: 0.2, 3: 0.3, 4: 0.4 })
    const second = group({ 3: 0.25, 1: 0.06, 2: 0.18 })
    const difference = welchDifference([0.1, 0.2, 0.3, 0.4], [0.06, 0.18, 0.25])
    for (const [one, other, expected] of [
      [first, second, difference],
      [second, first, negated(difference)],
    ] as const) {
      const found = compareSeeds(one, other)
      assert.strictEqual(found.test, "welch")
      for (const figure of ["value", "low", "high", "p"] as const)
        assert.closeTo(found.difference[figure], expected[figure], 1e-12)
    }
  })

  it("are compared by Welch's test if only two seeds match", () => {
    const first = group({ 1: 0.1, 2: 0.2 })
    const second = group({ 1: 0.06, 2: 0.18 })
    const difference = welchDifference([0.1, 0.2], [0.06, 0.18])
    assert.deepStrictEqual(compareSeeds(first, second), { test: "welch", difference })
  })

  it("are compared by Welch's test if each has a seed of its own", () => {
    const first = group({ 1: 0.1, 2: 0.2, 3: 0.3 })
    const second = group({ 2: 0.18, 3: 0.25, 4: 0.4 })
    const difference = welchDifference([0.1, 0.2, 0.3], [0.18, 0.25, 0.4])
    assert.deepStrictEqual(compareSeeds(first, second), { test: "welch", difference })
  })

  it("are compared as one value against several if one has a single seed, second minus first", () => {
    const several = group({ 1: 0.1, 2: 0.2, 3: 0.3 })
    const one = group({ 1: 0.5 })
    const difference = singleDifference([0.1, 0.2, 0.3], 0.5)
    assert.deepStrictEqual(compareSeeds(several, one), { test: "single", difference })
    assert.deepStrictEqual(compareSeeds(one, several), { test: "single", difference: negated(difference) })
  })

  it("differ only if both tests agree: the larger p-value counts", () => {
    const [small, large] = [
      { value: 1, low: 0.5, high: 1.5, p: 0.001 },
      { value: 1, low: -0.5, high: 2.5, p: 0.2 },
    ]
    assert.strictEqual(bothHold(small, large), large)
    assert.strictEqual(bothHold(large, small), large)
  })
})
