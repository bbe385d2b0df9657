/**
 * When a trained model may take the champion's place: the `gate` of an experiment.
 *
 * It judges results and changes none, so it is not part of the fingerprint. Without one, the defaults here count.
 */
import { Schema } from "effect"
import { PositiveFinite, PositiveInt } from "./numbers.ts"
import { withDefault } from "./withDefault.ts"

const Share = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))

export const Gate = Schema.Struct({
  /**
   * What must not be worse than the champion's, over the test examples both models answered. `accuracy`: exact McNemar
   * test. `loss` (cross-entropy of the right answer, in nats): paired t test.
   */
  metric: withDefault(Schema.Literals(["accuracy", "loss"]), "accuracy"),
  /**
   * One-sided chance of calling a model worse that is as good as the champion. At 0.5 a model is refused whose metric is
   * lower at all (on accuracy, by two test examples or more): for test splits so small that little can be shown on them.
   */
  significance: withDefault(
    Schema.Finite.check(Schema.isGreaterThan(0), Schema.isLessThanOrEqualTo(0.5)),
    0.05,
  ),
  /**
   * Non-inferiority margin, in the metric's unit (0.002 of accuracy is 0.2 percentage points). Without it a model is
   * refused when the test shows that it is worse. With it, it is refused unless the test shows that it is worse by less
   * than this: stricter, and on small test splits seldom passed.
   */
  margin: Schema.optionalKey(PositiveFinite),
  /** Test accuracy; without it, more than always answering the most frequent class would reach. */
  leastAccuracy: Schema.optionalKey(Share),
  /** Recall of every class, or of the named ones by label. */
  leastRecall: Schema.optionalKey(Schema.Union([Share, Schema.Record(Schema.String, Share)])),
  /** Median time to predict one image, on the machine and engine that judge; measured only where this is given. */
  mostLatencyMs: Schema.optionalKey(PositiveFinite),
  /** Size of the model as float32: 4 bytes a parameter. */
  mostSizeBytes: Schema.optionalKey(PositiveInt),
})
export type Gate = typeof Gate.Type
