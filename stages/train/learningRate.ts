/**
 * The learning rate: (schedule, iteration, budget) -> rate, a pure function. A schedule of own code needs its code.
 */
import type { LearningRate } from "../../schemas/experiment/Optimizer.ts"

/** A schedule of own code: (iteration, counted from 0; iterations in all) -> rate. */
export type OwnRate = (iteration: number, budget: number) => number

type BuiltIn = Exclude<LearningRate, { readonly kind: "custom" }>

export const isBuiltIn = (schedule: LearningRate): schedule is BuiltIn => schedule.kind !== "custom"

/** Half a cosine that goes from `from` at position 0 to `to` at position 1. */
const halfCosine = (from: number, to: number, position: number) =>
  to + ((from - to) * (1 + Math.cos(Math.PI * Math.min(Math.max(position, 0), 1)))) / 2

/** Whether the rates depend on the budget. If they do, a run cannot be extended. */
export const dependsOnBudget = (schedule: LearningRate): boolean =>
  schedule.kind === "cosine" || schedule.kind === "oneCycle" || schedule.kind === "custom"

/** The rate of an iteration, counted from 0, in a budget of `budget` iterations. */
export const learningRateAt = (
  schedule: LearningRate,
  iteration: number,
  budget: number,
  /** That of own code. */
  own?: OwnRate,
): number => {
  if (!isBuiltIn(schedule)) {
    if (own === undefined) throw new Error("the schedule is own code, which is not loaded")
    return own(iteration, budget)
  }
  if (schedule.kind === "oneCycle") {
    const rise = schedule.rise * budget
    return iteration < rise
      ? halfCosine(schedule.peak / schedule.divisor, schedule.peak, iteration / rise)
      : halfCosine(
          schedule.peak,
          schedule.peak / schedule.finalDivisor,
          (iteration - rise) / Math.max(1, budget - 1 - rise),
        )
  }
  if (iteration < schedule.warmup) return (schedule.value * (iteration + 1)) / schedule.warmup
  const since = iteration - schedule.warmup
  switch (schedule.kind) {
    case "constant":
      return schedule.value
    case "step":
      return schedule.value * schedule.factor ** Math.floor(since / schedule.every)
    case "cosine":
      return halfCosine(schedule.value, schedule.final, since / Math.max(1, budget - 1 - schedule.warmup))
  }
}
