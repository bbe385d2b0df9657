/**
 * Several experiments whose models predict together, and their result: the default export of an ensemble file, and
 * `ensembles/<name>/report.json` in a runs folder.
 */
import * as Schema from "effect/Schema"
import type { ExperimentInput } from "./experiment/Experiment.ts"
import { ExperimentName } from "./experiment/ExperimentName.ts"
import { TestResult } from "./Report.ts"
import { withDefault } from "./experiment/withDefault.ts"

/**
 * How predictions are combined. `mean`: the mean of the members' probabilities. `vote`: the class that most members
 * predict; of classes with equally many votes, the one with the highest mean probability.
 */
export const Combination = Schema.Literals(["mean", "vote"])
export type Combination = typeof Combination.Type

/** The ensemble file before its members are decoded, each as an experiment of its own. */
export const EnsembleOutline = Schema.Struct({
  name: ExperimentName,
  description: withDefault(Schema.String, ""),
  combine: withDefault(Combination, "mean"),
  members: Schema.Array(Schema.Unknown).check(
    Schema.isMinLength(2, { message: "an ensemble has at least two members" }),
  ),
})
export type EnsembleOutline = typeof EnsembleOutline.Type

/** An ensemble as a user writes it. */
export interface EnsembleInput {
  readonly name: string
  readonly description?: string
  readonly combine?: Combination
  /** They share one dataset, test split and loss. The same network twice needs two seeds. */
  readonly members: ReadonlyArray<ExperimentInput>
}

/** Types an ensemble file; the value is checked when the file is run. */
export const ensemble = (input: EnsembleInput): EnsembleInput => input

export const EnsembleReport = Schema.Struct({
  formatVersion: Schema.Literal(1),
  ensemble: ExperimentName,
  combine: Combination,
  members: Schema.Array(
    Schema.Struct({
      run: Schema.String,
      experiment: Schema.String,
      seed: Schema.Int,
      parameters: Schema.Int,
      /** Test error rate. */
      testError: Schema.Finite,
      /** Milliseconds of training in the last attempt; null if the run does not record it. */
      trainMs: Schema.NullOr(Schema.Finite),
    }),
  ),
  /** Result of the combined predictions. */
  test: TestResult,
})
export type EnsembleReport = typeof EnsembleReport.Type
