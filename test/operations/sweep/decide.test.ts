/** What a sweep decides, without training: the measured values come from a function. */
import { assert, describe, it } from "@effect/vitest"
import { conclude } from "../../../operations/sweep/conclude.ts"
import { plannedTrials, keyOf, nextStep, type Part, stateOf } from "../../../operations/sweep/decide.ts"
import { uniformAt } from "../../../operations/sweep/draw.ts"
import { finalistsOf, winnerOf } from "../../../operations/sweep/finish.ts"
import type { Strategy } from "../../../schemas/sweep/Strategy.ts"
import { byRate, define, play } from "../../fixtures/simulatedSweep.ts"

const halving = { kind: "halving", factor: 3, rungs: 3, from: "quasiRandom" } as const

describe("a sweep", () => {
  it("promotes the best third at each barrier, and the lower number of equal trials", () => {
    const { ended, records } = play(define(halving, 18), byRate)
    const at = (rung: number) =>
      records.flatMap((record) =>
        record.record === "measured" && record.rung === rung && record.seed === 0 ? [record] : [],
      )
    assert.deepStrictEqual(
      [0, 1, 2].map((rung) => at(rung).length),
      [18, 6, 2],
    )
    const best = at(0).toSorted((a, b) => a.value - b.value)
    assert.deepStrictEqual(
      at(1).map(({ trial }) => trial),
      best.slice(0, 6).map(({ trial }) => trial),
    )
    assert.strictEqual(ended.ranking[0].trial, best[0].trial)
    const equal = play(define(halving, 18), () => 0.1)
    assert.deepStrictEqual(
      equal.ended.ranking.map(({ trial }) => trial),
      [0, 1],
    )
  })

  it("has the brackets of Hyperband's authors, and ends a grid at its last point", () => {
    const hyperband = play(define({ ...halving, kind: "hyperband" }, null), byRate)
    const counts = [0, 1, 2].map(
      (rung) =>
        hyperband.records.filter((one) => one.record === "measured" && one.rung === rung && one.seed === 0)
          .length,
    )
    // 9 → 3 → 1, then 5 → 1, then 3.
    assert.deepStrictEqual(counts, [9, 3 + 5, 1 + 1 + 3])
    const grid = play(define({ kind: "grid", points: 4 }, null), byRate)
    assert.strictEqual(stateOf(grid.records).drawn.size, 12)
    const points = new Set([...stateOf(grid.records).drawn.values()].map((one) => JSON.stringify(one)))
    assert.strictEqual(points.size, 12)
  })

  it("goes past trials that failed, and ends if all of them did", () => {
    const some = play(define(halving, 18), (part, parameters) =>
      typeof part.trial === "number" && part.trial % 2 === 0 ? "failed" : byRate(part, parameters),
    )
    assert.isTrue(some.ended.ranking.every(({ trial }) => trial % 2 === 1))
    const all = play(define(halving, 18), () => "failed")
    assert.deepStrictEqual(all.ended.ranking, [])
    assert.deepStrictEqual(finalistsOf(all.state, all.ended), [])
  })

  it("decides the same from a journal that was cut after any record", () => {
    const strategies: ReadonlyArray<Strategy> = [halving, { kind: "tpe", startup: 4, batch: 3 }]
    for (const strategy of strategies) {
      const definition = define(strategy, 12)
      const { records } = play(definition, byRate)
      for (let cut = 0; cut < records.length; cut++) {
        const kept = records.slice(0, cut)
        const state = stateOf(kept)
        const step = nextStep(definition, state)
        if (step.kind === "ended") throw new Error("it cannot have ended")
        const next = records[cut]
        const drawn = [...step.draw].filter(([trial]) => !state.drawn.has(trial))
        if (next.record === "trial") assert.deepStrictEqual(drawn[0], [next.trial, next.parameters])
        else {
          const missing = step.parts.find((part) => !state.measured.has(keyOf(part)))
          assert.strictEqual(missing && keyOf(missing), keyOf(next))
        }
      }
    }
  })

  it("finds better trials by Parzen estimators than by chance, on average over 20 seeds", () => {
    const mean = (strategy: Strategy) => {
      const values = Array.from({ length: 20 }, (_, seed) => {
        const { ended } = play(define(strategy, 40, { seed }), byRate)
        return ended.ranking[0].value
      })
      return values.reduce((a, b) => a + b, 0) / values.length
    }
    assert.isBelow(mean({ kind: "tpe", startup: 10, batch: 5 }), 0.7 * mean({ kind: "random" }))
  })

  it("claims an improvement in at most 5 % of 200 sweeps of pure noise, although the best trial always looks better", () => {
    let [claims, lucky] = [0, 0]
    for (let seed = 0; seed < 200; seed++) {
      const draw = (purpose: string, position: number) => uniformAt(seed, purpose, position)
      const gaussian = (purpose: string, position: number) =>
        Math.sqrt(-2 * Math.log(1 - draw(purpose, 2 * position))) *
        Math.cos(2 * Math.PI * draw(purpose, 2 * position + 1))
      // Every training has an error rate of 2 %, give or take its seed; nothing depends on the parameters.
      const truth = ({ seed: trained, trial }: Part) => 0.02 + 0.002 * gaussian(`truth/${trial}`, trained)
      const { ended, state } = play(
        define({ kind: "random" }, 20, { seed }),
        (part) => truth(part) + 0.002 * gaussian(`validation/${part.trial}`, part.seed),
      )
      const winner = winnerOf(finalistsOf(state, ended))
      if (winner === undefined) throw new Error("no trial failed")
      if (winner.retrained.value > winner.searched) lucky++
      const examples = 500
      const test = (trial: Part["trial"]) =>
        ended.freshSeeds.map((fresh) => {
          const share = truth({ trial, seed: fresh, rung: 0 })
          const wrong = Array.from({ length: examples }, (_, i) =>
            draw(`test/${trial}/${fresh}`, i) < share ? 1 : 0,
          )
          return { seed: fresh, wrong, error: wrong.reduce((a: number, b) => a + b, 0) / examples }
        })
      const [ofBase, ofWinner] = [test("base"), test(winner.trial)]
      const share = (tests: typeof ofBase, i: number) =>
        tests.reduce((sum, { wrong }) => sum + wrong[i], 0) / tests.length
      const byExample = Array.from({ length: examples }, (_, i) => share(ofWinner, i) - share(ofBase, i))
      if (conclude(ofBase, ofWinner, byExample).isBetter) claims++
    }
    assert.isAtMost(claims, 10)
    assert.isAtLeast(lucky, 180)
  })

  it("is better than the base if it makes fewer errors with every seed, and not the other way round", () => {
    const errors = (error: number) => [0, 1, 2, 3, 4].map((seed) => ({ seed, error: error + seed / 10_000 }))
    // 1,000 examples: the base has 3 % wrong, of which the winner gets two thirds right.
    const byExample = Array.from({ length: 1000 }, (_, i) => (i < 20 ? -1 : 0))
    const better = conclude(errors(0.03), errors(0.01), byExample)
    assert.isTrue(better.isBetter)
    assert.closeTo(better.difference.value, -0.02, 1e-9)
    const worse = conclude(
      errors(0.01),
      errors(0.03),
      byExample.map((each) => -each),
    )
    assert.isFalse(worse.isBetter)
    assert.isBelow(worse.difference.p, 0.05)
    const ofSeedsAlone = conclude(
      errors(0.03),
      errors(0.01),
      byExample.map(() => 0),
    )
    assert.isFalse(ofSeedsAlone.isBetter, "the difference must hold over the examples, too")
  })

  it("is drawn from the trials that are known beforehand, unless proposals depend on results", () => {
    for (const strategy of [
      { kind: "random" },
      { kind: "quasiRandom" },
      { kind: "grid", points: 3 },
      { kind: "halving", factor: 3, rungs: 3, from: "random" },
      { kind: "hyperband", factor: 3, rungs: 3, from: "quasiRandom" },
      { kind: "tpe", startup: 4, batch: 3 },
    ] as const) {
      const own = strategy.kind === "grid" || strategy.kind === "hyperband"
      const definition = define(strategy, own ? null : 10)
      const { state } = play(definition, byRate)
      const drawn = [...state.drawn].toSorted(([a], [b]) => a - b).map(([, parameters]) => parameters)
      const known = strategy.kind === "tpe" ? drawn.slice(0, 4) : drawn
      assert.deepStrictEqual(plannedTrials(definition), known, strategy.kind)
    }
  })
})
