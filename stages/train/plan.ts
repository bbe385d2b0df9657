/**
 * What is due at which iteration: (experiment, size of the train split) -> TrainingPlan.
 *
 * A pure function, so it is the same in every attempt. The validation split is evaluated at the end of every interval. It is
 * evaluated at the last iteration too, and of a long run early, for a first figure: these extra evaluations change nothing else,
 * so a run that is extended beyond its last iteration ends like one that had the larger budget from the start. Runs of older
 * versions (evaluation rules 1) are evaluated at the ends of intervals only.
 */
import type { Experiment, TrainingInterval } from "../../schemas/experiment/Experiment.ts"
import { isDue, nextDue, totalIterations } from "./intervals.ts"

type Intervals = Pick<
  Experiment,
  "batchSize" | "budget" | "recordEvery" | "evaluateEvery" | "evaluationRules" | "checkpointEvery"
>

export interface TrainingPlan {
  /** Iterations in the budget. */
  readonly total: number
  /** Passes over the train split after `iteration` updates. */
  readonly epochAt: (iteration: number) => number
  readonly dueAt: (iteration: number) => {
    /** A row of training metrics: every `recordEvery` iterations, and with each scheduled evaluation. */
    readonly trainMetric: boolean
    /** `extra`: counts neither for the best checkpoint nor for early stopping. */
    readonly evaluation: "extra" | "scheduled" | undefined
    readonly checkpoint: boolean
  }
  /** The first iteration after `iteration` at which something is due, or the last iteration. */
  readonly nextDue: (iteration: number) => number
}

/** The default interval is a share of the budget within these bounds, in iterations. */
const shortestDefault = 100
const longestDefault = 1000
const evaluationsByDefault = 5

const defaultInterval = (total: number) =>
  Math.min(longestDefault, Math.max(shortestDefault, Math.ceil(total / evaluationsByDefault)))

/** A run whose first interval is at least `longAfter` iterations is evaluated at `earlyAt` too. */
const earlyAt = 100
const longAfter = 1000

const evaluationInterval = ({ evaluateEvery, evaluationRules }: Intervals, total: number): TrainingInterval =>
  evaluateEvery ?? (evaluationRules === 1 ? longestDefault : defaultInterval(total))

/** `begunWith`: the budget before the run was extended. It keeps the default interval that it gave. */
export const makePlan = (
  experiment: Intervals,
  examples: number,
  begunWith: Experiment["budget"] = experiment.budget,
): TrainingPlan => {
  const { batchSize, checkpointEvery, evaluationRules, recordEvery } = experiment
  const total = totalIterations(experiment.budget, examples, batchSize)
  const evaluateEvery = evaluationInterval(experiment, totalIterations(begunWith, examples, batchSize))
  const first = nextDue(evaluateEvery, 0, examples, batchSize)
  const early = evaluationRules > 1 && first >= longAfter && first < total ? earlyAt : undefined
  const isExtra = (iteration: number) => evaluationRules > 1 && (iteration === total || iteration === early)
  const evaluationAt = (iteration: number) =>
    isDue(evaluateEvery, iteration, examples, batchSize)
      ? "scheduled"
      : isExtra(iteration)
        ? "extra"
        : undefined
  return {
    total,
    epochAt: (iteration) => (iteration * batchSize) / examples,
    dueAt: (iteration) => {
      const evaluation = evaluationAt(iteration)
      return {
        trainMetric: evaluation === "scheduled" || isDue(recordEvery, iteration, examples, batchSize),
        evaluation,
        checkpoint: isDue(checkpointEvery, iteration, examples, batchSize),
      }
    },
    nextDue: (iteration) =>
      Math.min(
        total,
        ...(early !== undefined && iteration < early ? [early] : []),
        ...[recordEvery, evaluateEvery, checkpointEvery].map((interval) =>
          nextDue(interval, iteration, examples, batchSize),
        ),
      ),
  }
}
