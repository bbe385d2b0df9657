import { assert, describe, it } from "@effect/vitest"
import { makeRecentSpeed } from "../../cli/render/recentSpeed.ts"

describe("the recent speed", () => {
  it("is not known from one count, nor from two at the same time", () => {
    const speed = makeRecentSpeed()
    assert.isUndefined(speed(1000, 7))
    assert.isUndefined(speed(1000, 8))
  })

  it("is of all there is until a minute is over", () => {
    const speed = makeRecentSpeed()
    speed(0, 100)
    assert.strictEqual(speed(10_000, 200), 10)
    assert.strictEqual(speed(40_000, 900), 20)
  })

  it("forgets what is more than a minute ago", () => {
    const speed = makeRecentSpeed()
    speed(0, 0)
    for (let second = 1; second <= 600; second++) speed(second * 1000, second)
    // A hundred times as fast from here on: after a minute it is as if it had been so always.
    let latest: number | undefined
    for (let second = 601; second <= 660; second++) latest = speed(second * 1000, 600 + 100 * (second - 600))
    assert.strictEqual(latest, 100)
  })

  it("begins anew with a count that goes back", () => {
    const speed = makeRecentSpeed()
    speed(0, 0)
    speed(1000, 40)
    assert.isUndefined(speed(2000, 1))
    assert.strictEqual(speed(3000, 6), 5)
  })

  it("is known where counts come less often than once a minute", () => {
    const speed = makeRecentSpeed()
    speed(0, 0)
    speed(300_000, 3)
    assert.strictEqual(speed(600_000, 9), 0.02)
  })
})
