/**
 * When a trained model may replace the champion: the `gate` of an experiment. Without one, the defaults here apply.
 *
 * It judges results and does not affect them, so it is not part of the fingerprint.
 */
import * as Schema from "effect/Schema"
import { PositiveFinite, PositiveInt } from "./numbers.ts"
import { withDefault } from "./withDefault.ts"

const Share = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))

export const Gate = Schema.Struct({
  /**
   * The metric that must not be worse than the champion's, over the test examples that both models predicted.
   * `accuracy`: exact McNemar test. `loss` (cross-entropy of the true class, in nats): paired t test.
   */
  metric: withDefault(Schema.Literals(["accuracy", "loss"]), "accuracy"),
  /**
   * One-sided significance level: the probability of refusing a model that is as good as the champion. At 0.5 any
   * worse metric is refused (for accuracy, from two test examples on), which suits test splits too small to show a
   * difference.
   */
  significance: withDefault(
    Schema.Finite.check(Schema.isGreaterThan(0), Schema.isLessThanOrEqualTo(0.5)),
    0.05,
  ),
  /**
   * Non-inferiority margin, in the metric's unit (0.002 of accuracy is 0.2 percentage points). Without it, a model is
   * refused if the test shows that it is worse. With it, a model is refused unless the test shows that it is worse by
   * less than the margin: stricter, and seldom passed on small test splits.
   */
  margin: Schema.optionalKey(PositiveFinite),
  /** Lowest test accuracy (default: more than always predicting the most frequent class). */
  leastAccuracy: Schema.optionalKey(Share),
  /** Lowest recall of every class, or of single classes by label. */
  leastRecall: Schema.optionalKey(Schema.Union([Share, Schema.Record(Schema.String, Share)])),
  /** Highest median time to predict one image, on the machine and engine that judge. Measured only if this is set. */
  mostLatencyMs: Schema.optionalKey(PositiveFinite),
  /** Largest size of the model as float32, 4 bytes per parameter. */
  mostSizeBytes: Schema.optionalKey(PositiveInt),
})
export type Gate = typeof Gate.Type
