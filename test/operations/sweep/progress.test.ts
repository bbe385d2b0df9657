/** What became of the trials of a sweep, and which parameters mattered. */
import { assert, describe, it } from "@effect/vitest"
import { uniformAt } from "../../../operations/sweep/draw.ts"
import { groupsOf, importancesOf, ranksOf } from "../../../operations/sweep/importance.ts"
import { comparedRung, countStatus, progressOf } from "../../../operations/sweep/progress.ts"
import { placesOf } from "../../../operations/sweep/space.ts"
import {
  fAtLeast,
  noncentralFAtMost,
  noncentralityInterval,
} from "../../../stages/statistics/distributions.ts"
import { byRate, define, play } from "../../fixtures/simulatedSweep.ts"

const halving = { kind: "halving", factor: 3, rungs: 3, from: "quasiRandom" } as const

describe("the progress of a sweep", () => {
  it("tells finished, pruned, failed and open trials apart after every record", () => {
    const definition = define(halving, 18, {
      base: { ...define(halving, 18).base, budget: { iterations: 90 }, evaluateEvery: 10 },
    })
    const { records } = play(definition, (part, parameters) =>
      part.trial === 4 ? "failed" : byRate(part, parameters),
    )
    const counts = (until: number) => {
      const progress = progressOf(definition, records.slice(0, until))
      return (["finished", "pruned", "failed", "open"] as const).map((status) =>
        countStatus(progress, status),
      )
    }
    // 18 trials are drawn first; then each has a record at the first barrier.
    assert.deepStrictEqual(counts(0), [0, 0, 0, 0])
    assert.deepStrictEqual(counts(18), [0, 0, 0, 18])
    assert.deepStrictEqual(counts(18 + 18), [0, 11, 1, 6])
    assert.deepStrictEqual(counts(18 + 18 + 6), [0, 15, 1, 2])
    assert.deepStrictEqual(counts(records.length), [2, 15, 1, 0])
    for (let until = 18; until <= records.length; until++) {
      assert.strictEqual(
        counts(until).reduce((a, b) => a + b),
        18,
      )
    }
    const progress = progressOf(definition, records)
    assert.deepStrictEqual(progress.barriers, [10, 30, null])
    assert.strictEqual(progress.phase, null)
    assert.strictEqual(comparedRung(progress), 0)
    const failed = progress.trials[4]
    assert.strictEqual(failed.reason, "training diverged")
    assert.isNull(failed.rung)
    assert.lengthOf(progress.ranking, 2)
    assert.isAtMost(progress.ranking[0].value, progress.ranking[1].value)
  })
})

describe("the importance of parameters", () => {
  const uniform = (id: string) =>
    ({ id, parameter: { parameter: "uniform", low: 0, high: 1 }, within: undefined }) as const

  it("has the values of SciPy for the F distribution and its noncentrality", () => {
    // 1 - stats.f.cdf(3, 2, 10); stats.ncf.cdf(3, 2, 10, 4), SciPy 1.17.
    assert.closeTo(fAtLeast(3, 2, 10), 0.095367431640625, 1e-12)
    assert.closeTo(noncentralFAtMost(3, 2, 10, 4), 0.5489678908785354, 1e-12)
    assert.closeTo(noncentralFAtMost(3, 2, 10, 0), 1 - fAtLeast(3, 2, 10), 1e-12)
    const { high, low } = noncentralityInterval(8, 3, 36)
    assert.closeTo(noncentralFAtMost(8, 3, 36, low), 0.975, 1e-9)
    assert.closeTo(noncentralFAtMost(8, 3, 36, high), 0.025, 1e-9)
    assert.deepStrictEqual(noncentralityInterval(0.01, 3, 36).low, 0)
  })

  it("groups options, few whole numbers, and other values in about equal parts; ranks equal values alike", () => {
    const choice = { parameter: "choice", options: ["a", "b", "c"] } as const
    assert.deepStrictEqual(
      groupsOf(choice, [2, 0, 2, 0]).map(({ low, members }) => [low, members]),
      [
        [0, [1, 3]],
        [2, [0, 2]],
      ],
    )
    const sizes = groupsOf(
      uniform("a").parameter,
      Array.from({ length: 18 }, (_, i) => i / 18),
    ).map(({ members }) => members.length)
    assert.deepStrictEqual(sizes, [6, 6, 6])
    assert.deepStrictEqual(ranksOf([3, 1, 3, 2]), [3.5, 1, 3.5, 2])
  })

  it("finds the parameter that matters, and 40 trials of noise have a significant one in at most 5 % of 200 sweeps", () => {
    const trialsOf = (seed: number, effect: number) =>
      Array.from({ length: 40 }, (_, trial) => {
        const [a, b, noise] = ["a", "b", "noise"].map((purpose) => uniformAt(seed, purpose, trial))
        return { parameters: { a, b }, value: effect * Math.abs(a - 0.3) + noise }
      })
    const places = [uniform("a"), uniform("b")]
    const [important, other] = importancesOf(places, trialsOf(0, 4))
    assert.isAbove(important.share?.value ?? 0, 0.4)
    assert.isAbove(important.share?.low ?? 0, other.share?.value ?? 1)
    assert.isBelow(important.p ?? 1, 0.001)
    let claims = 0
    for (let seed = 0; seed < 200; seed++) {
      if (importancesOf(places, trialsOf(seed, 0)).some(({ p }) => (p ?? 1) < 0.05)) claims++
    }
    assert.isAtMost(claims, 10)
  })

  it("says nothing about a parameter that fewer than ten trials have, nor if all values are equal", () => {
    const inside = {
      ...uniform("choice#1.a"),
      within: { id: "choice", option: 1 },
    }
    const trials = Array.from({ length: 20 }, (_, i) => ({
      parameters: i < 9 ? { a: i, "choice#1.a": i / 9 } : { a: i },
      value: 0.5,
    }))
    const [found, few] = importancesOf([uniform("a"), inside], trials)
    assert.deepStrictEqual(found, { id: "a", trials: 20, share: { value: 0, low: 0, high: 1 }, p: 1 })
    assert.deepStrictEqual(few, { id: "choice#1.a", trials: 9, share: null, p: null })
  })

  it("has the parameters of a space in its order", () => {
    const definition = define({ kind: "random" }, 20)
    const { state } = play(definition, byRate)
    const trials = [...state.drawn].map(([trial, parameters]) => ({ parameters, value: trial }))
    assert.deepStrictEqual(
      importancesOf(placesOf(definition.space), trials).map(({ id }) => id),
      ["batchSize", "optimizer.learningRate"],
    )
  })
})
