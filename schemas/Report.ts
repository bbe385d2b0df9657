/**
 * report.json: how good the model is on the test split, which nothing else in the pipeline touches.
 */
import { Schema } from "effect"
import { DatasetFigures } from "./Dataset.ts"
import { Metric } from "./Metric.ts"

const Share = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))

/** A share with its 95 % Wilson score interval. */
export const Interval = Schema.Struct({ value: Share, low: Share, high: Share })
export type Interval = typeof Interval.Type

export const ClassReport = Schema.Struct({
  label: Schema.Int,
  /** Test examples of the class. */
  support: Schema.Int,
  /** Null where nothing was predicted as, or is of, the class. */
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
  /** Probability given to the wrong answer, and to the right one. */
  confidence: Share,
  labelProbability: Share,
})
export type Mistake = typeof Mistake.Type

export const TestResult = Schema.Struct({
  examples: Schema.Int,
  accuracy: Interval,
  error: Interval,
  /** Mean over the split, of the experiment's loss. */
  loss: Schema.Finite,
  classes: Schema.Array(ClassReport),
  /** Rows: true label; columns: predicted label; counts. */
  confusion: Schema.Array(Schema.Array(Schema.Int)),
  /** The wrong answers given with most confidence, most confident first. */
  mistakes: Schema.Array(Mistake),
})
export type TestResult = typeof TestResult.Type

export const StageTiming = Schema.Struct({
  name: Schema.String,
  /** Of the attempt that finished it. */
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
  /** Updates made, the budget, and the checkpoint that was tested. */
  iterations: Schema.Int,
  budget: Schema.Int,
  stoppedEarly: Schema.Boolean,
  checkpoint: Schema.String,
  /** The evaluations of the validation split, in order. */
  validation: Schema.Array(Metric),
  test: TestResult,
  /** Times differ from run to run; everything above does not. */
  timings: Schema.Array(StageTiming),
})
export type Report = typeof Report.Type
