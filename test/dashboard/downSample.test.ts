/** Down-sampling for charts: what matters stays, whatever the length of a curve. */
import { assert, describe, it } from "@effect/vitest"
import { downSample } from "../../dashboard/curves/downSample.ts"
import { makeRowTable } from "../../dashboard/curves/rowTable.ts"
import { rowsSent, thinRows } from "../../dashboard/curves/thinRows.ts"
import type { SentRow } from "../../dashboard/messages.ts"

const upTo = (count: number) => Float64Array.from({ length: count }, (_, i) => i + 1)

describe("down-sampling", () => {
  it("keeps first, last, lowest and highest of every pixel column", () => {
    const xs = upTo(10_000)
    const ys = xs.map(
      (x) => Math.sin(x * 12.9898) * 43_758.5453 - Math.floor(Math.sin(x * 12.9898) * 43_758.5453),
    )
    const columns = 100
    const kept = downSample(xs, ys, { from: 1, to: 10_000, columns })
    assert.isAtMost(kept.length, 4 * (columns + 1))
    const set = new Set(kept)
    const scale = columns / (10_000 - 1)
    const byColumn = Map.groupBy(xs.keys(), (i) => Math.min(columns - 1, Math.floor((xs[i] - 1) * scale)))
    assert.strictEqual(byColumn.size, columns)
    for (const positions of byColumn.values()) {
      const values = positions.map((i) => ys[i])
      for (const i of [
        positions[0],
        positions[positions.length - 1],
        positions[values.indexOf(Math.min(...values))],
        positions[values.indexOf(Math.max(...values))],
      ]) {
        assert.isTrue(set.has(i), `position ${i}`)
      }
    }
    assert.deepStrictEqual(
      kept,
      [...set].sort((a, b) => a - b),
    )
  })

  it("shows one spike in ten million points, and one value that is no number", () => {
    const count = 10_000_000
    const xs = new Float64Array(count)
    const ys = new Float64Array(count)
    for (let i = 0; i < count; i++) {
      xs[i] = i
      ys[i] = 1 + 0.1 * Math.sin(i / 1000)
    }
    ys[7_654_321] = 50
    ys[1_234_567] = Number.NaN
    const kept = downSample(xs, ys, { from: 0, to: count - 1, columns: 600 })
    assert.include(kept, 7_654_321)
    assert.include(kept, 1_234_567)
    assert.isAtMost(kept.length, 4 * 600 + 1)
  })

  it("keeps every value that is no finite number", () => {
    const xs = upTo(1000)
    const ys = xs.map((x) => (x % 7 === 0 ? Number.NaN : x % 11 === 0 ? Number.POSITIVE_INFINITY : x))
    const kept = new Set(downSample(xs, ys, { from: 1, to: 1000, columns: 3 }))
    for (const [i, y] of ys.entries()) if (!Number.isFinite(y)) assert.isTrue(kept.has(i), `position ${i}`)
    assert.isFalse(kept.has(500))
  })

  it("gives the same points every time", () => {
    const xs = upTo(5000)
    const ys = xs.map((x) => Math.cos(x))
    const view = { from: 1, to: 5000, columns: 37 }
    assert.deepStrictEqual(downSample(xs, ys, view), downSample([...xs], [...ys], view))
  })

  it("has columns of equal width in pixels on a logarithmic axis", () => {
    const xs = upTo(100_000)
    const ys = xs.map(() => 0)
    const view = { from: 1, to: 100_000, columns: 50 }
    const early = (isLogarithmic: boolean) =>
      downSample(xs, ys, { ...view, isLogarithmic }).filter((i) => xs[i] <= 100).length
    // Two of five decades: 20 of 50 columns, of which the first ones have fewer points than columns.
    assert.isAbove(early(true), 20)
    assert.isAtMost(early(false), 2)
    const spike = xs.map((x) => (x === 3 ? 1 : 0))
    assert.include(downSample(xs, spike, { ...view, isLogarithmic: true }), 2)
  })

  it("shows every point of a view that has few, and the neighbours to which lines lead", () => {
    const xs = upTo(100_000)
    const ys = xs.map((x) => Math.sin(x))
    assert.deepStrictEqual(
      downSample(xs, ys, { from: 500, to: 504, columns: 600 }),
      [498, 499, 500, 501, 502, 503, 504],
    )
    assert.deepStrictEqual(downSample([], [], { from: 0, to: 1, columns: 10 }), [])
    assert.deepStrictEqual(downSample([5], [1], { from: 5, to: 5, columns: 10 }), [0])
  })
})

describe("rows of a very long run", () => {
  const tableOf = (rows: ReadonlyArray<SentRow>) => {
    const table = makeRowTable()
    for (const each of rows) table.push(each)
    return table
  }
  const row = (iteration: number, loss: number | null): SentRow => [0, iteration, loss, 0.5, 0.1, 1]

  it("are sent whole up to a limit, and then without what no chart would show", () => {
    const some = Array.from({ length: rowsSent }, (_, i) => row(i, 1))
    assert.deepStrictEqual(thinRows(tableOf(some)), some)
    const many = Array.from({ length: 300_000 }, (_, i) =>
      row(i, i === 123_456 ? 9 : i === 77_777 ? null : 1),
    )
    const thinned = thinRows(tableOf(many))
    assert.isBelow(thinned.length, rowsSent)
    assert.isTrue(thinned.some(([, iteration]) => iteration === 123_456))
    assert.isTrue(thinned.some(([, iteration]) => iteration === 77_777))
    assert.deepStrictEqual(thinned[0], many[0])
    assert.deepStrictEqual(thinned.at(-1), many.at(-1))
    assert.strictEqual(thinRows(tableOf(many), { from: 1000, to: 2000 }).length, 1001)
  })
})
