import { assert, describe, it } from "@effect/vitest"
import { isDue, nextDue, totalIterations } from "../../../stages/train/intervals.ts"

describe("an interval", () => {
  it("of epochs ends with the iteration that uses the last example of an epoch", () => {
    // 55,000 examples in batches of 50 end every 1,100th iteration; 7 examples in batches of 3 end with 3, 5, 7.
    assert.strictEqual(nextDue({ epochs: 1 }, 0, 55_000, 50), 1100)
    assert.strictEqual(nextDue({ epochs: 1 }, 1100, 55_000, 50), 2200)
    const due = [1, 2, 3, 4, 5, 6, 7].filter((iteration) => isDue({ epochs: 1 }, iteration, 7, 3))
    assert.deepStrictEqual(due, [3, 5, 7])
  })

  it("of iterations ends at its multiples, and never at 0", () => {
    assert.deepStrictEqual(
      [0, 1, 4, 5, 10].filter((iteration) => isDue(5, iteration, 100, 10)),
      [5, 10],
    )
  })

  it("does not end between an iteration and the one at which it is next due", () => {
    for (const interval of [1, 4, { epochs: 1 }, { epochs: 3 }]) {
      for (const [examples, batch] of [
        [7, 3],
        [100, 10],
        [3, 10],
        [1, 1],
      ]) {
        for (let iteration = 0; iteration < 40; iteration++) {
          const next = nextDue(interval, iteration, examples, batch)
          assert.isAbove(next, iteration)
          assert.isTrue(isDue(interval, next, examples, batch))
          for (let between = iteration + 1; between < next; between++) {
            assert.isFalse(isDue(interval, between, examples, batch))
          }
        }
      }
    }
  })
})

describe("a budget", () => {
  it("in epochs is rounded up to a whole iteration", () => {
    assert.strictEqual(totalIterations({ epochs: 20 }, 56_000, 1000), 1120)
    assert.strictEqual(totalIterations({ epochs: 1 }, 7, 3), 3)
    assert.strictEqual(totalIterations({ iterations: 5 }, 7, 3), 5)
  })
})
