import { assert, describe, it } from "@effect/vitest"
import { makeRecentSpeed } from "../../cli/render/recentSpeed.ts"

describe("makeRecentSpeed", () => {
  it("returns no speed for one count, or for two at the same time", () => {
    const speed = makeRecentSpeed()
    assert.isUndefined(speed(1000, 7))
    assert.isUndefined(speed(1000, 8))
  })

  it("averages over all counts of the first minute", () => {
    const speed = makeRecentSpeed()
    speed(0, 100)
    assert.strictEqual(speed(10_000, 200), 10)
    assert.strictEqual(speed(40_000, 900), 20)
  })

  it("ignores counts older than a minute", () => {
    const speed = makeRecentSpeed()
    speed(0, 0)
    for (let second = 1; second <= 600; second++) speed(second * 1000, second)
    // A hundred times faster from here on: after a minute, only this speed counts.
    let latest: number | undefined
    for (let second = 601; second <= 660; second++) latest = speed(second * 1000, 600 + 100 * (second - 600))
    assert.strictEqual(latest, 100)
  })

  it("starts over when the count decreases", () => {
    const speed = makeRecentSpeed()
    speed(0, 0)
    speed(1000, 40)
    assert.isUndefined(speed(2000, 1))
    assert.strictEqual(speed(3000, 6), 5)
  })

  it("returns a speed for counts more than a minute apart", () => {
    const speed = makeRecentSpeed()
    speed(0, 0)
    speed(300_000, 3)
    assert.strictEqual(speed(600_000, 9), 0.02)
  })
})
