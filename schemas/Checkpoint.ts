/**
 * Where training stands after an iteration, beside the tensors: everything the train loop needs to go on exactly.
 */
import { Schema } from "effect"

/** The position of the train loop. Sums are float64 and survive JSON exactly. */
export const TrainProgress = Schema.Struct({
  /** Updates made. */
  iteration: Schema.Int,
  /** Losses and errors since the last row of metrics. */
  window: Schema.Struct({ loss: Schema.Finite, error: Schema.Finite, iterations: Schema.Int }),
  /** The best evaluation so far, by the experiment's monitored metric. */
  best: Schema.NullOr(Schema.Struct({ iteration: Schema.Int, value: Schema.Finite })),
  /**
   * The last value that was an improvement by more than early stopping's `minDelta`; absent where it is the best one's, as
   * in all checkpoints of older versions.
   */
  improvedTo: Schema.optionalKey(Schema.Finite),
  /** Evaluations since that one. */
  evaluationsWithoutImprovement: Schema.Int,
})
export type TrainProgress = typeof TrainProgress.Type

/** Where training starts. */
export const startOfTraining: TrainProgress = {
  iteration: 0,
  window: { loss: 0, error: 0, iterations: 0 },
  best: null,
  evaluationsWithoutImprovement: 0,
}
