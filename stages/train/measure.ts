/**
 * Metrics of training and validation: (trainer, progress) -> rows of metrics, and the progress after them.
 *
 * Names in rows and in the progress are those of stored files: there `error` is an error rate.
 */
import { Effect } from "effect"
import type { Trainer } from "../../engines/Engine.ts"
import { startOfTraining, type TrainProgress } from "../../schemas/Checkpoint.ts"
import type { Experiment } from "../../schemas/experiment/Experiment.ts"
import type { Metric } from "../../schemas/Metric.ts"
import type { TrainEvent } from "../../schemas/TrainEvent.ts"
import { type Evaluation, type EvaluationSplit, evaluate } from "../evaluate/evaluate.ts"
import { afterEvaluation } from "./earlyStopping.ts"
import { learningRateAt, type OwnRate } from "./learningRate.ts"
import type { OwnCodeFailed } from "../code/load.ts"
import type { TrainingPlan } from "./plan.ts"
import { type BatchMetrics, diverged, type TrainState } from "./TrainState.ts"
import { count, percent, threeDigits } from "../../format/numbers.ts"

/** Metrics of own code by their names. */
export type OwnMetrics = (evaluation: {
  readonly probabilities: Float32Array
  readonly labels: ArrayLike<number>
  readonly classes: number
}) => Effect.Effect<Readonly<Record<string, number>> | undefined, OwnCodeFailed>

/** What an experiment measures with own code. */
export interface OwnMeasures {
  readonly ownRate?: OwnRate | undefined
  readonly ownMetrics?: OwnMetrics | undefined
}

interface Measured extends OwnMeasures {
  readonly experiment: Experiment
  readonly plan: TrainingPlan
}

/** Adds iterations to the sums of loss and error rate since the last row. A row holds their means. */
export const addToWindow = (
  { error, iterations, loss }: TrainProgress["window"],
  losses: Float32Array,
  errorRates: Float32Array,
): TrainProgress["window"] => ({
  loss: losses.reduce((sum, value) => sum + value, loss),
  error: errorRates.reduce((sum, value) => sum + value, error),
  iterations: iterations + losses.length,
})

/**
 * A row of training metrics: means since the last row, and those of the newest batch. The sums restart from 0. A schedule of
 * own code may throw OwnCodeFailed.
 */
export const measureTraining = (
  { experiment, ownRate, plan }: Measured,
  progress: TrainProgress,
  batch: BatchMetrics,
): { readonly progress: TrainProgress; readonly row: Metric } => {
  const { iteration } = progress
  const { error, iterations, loss } = progress.window
  return {
    progress: { ...progress, window: startOfTraining.window },
    row: {
      split: "train",
      iteration,
      epoch: plan.epochAt(iteration),
      loss: loss / iterations,
      error: error / iterations,
      batchLoss: batch.loss,
      batchError: batch.errorRate,
      learningRate: learningRateAt(experiment.optimizer.learningRate, iteration - 1, plan.total, ownRate),
    },
  }
}

const monitoredValue = (
  { monitor }: Experiment,
  { accuracy, loss }: Evaluation,
  metrics: Readonly<Record<string, number>> = {},
) => {
  if (typeof monitor !== "string") return metrics[monitor.metric]
  return monitor === "validationLoss" ? loss : accuracy
}

/** Evaluates the validation split: its row of metrics, and the progress with the best evaluation so far. */
export const measureValidation = Effect.fnUntraced(function* (
  {
    experiment,
    ownMetrics,
    plan,
    trainer,
    validation,
  }: Measured & { readonly trainer: Trainer; readonly validation: EvaluationSplit },
  state: TrainState,
  batch: BatchMetrics,
) {
  const { iteration } = state.progress
  const evaluation = yield* evaluate(trainer, validation, experiment.loss)
  const { accuracy, loss } = evaluation
  if (!Number.isFinite(loss)) return yield* diverged(state, iteration, `the validation loss is ${loss}`)
  const errorRate = 1 - accuracy
  const metrics = yield* ownMetrics?.({ ...validation, ...evaluation }) ?? Effect.undefined
  const epoch = plan.epochAt(iteration)
  const evaluated: TrainEvent = { event: "evaluated", iteration }
  yield* Effect.logInfo(
    // The error of one batch would be read as that of the training set.
    `iteration ${count(iteration)} (epoch ${epoch.toFixed(2)}): batch loss ${threeDigits(batch.loss)}; ` +
      `validation error ${percent(errorRate)}, accuracy ${percent(accuracy)}, loss ${threeDigits(loss)}`,
    {
      ...evaluated,
      batchLoss: batch.loss,
      batchError: batch.errorRate,
      validationLoss: loss,
      validationError: errorRate,
    },
  )
  const row: Metric = {
    split: "validation",
    iteration,
    epoch,
    loss,
    accuracy,
    error: errorRate,
    ...(metrics === undefined ? {} : { metrics }),
  }
  return {
    row,
    progress: afterEvaluation(experiment, state.progress, monitoredValue(experiment, evaluation, metrics)),
  }
})
