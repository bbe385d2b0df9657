/**
 * One row of metrics.ndjson. Rows hold no times: the same experiment writes the same bytes, interrupted or not.
 */
import { Schema } from "effect"

/** Over the training batches since the row before (loss, error) and of the current batch alone; error is a share, 0 to 1. */
export const TrainMetric = Schema.Struct({
  split: Schema.Literal("train"),
  iteration: Schema.Int,
  /** Passes over the train split so far. */
  epoch: Schema.Finite,
  loss: Schema.Finite,
  error: Schema.Finite,
  batchLoss: Schema.Finite,
  batchError: Schema.Finite,
  learningRate: Schema.Finite,
})

/** Over the whole validation split, with the weights after `iteration` updates. */
export const ValidationMetric = Schema.Struct({
  split: Schema.Literal("validation"),
  iteration: Schema.Int,
  epoch: Schema.Finite,
  loss: Schema.Finite,
  accuracy: Schema.Finite,
  error: Schema.Finite,
})

export const Metric = Schema.Union([TrainMetric, ValidationMetric])
export type Metric = typeof Metric.Type
