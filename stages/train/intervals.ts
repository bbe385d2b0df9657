/**
 * Distances in iterations and epochs -> iterations, for a train split of `examples` and batches of `batchSize`.
 *
 * An epoch ends with the iteration that uses its last example; batches run on across epochs, so it need not end a batch.
 */
import type { Budget, Cadence } from "../../schemas/Experiment.ts"

const iterationsOf = (epochs: number, examples: number, batchSize: number) =>
  Math.ceil((epochs * examples) / batchSize)

/** Updates in a budget. */
export const totalIterations = (budget: Budget, examples: number, batchSize: number): number =>
  "iterations" in budget ? budget.iterations : iterationsOf(budget.epochs, examples, batchSize)

/** The first iteration after `iteration` at which a cadence is due. */
export const nextDue = (cadence: Cadence, iteration: number, examples: number, batchSize: number): number => {
  if (typeof cadence === "number") return (Math.floor(iteration / cadence) + 1) * cadence
  let times = Math.floor((iteration * batchSize) / (cadence.epochs * examples))
  while (iterationsOf(times * cadence.epochs, examples, batchSize) <= iteration) times++
  return iterationsOf(times * cadence.epochs, examples, batchSize)
}

/** Whether a cadence is due at `iteration`, the count of updates made. */
export const isDue = (cadence: Cadence, iteration: number, examples: number, batchSize: number): boolean =>
  iteration > 0 && nextDue(cadence, iteration - 1, examples, batchSize) === iteration
