/** Parzen estimators next to Optuna's: `bench/peers/tpe.py densities` printed these values with Optuna 5.0.0. */
import { assert, describe, it } from "@effect/vitest"
import { uniformAt } from "../../../operations/sweep/draw.ts"
import { type Place, placesOf } from "../../../operations/sweep/space.ts"
import {
  drawTpe,
  makeAcquisition,
  parzenDensity,
  parzenKernels,
  splitByValue,
} from "../../../operations/sweep/tpe.ts"

const within = { within: undefined }
const places: ReadonlyArray<Place> = [
  { id: "rate", parameter: { parameter: "logUniform", low: 1e-4, high: 1e-1 }, ...within },
  { id: "size", parameter: { parameter: "choice", options: [10, 20, 50] }, ...within },
  { id: "x", parameter: { parameter: "uniform", low: 0, high: 1 }, ...within },
]
const at = ([rate, size, x]: readonly [number, number, number]) => ({ rate, size, x })
const observed = (
  [
    [1e-3, 1, 0.3],
    [2e-3, 1, 0.4],
    [5e-2, 0, 0.9],
    [1e-4, 2, 0.1],
    [1e-1, 2, 0.5],
    [4e-3, 0, 0.25],
  ] as const
).map((values, value) => ({ parameters: at(values), value }))

describe("a Parzen estimator", () => {
  it("has the densities of Optuna, to six digits", () => {
    const rows = [
      {
        values: [0.5],
        densities: [
          0.8141428753131976, 0.8605143936680271, 0.9860985960652242, 1.1052830558552933, 1.044588887238014,
          0.8141428753131976,
        ],
      },
      {
        values: [0.1, 0.15, 0.7],
        densities: [
          1.3192861429799787, 1.4097610909631504, 1.414028469034282, 0.909350696859964, 0.7586404612945272,
          0.5884231579044088,
        ],
      },
      {
        values: [0.02, 0.2, 0.21, 0.22, 0.5, 0.9, 0.97],
        densities: [
          1.127458921997455, 1.305310141029921, 1.6060755643722855, 0.665166471211982, 0.5583138655711869,
          1.1116579217162956,
        ],
      },
    ]
    for (const { densities, values } of rows) {
      const kernels = parzenKernels(values)
      for (const [i, x] of [0, 0.05, 0.2, 0.5, 0.71, 1].entries()) {
        assert.closeTo(parzenDensity(kernels, x), densities[i], 2e-6)
      }
    }
  })

  it("ranks assignments of several parameters as Optuna does, by log l(x) − log g(x)", () => {
    const { score } = makeAcquisition(places, observed.slice(0, 2), observed.slice(2))
    const points = [
      [1.5e-3, 1, 0.35],
      [1e-2, 0, 0.9],
      [1e-4, 2, 0],
      [8e-2, 1, 0.7],
    ] as const
    const expected = [2.152498782166237, -1.295401069222856, -1.6628963536376773, -0.6156036864410934]
    for (const [i, point] of points.entries()) assert.closeTo(score(at(point)), expected[i], 2e-6)
  })

  it("counts the best tenth as good, at least one and at most 25", () => {
    const goodOf = (count: number) =>
      splitByValue(Array.from({ length: count }, (_, i) => ({ parameters: {}, value: -i }))).good
    assert.deepStrictEqual(
      [1, 10, 11, 60, 1000].map((count) => goodOf(count).length),
      [1, 1, 2, 6, 25],
    )
    assert.strictEqual(goodOf(10)[0].value, -9)
  })

  it("proposes only parameters that exist, and later trials of a batch elsewhere", () => {
    const conditional = placesOf({
      optimizer: {
        parameter: "choice",
        options: [
          { kind: "adam", learningRate: { parameter: "uniform", low: 0, high: 1 } },
          { kind: "momentum", momentum: { parameter: "uniform", low: 0, high: 1 } },
        ],
      },
    })
    const known = Array.from({ length: 20 }, (_, i) => {
      const u = uniformAt(0, "known", i)
      return i % 2 === 0
        ? { parameters: { optimizer: 0, "optimizer#0.learningRate": u }, value: Math.abs(u - 0.3) }
        : { parameters: { optimizer: 1, "optimizer#1.momentum": u }, value: 1 + u }
    })
    const batch: Array<ReturnType<typeof drawTpe>> = []
    for (let trial = 20; trial < 30; trial++) batch.push(drawTpe(1, conditional, trial, known, batch))
    for (const drawn of batch) {
      const inside = drawn["optimizer"] === 0 ? "optimizer#0.learningRate" : "optimizer#1.momentum"
      assert.sameMembers(Object.keys(drawn), ["optimizer", inside])
    }
    assert.isAtLeast(batch.filter((drawn) => drawn["optimizer"] === 0).length, 6)
    const alone = drawTpe(1, conditional, 25, known)
    assert.deepStrictEqual(drawTpe(1, conditional, 25, known), alone)
    assert.notDeepEqual(
      drawTpe(
        1,
        conditional,
        25,
        known,
        Array.from({ length: 30 }, () => alone),
      ),
      alone,
    )
  })
})
