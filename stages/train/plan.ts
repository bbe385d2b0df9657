/**
 * What is due at which iteration: (experiment, size of the train split) -> TrainingPlan.
 *
 * A pure function, so it is the same in every attempt.
 */
import type { Experiment } from "../../schemas/experiment/Experiment.ts"
import { isDue, nextDue, totalIterations } from "./intervals.ts"

type Intervals = Pick<
  Experiment,
  "batchSize" | "budget" | "recordEvery" | "evaluateEvery" | "checkpointEvery"
>

export interface TrainingPlan {
  /** Iterations in the budget. */
  readonly total: number
  /** Passes over the train split after `iteration` updates. */
  readonly epochAt: (iteration: number) => number
  readonly dueAt: (iteration: number) => {
    /** A row of training metrics: every `recordEvery` iterations, and with each evaluation. */
    readonly trainMetric: boolean
    readonly evaluation: boolean
    readonly checkpoint: boolean
  }
  /** The first iteration after `iteration` at which something is due, or the last iteration. */
  readonly nextDue: (iteration: number) => number
}

export const makePlan = (experiment: Intervals, examples: number): TrainingPlan => {
  const { batchSize, checkpointEvery, evaluateEvery, recordEvery } = experiment
  const total = totalIterations(experiment.budget, examples, batchSize)
  return {
    total,
    epochAt: (iteration) => (iteration * batchSize) / examples,
    dueAt: (iteration) => {
      const evaluation = isDue(evaluateEvery, iteration, examples, batchSize)
      return {
        trainMetric: evaluation || isDue(recordEvery, iteration, examples, batchSize),
        evaluation,
        checkpoint: isDue(checkpointEvery, iteration, examples, batchSize),
      }
    },
    nextDue: (iteration) =>
      Math.min(
        total,
        ...[recordEvery, evaluateEvery, checkpointEvery].map((interval) =>
          nextDue(interval, iteration, examples, batchSize),
        ),
      ),
  }
}
