/**
 * report.json: the results on the test split, which no other stage uses.
 */
import * as Schema from "effect/Schema"
import { DatasetFigures } from "./experiment/Dataset.ts"
import { Metric } from "./Metric.ts"

const Share = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))

/** A share with its 95 % Wilson score interval. */
export const Interval = Schema.Struct({ value: Share, low: Share, high: Share })
export type Interval = typeof Interval.Type

export const ClassReport = Schema.Struct({
  label: Schema.Int,
  /** Test examples of the class. */
  support: Schema.Int,
  /** Null if no example is predicted as the class, or none has its label. */
  precision: Schema.NullOr(Share),
  recall: Schema.NullOr(Share),
  f1: Schema.NullOr(Share),
})
export type ClassReport = typeof ClassReport.Type

export const Mistake = Schema.Struct({
  /** Index in the test split. */
  index: Schema.Int,
  label: Schema.Int,
  predicted: Schema.Int,
  /** Predicted probability of the wrong class, and of the true one. */
  confidence: Share,
  labelProbability: Share,
})
export type Mistake = typeof Mistake.Type

export const TestResult = Schema.Struct({
  examples: Schema.Int,
  accuracy: Interval,
  error: Interval,
  /** The experiment's loss, averaged over the split. */
  loss: Schema.Finite,
  /** Metrics of own code, by name. */
  metrics: Schema.optionalKey(Schema.Record(Schema.String, Schema.Finite)),
  classes: Schema.Array(ClassReport),
  /** Rows: true label; columns: predicted label; counts. */
  confusion: Schema.Array(Schema.Array(Schema.Int)),
  /** The misclassified examples with the highest confidence, in order of confidence. */
  mistakes: Schema.Array(Mistake),
})
export type TestResult = typeof TestResult.Type

export const StageTiming = Schema.Struct({
  name: Schema.String,
  /** In the attempt that finished the stage. */
  durationMs: Schema.Finite,
})

export const Report = Schema.Struct({
  run: Schema.String,
  experiment: Schema.String,
  fingerprint: Schema.String,
  dataset: DatasetFigures,
  layers: Schema.Array(
    Schema.Struct({
      name: Schema.String,
      kind: Schema.String,
      inputs: Schema.optionalKey(Schema.Array(Schema.String)),
      output: Schema.Array(Schema.Int),
      parameters: Schema.Int,
    }),
  ),
  parameters: Schema.Int,
  /** Iterations trained, the budget, and the tested checkpoint. */
  iterations: Schema.Int,
  budget: Schema.Int,
  stoppedEarly: Schema.Boolean,
  checkpoint: Schema.String,
  /** Evaluations of the validation split, in order. */
  validation: Schema.Array(Metric),
  test: TestResult,
  /** Times differ between repetitions of a run; everything above is identical. */
  timings: Schema.Array(StageTiming),
})
export type Report = typeof Report.Type
