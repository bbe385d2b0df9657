/**
 * What a strategy trains: (strategy, number of trials) -> brackets of trials, and the share of the budget at each barrier.
 *
 * A barrier is a rung. Trials of a bracket are trained to its first rung; the best of them are promoted to the next one.
 */
import type { Strategy } from "../../schemas/sweep/Strategy.ts"

export interface Bracket {
  /** The number of its first trial. */
  readonly first: number
  readonly trials: number
  /** Rungs, rising; the last one is the whole budget. */
  readonly rungs: ReadonlyArray<number>
}

export interface SweepPlan {
  /** Share of the budget by rung; the last is 1. */
  readonly shares: ReadonlyArray<number>
  readonly brackets: ReadonlyArray<Bracket>
  /** One trial of so many is promoted. */
  readonly factor: number
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)

const sharesOf = (factor: number, rungs: number) => upTo(rungs).map((rung) => factor ** (rung + 1 - rungs))

/** Consecutive brackets of these sizes. */
const inSequence = (sizes: ReadonlyArray<Omit<Bracket, "first">>): ReadonlyArray<Bracket> => {
  let first = 0
  return sizes.map((size) => {
    const bracket = { ...size, first }
    first += size.trials
    return bracket
  })
}

/** Li et al., Hyperband (2018), algorithm 1: the bracket that prunes most comes first. */
const hyperbandSizes = (factor: number, rungs: number) =>
  upTo(rungs).map((skipped) => ({
    trials: Math.ceil((rungs / (rungs - skipped)) * factor ** (rungs - skipped - 1)),
    rungs: upTo(rungs).slice(skipped),
  }))

/** The first trials, then batches, the last of which may be smaller. */
const batchSizes = (trials: number, startup: number, batch: number) => {
  const sizes: Array<Omit<Bracket, "first">> = []
  for (let left = trials; left > 0; left -= sizes[sizes.length - 1].trials) {
    sizes.push({ trials: Math.min(left, sizes.length === 0 ? startup : batch), rungs: [0] })
  }
  return sizes
}

/** The number of trials of a strategy that decides it; undefined for the others. */
export const ownTrials = (strategy: Strategy, gridPoints: number): number | undefined => {
  if (strategy.kind === "grid") return gridPoints
  if (strategy.kind !== "hyperband") return undefined
  return hyperbandSizes(strategy.factor, strategy.rungs).reduce((sum, { trials }) => sum + trials, 0)
}

export const makeSweepPlan = (strategy: Strategy, trials: number): SweepPlan => {
  const whole = (brackets: ReadonlyArray<Bracket>) => ({ shares: [1], brackets, factor: 1 })
  switch (strategy.kind) {
    case "halving": {
      const { factor, rungs } = strategy
      return { shares: sharesOf(factor, rungs), factor, brackets: [{ first: 0, trials, rungs: upTo(rungs) }] }
    }
    case "hyperband": {
      const { factor, rungs } = strategy
      return {
        shares: sharesOf(factor, rungs),
        factor,
        brackets: inSequence(hyperbandSizes(factor, rungs)),
      }
    }
    case "tpe":
      return whole(inSequence(batchSizes(trials, strategy.startup, strategy.batch)))
    default:
      return whole([{ first: 0, trials, rungs: [0] }])
  }
}
