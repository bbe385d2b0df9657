/**
 * Several experiments whose models answer together, and what they reach: the default export of an ensemble file, and
 * `ensembles/<name>/report.json` of a runs folder.
 */
import { Schema } from "effect"
import type { ExperimentInput } from "./Experiment.ts"
import { ExperimentName } from "./ExperimentName.ts"
import { TestResult } from "./Report.ts"
import { withDefault } from "./withDefault.ts"

/**
 * How answers become one. `mean`: the mean of the members' probabilities. `vote`: the class most members answer, and of
 * those with as many votes the one of the greater mean probability.
 */
export const Combination = Schema.Literals(["mean", "vote"])
export type Combination = typeof Combination.Type

/** What a file says; each member is decoded as an experiment of its own. */
export const EnsembleOutline = Schema.Struct({
  name: ExperimentName,
  description: withDefault(Schema.String, ""),
  combine: withDefault(Combination, "mean"),
  members: Schema.Array(Schema.Unknown).check(
    Schema.isMinLength(2, { message: "an ensemble has at least two members" }),
  ),
})
export type EnsembleOutline = typeof EnsembleOutline.Type

/** What a user writes. */
export interface EnsembleInput {
  readonly name: string
  readonly description?: string
  readonly combine?: Combination
  /** Of one dataset, test split and loss; the same network twice needs two seeds. */
  readonly members: ReadonlyArray<ExperimentInput>
}

/** Gives an ensemble file its types; the value is checked when the file is run. */
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
      /** Share of wrong answers on the test split. */
      testError: Schema.Finite,
      /** Milliseconds in the attempt that finished training; null where the run does not say. */
      trainMs: Schema.NullOr(Schema.Finite),
    }),
  ),
  /** Of the members together. */
  test: TestResult,
})
export type EnsembleReport = typeof EnsembleReport.Type
