/** Search spaces: how values are drawn, which parameters exist, and which experiments come of them. */
import { assert, describe, it } from "@effect/vitest"
import { drawQuasiRandom, drawRandom } from "../../../operations/sweep/draw.ts"
import { cornerValues, gridValues, makeGrid } from "../../../operations/sweep/grid.ts"
import { applyAssignment, fromUnit, liesIn, placesOf, toUnit } from "../../../operations/sweep/space.ts"
import { drawTpe, parzenDensity, parzenKernels } from "../../../operations/sweep/tpe.ts"
import { choice, integer, logUniform, type SweepInput, uniform } from "../../../schemas/index.ts"
import type { Space } from "../../../schemas/sweep/Space.ts"
import tiny from "../../fixtures/tiny.ts"

/** Typed as a user's space, used as a stored one. */
const spaceOf = (space: SweepInput["space"]) => space as unknown as Space

const nested = spaceOf({
  batchSize: integer(10, 12),
  optimizer: choice(
    { kind: "sgd", learningRate: 0.1 },
    { kind: "momentum", learningRate: logUniform(1e-3, 1e-1), momentum: uniform(0.5, 0.9) },
  ),
})

describe("a space", () => {
  it("draws a parameter inside an option only if the option is drawn", () => {
    const places = placesOf(nested)
    assert.deepStrictEqual(
      places.map(({ id }) => id),
      ["batchSize", "optimizer", "optimizer#1.learningRate", "optimizer#1.momentum"],
    )
    for (let trial = 0; trial < 50; trial++) {
      for (const draw of [drawRandom, drawQuasiRandom]) {
        const drawn = draw(7, places, trial)
        assert.strictEqual("optimizer#1.momentum" in drawn, drawn["optimizer"] === 1)
        assert.isTrue(liesIn(places, drawn))
        const { batchSize, optimizer } = applyAssignment(tiny, nested, drawn) as typeof tiny
        assert.include([10, 11, 12], batchSize)
        assert.deepStrictEqual(
          optimizer as unknown,
          drawn["optimizer"] === 0
            ? { kind: "sgd", learningRate: 0.1 }
            : {
                kind: "momentum",
                learningRate: drawn["optimizer#1.learningRate"],
                momentum: drawn["optimizer#1.momentum"],
              },
        )
      }
    }
  })

  it("sets fields of layers, and makes objects that the base lacks", () => {
    const space = spaceOf({ "model[4].rate": uniform(0, 0.5), "augmentation.rotation": uniform(0, 10) })
    const changed = applyAssignment(tiny, space, { "model[4].rate": 0.25, "augmentation.rotation": 5 })
    assert.deepStrictEqual(changed, {
      ...tiny,
      model: tiny.model.map((layer, i) => (i === 4 ? { ...layer, rate: 0.25 } : layer)),
      augmentation: { rotation: 5 },
    })
  })

  it("changes no draw of another parameter when one is added", () => {
    const wider = placesOf({ ...nested, ...spaceOf({ "model[4].rate": uniform(0, 0.5) }) })
    for (let trial = 0; trial < 20; trial++) {
      const { "model[4].rate": _, ...others } = drawRandom(7, wider, trial)
      assert.deepStrictEqual(others, drawRandom(7, placesOf(nested), trial))
    }
  })

  it("has every combination in its grid once, and its limits at the corners", () => {
    const grid = makeGrid(placesOf(nested), gridValues(3))
    const points = Array.from({ length: grid.count }, (_, i) => JSON.stringify(grid.point(i)))
    // Three batch sizes times: one without parameters, or 3 · 3 points.
    assert.strictEqual(grid.count, 3 * (1 + 9))
    assert.strictEqual(new Set(points).size, grid.count)
    const corners = makeGrid(placesOf(nested), cornerValues)
    assert.strictEqual(corners.count, 2 * (1 + 4))
    assert.deepStrictEqual(corners.point(corners.count - 1), {
      batchSize: 12,
      optimizer: 1,
      "optimizer#1.learningRate": 0.1,
      "optimizer#1.momentum": 0.9,
    })
  })

  it("reads a value back from its place in the range", () => {
    const parameters = [
      { parameter: "uniform", low: -2, high: 3 },
      { parameter: "logUniform", low: 1e-5, high: 1 },
      { parameter: "integer", low: 3, high: 9 },
      { parameter: "choice", options: ["a", "b", "c"] },
    ] as const
    for (const parameter of parameters) {
      for (const u of [0, 0.2, 0.5, 0.99]) {
        const value = fromUnit(parameter, u)
        assert.strictEqual(fromUnit(parameter, toUnit(parameter, value)), value)
      }
    }
  })
})

describe("quasi-random draws", () => {
  it("leave smaller gaps than independent ones", () => {
    const places = placesOf(spaceOf({ "model[4].rate": uniform(0, 1) }))
    const gap = (draw: typeof drawRandom) => {
      const values = Array.from({ length: 100 }, (_, i) => draw(1, places, i)["model[4].rate"]).toSorted(
        (a, b) => a - b,
      )
      return Math.max(...values.slice(1).map((value, i) => value - values[i]))
    }
    // The golden ratio leaves gaps of at most about 1.6 / 100.
    assert.isBelow(gap(drawQuasiRandom), 0.02)
    assert.isAbove(gap(drawRandom), 0.02)
  })
})

describe("a Parzen estimator", () => {
  it("has the density of its truncated Gaussians, which integrates to 1", () => {
    // One value at 0.5 with deviation 0.5, and the prior: φ(0)/0.5/(2Φ(1) − 1) and φ(0)/(2Φ(0.5) − 1).
    const kernels = parzenKernels([0.5])
    assert.approximately(parzenDensity(kernels, 0.5), (1.168738 + 1.041824) / 2, 1e-5)
    for (const values of [[], [0.1, 0.11, 0.9], [0, 1, 0.5, 0.5]]) {
      const some = parzenKernels(values)
      const steps = 10_000
      const sum = Array.from({ length: steps }, (_, i) => parzenDensity(some, (i + 0.5) / steps))
      assert.approximately(sum.reduce((a, b) => a + b, 0) / steps, 1, 1e-4)
    }
  })

  it("proposes values near the good trials, and options that they have", () => {
    const places = placesOf(spaceOf({ "model[4].rate": uniform(0, 1), batchSize: choice(10, 20, 50) }))
    const observations = Array.from({ length: 40 }, (_, i) => {
      const parameters = drawRandom(3, places, i)
      const value = Math.abs(parameters["model[4].rate"] - 0.3) + (parameters["batchSize"] === 1 ? 0 : 0.5)
      return { parameters, value }
    })
    const proposals = Array.from({ length: 20 }, (_, i) => drawTpe(3, places, 40 + i, observations))
    const distance = (some: typeof proposals) =>
      some.reduce((sum, one) => sum + Math.abs(one["model[4].rate"] - 0.3), 0) / some.length
    assert.isBelow(distance(proposals), 0.75 * distance(observations.map(({ parameters }) => parameters)))
    assert.isAtLeast(proposals.filter((one) => one["batchSize"] === 1).length, 15)
  })
})
