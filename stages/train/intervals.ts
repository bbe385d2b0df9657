/**
 * Intervals in iterations or epochs -> iterations, for a train split of `examples` and batches of `batchSize`.
 *
 * An epoch ends with the iteration that uses its last example. That iteration may already use examples of the next epoch,
 * because batches run across the end of an epoch.
 */
import type { Budget, TrainingInterval } from "../../schemas/experiment/Experiment.ts"

const iterationsOf = (epochs: number, examples: number, batchSize: number) =>
  Math.ceil((epochs * examples) / batchSize)

/** Iterations in a budget. */
export const totalIterations = (budget: Budget, examples: number, batchSize: number): number =>
  "iterations" in budget ? budget.iterations : iterationsOf(budget.epochs, examples, batchSize)

/** The first iteration after `iteration` that ends an interval. */
export const nextDue = (
  interval: TrainingInterval,
  iteration: number,
  examples: number,
  batchSize: number,
): number => {
  if (typeof interval === "number") return (Math.floor(iteration / interval) + 1) * interval
  let times = Math.floor((iteration * batchSize) / (interval.epochs * examples))
  while (iterationsOf(times * interval.epochs, examples, batchSize) <= iteration) times++
  return iterationsOf(times * interval.epochs, examples, batchSize)
}

/** Whether an interval ends after `iteration` updates. */
export const isDue = (
  interval: TrainingInterval,
  iteration: number,
  examples: number,
  batchSize: number,
): boolean => iteration > 0 && nextDue(interval, iteration - 1, examples, batchSize) === iteration
