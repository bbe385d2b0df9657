/** The ranges of the axes of a live chart. */
import { assert, describe, it } from "@effect/vitest"
import { axisOf, firstPlace, logarithmicPart, rangeOf, zoomOfKey } from "../../dashboard/client/chartRange.ts"
import { downSample } from "../../dashboard/curves/downSample.ts"

const upTo = (last: number) => Array.from({ length: last + 1 }, (_, i) => i)

describe("a logarithmic axis", () => {
  it("begins at the smallest value above 0, or below it if 0 needs a place", () => {
    assert.strictEqual(firstPlace([{ xs: [10, 20] }, { xs: [5, 7] }]), 5)
    assert.strictEqual(firstPlace([{ xs: [0, 4, 20] }, { xs: [] }]), 2)
    assert.strictEqual(firstPlace([{ xs: [0.25, 0.5] }]), 0.25)
    assert.strictEqual(firstPlace([{ xs: [0] }]), 0.5)
    assert.strictEqual(firstPlace([]), 1)
  })

  it("has a part of every range, also below 1 and where the range has no value above 0", () => {
    assert.deepStrictEqual(logarithmicPart({ from: 0, to: 100 }, 0.5), { from: 0.5, to: 100 })
    assert.deepStrictEqual(logarithmicPart({ from: 0.3, to: 0.6 }, 0.25), { from: 0.3, to: 0.6 })
    assert.deepStrictEqual(logarithmicPart({ from: -5, to: 0 }, 0.5), { from: 0.5, to: 1 })
    assert.deepStrictEqual(axisOf({ from: 4, to: 4 }, true), [2, 8])
    assert.deepStrictEqual(axisOf({ from: 4, to: 4 }, false), [3, 5])
    assert.deepStrictEqual(axisOf({ from: 0.5, to: 100 }, true), [0.5, 100])
  })

  it("leaves no column of pixels to a value of 0: the points share all of them", () => {
    const xs = upTo(10_000)
    const first = firstPlace([{ xs }])
    const placed = xs.map((x) => Math.max(x, first))
    const view = { ...logarithmicPart(rangeOf([{ xs }]), first), columns: 400, isLogarithmic: true }
    const kept = downSample(placed, xs.map(Math.sin), view)
    assert.strictEqual(kept[0], 0)
    // Two of the four decades and a bit are below 100, where every point has a column of its own.
    assert.isAbove(kept.filter((i) => xs[i] <= 100).length, 90)
    assert.isAbove(kept.length, 600)
  })
})

describe("the keyboard in a chart", () => {
  it("zooms in, moves, and leads back to the whole", () => {
    const all = { from: 0, to: 100 }
    assert.deepStrictEqual(zoomOfKey("+", undefined, all), { range: { from: 25, to: 75 } })
    assert.deepStrictEqual(zoomOfKey("ArrowRight", { from: 25, to: 75 }, all), {
      range: { from: 37.5, to: 87.5 },
    })
    assert.deepStrictEqual(zoomOfKey("-", { from: 25, to: 75 }, all), { range: undefined })
    assert.deepStrictEqual(zoomOfKey("0", { from: 25, to: 75 }, all), { range: undefined })
    assert.isUndefined(zoomOfKey("a", undefined, all))
  })
})
