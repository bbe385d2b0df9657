/**
 * One row of metrics.ndjson. Rows hold no times, so the same experiment writes the same bytes, interrupted or not.
 *
 * `error` and `batchError` are error rates, 0 to 1. Their names are those of the stored files.
 */
import * as Schema from "effect/Schema"

/** Means over the training batches since the last row (loss, error), and the newest batch (batchLoss, batchError). */
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
export type TrainMetric = typeof TrainMetric.Type

/** Metrics of the whole validation split with the weights after `iteration` updates. */
export const ValidationMetric = Schema.Struct({
  split: Schema.Literal("validation"),
  iteration: Schema.Int,
  epoch: Schema.Finite,
  loss: Schema.Finite,
  accuracy: Schema.Finite,
  error: Schema.Finite,
  /** Of own code, by name. */
  metrics: Schema.optionalKey(Schema.Record(Schema.String, Schema.Finite)),
})
export type ValidationMetric = typeof ValidationMetric.Type

export const Metric = Schema.Union([TrainMetric, ValidationMetric])
export type Metric = typeof Metric.Type
