/**
 * The progress of training after an iteration: what a checkpoint holds in addition to its tensors, so that a resumed run
 * continues exactly.
 */
import { Schema } from "effect"

/** Stored as JSON, which represents the float64 sums exactly. */
export const TrainProgress = Schema.Struct({
  /** Updates so far. */
  iteration: Schema.Int,
  /** Sums of loss and error rate over the iterations since the last row of metrics. */
  window: Schema.Struct({ loss: Schema.Finite, error: Schema.Finite, iterations: Schema.Int }),
  /** The best evaluation so far, by the experiment's monitored metric. */
  best: Schema.NullOr(Schema.Struct({ iteration: Schema.Int, value: Schema.Finite })),
  /**
   * The last value that improved by more than `minDelta` of early stopping. Absent if it is the value of the best
   * evaluation, as in all checkpoints of older versions.
   */
  improvedTo: Schema.optionalKey(Schema.Finite),
  /** Evaluations since that improvement. */
  evaluationsWithoutImprovement: Schema.Int,
})
export type TrainProgress = typeof TrainProgress.Type

/** The progress before the first iteration. */
export const startOfTraining: TrainProgress = {
  iteration: 0,
  window: { loss: 0, error: 0, iterations: 0 },
  best: null,
  evaluationsWithoutImprovement: 0,
}
