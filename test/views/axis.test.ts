import { assert, describe, it } from "@effect/vitest"
import { tickCount } from "../../views/page/axis.ts"

describe("ticks of an axis", () => {
  it("are fewer where the wish would give labels that run into each other", () => {
    assert.strictEqual(tickCount(100, 1650, 5), 4)
    assert.strictEqual(tickCount(0, 1000, 5), 5)
    assert.strictEqual(tickCount(3, 3, 5), 2)
  })
})
