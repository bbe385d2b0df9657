/**
 * A search over hyper-parameters: the default export of a sweep file, and its stored definition, `sweeps/<name>/sweep.json`
 * in a runs folder.
 */
import * as Schema from "effect/Schema"
import { EngineChoice } from "./EngineChoice.ts"
import { Experiment, type ExperimentInput } from "./experiment/Experiment.ts"
import { ExperimentName } from "./experiment/ExperimentName.ts"
import { NamedMetric } from "./experiment/NamedMetric.ts"
import { PositiveInt } from "./experiment/numbers.ts"
import { withDefault } from "./experiment/withDefault.ts"
import { Space, type SpaceInput } from "./sweep/Space.ts"
import { Strategy } from "./sweep/Strategy.ts"

/** What is minimized, on the validation split; a metric with mode max is maximized. */
export const Objective = Schema.Union([
  Schema.Literals(["validationError", "validationLoss"]),
  NamedMetric,
]).annotate({
  expected: 'validationError, validationLoss or a metric by its name, such as { metric: "macroF1" }',
})
export type Objective = typeof Objective.Type

/** Enough for any sweep on one machine; a journal of so many records is read in a moment. */
export const mostTrials = 10_000

const Retraining = Schema.Struct({
  /** How many of the best trials are trained again. Default: 3. */
  top: withDefault(PositiveInt, 3),
  /** Fresh seeds, with which each of them and the base is trained. Default: 5. */
  seeds: withDefault(Schema.Int.check(Schema.isBetween({ minimum: 2, maximum: 100 })), 5),
}).annotate({ expected: "an object, such as { top: 3, seeds: 5 }" })

/** The fields of a sweep file, its base not decoded. */
export const SweepOutline = Schema.Struct({
  /** At most 64 lower-case letters, digits and -. */
  name: ExperimentName,
  /** Free text. Default: empty. */
  description: withDefault(Schema.String, ""),
  /** The experiment whose fields are varied. */
  base: Schema.Unknown,
  /** The parameters, by the path of their field. */
  space: Space,
  /** How trials are chosen and pruned. */
  strategy: Strategy,
  /** Number of trials. A grid and Hyperband have a number of their own. */
  trials: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: mostTrials }))),
  /**
   * What is searched for: the lowest `validationError` or `validationLoss`, or the best value of a metric of the base by its name,
   * such as `{ metric: "macroF1", mode: "max" }`. Default: validationError.
   */
  objective: withDefault(Objective, "validationError"),
  /** Seeds of each trial: the objective is the mean over them. Default: 1. */
  seeds: withDefault(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 100 })), 1),
  /** How the best trials are trained again before one is called the winner. */
  retrain: withDefault(Retraining, {}),
  /** Determines which trials are drawn. Default: 0. */
  seed: withDefault(Schema.Int, 0),
})
export type SweepOutline = typeof SweepOutline.Type

/** A sweep as a user writes it. */
export type SweepInput = Omit<(typeof SweepOutline)["Encoded"], "base" | "space"> & {
  readonly base: ExperimentInput
  readonly space: SpaceInput
}

/** Types a sweep file; the value is checked when the sweep is run. */
export const sweep = (input: SweepInput): SweepInput => input

/** A drawn value for each parameter that exists: a number, or the number of the option of a choice. */
export const Assignment = Schema.Record(Schema.String, Schema.Finite)
export type Assignment = typeof Assignment.Type

/** What a sweep does. A resumed sweep must have the same definition. */
export const SweepDefinition = Schema.Struct({
  formatVersion: Schema.Literal(1),
  name: ExperimentName,
  base: Experiment,
  space: Space,
  strategy: Strategy,
  /** Null if the strategy decides it. */
  trials: Schema.NullOr(Schema.Int),
  objective: Objective,
  seeds: Schema.Int,
  retrain: Schema.Struct({ top: Schema.Int, seeds: Schema.Int }),
  seed: Schema.Int,
  /** The first trials, if they were adopted from an earlier sweep. */
  adopted: Schema.Array(Assignment),
  /** The engine that `auto` is for all of its runs, chosen for the base when it began. Absent if there was no choice. */
  engineChoice: Schema.optionalKey(EngineChoice),
})
export type SweepDefinition = typeof SweepDefinition.Type

/** A trial by its number, or the base. */
export const TrialName = Schema.Union([Schema.Int, Schema.Literal("base")])
export type TrialName = typeof TrialName.Type

/** A record of `journal.ndjson`: what was drawn, or what was measured. */
export const SweepRecord = Schema.Union([
  Schema.Struct({
    record: Schema.Literal("trial"),
    trial: Schema.Int,
    parameters: Assignment,
  }),
  Schema.Struct({
    record: Schema.Literal("measured"),
    trial: TrialName,
    seed: Schema.Int,
    /** The barrier, counted from 0. */
    rung: Schema.Int,
    run: Schema.String,
    /** The iteration of the evaluation. */
    iteration: Schema.Int,
    /** The objective. Of a metric with mode max it is the negative, here and in `result.json`: the lower, the better. */
    value: Schema.Finite,
  }),
  Schema.Struct({
    record: Schema.Literal("failed"),
    trial: TrialName,
    seed: Schema.Int,
    rung: Schema.Int,
    /** Null if the trial is no valid experiment: a proposal that depends on results is not known before the sweep. */
    run: Schema.NullOr(Schema.String),
    reason: Schema.String,
  }),
])
export type SweepRecord = typeof SweepRecord.Type

const Spread = Schema.Struct({
  value: Schema.Finite,
  low: Schema.Finite,
  high: Schema.Finite,
})

const Difference = Schema.Struct({
  /** Test error of the winner minus that of the base. */
  value: Schema.Finite,
  low: Schema.Finite,
  high: Schema.Finite,
  p: Schema.Finite,
})

/** One of the best trials after it was trained again. */
const Finalist = Schema.Struct({
  trial: Schema.Int,
  parameters: Assignment,
  /** The objective in the search. */
  searched: Schema.Finite,
  /** The mean over the fresh seeds, with Student's 95 % interval. */
  retrained: Spread,
  runs: Schema.Array(Schema.String),
})

const BaseResult = Schema.Struct({ retrained: Spread, runs: Schema.Array(Schema.String) })
export type BaseResult = typeof BaseResult.Type

/** `result.json`: the end of a sweep. */
export const SweepResult = Schema.Struct({
  formatVersion: Schema.Literal(1),
  name: ExperimentName,
  objective: Objective,
  trials: Schema.Int,
  failed: Schema.Int,
  /** Trials that were not trained to the end of their budget. */
  pruned: Schema.Int,
  /** Iterations of the search, and those that all trials would have taken without pruning; null for budgets in epochs. */
  iterations: Schema.NullOr(Schema.Struct({ trained: Schema.Int, full: Schema.Int })),
  /** Null if the base was not trained with every fresh seed. */
  base: Schema.NullOr(BaseResult),
  /** By their rank in the search. */
  finalists: Schema.Array(Finalist),
  /** Null if no trial could be trained again. */
  winner: Schema.NullOr(
    Schema.Struct({
      trial: Schema.Int,
      /** Mean test error rates over the fresh seeds. */
      testError: Schema.Finite,
      baseTestError: Schema.Finite,
      difference: Difference,
      isBetter: Schema.Boolean,
    }),
  ),
  /** The objective of the best trial of the search after retraining, minus before: what being the best of many adds. */
  optimism: Schema.NullOr(Schema.Finite),
})
export type SweepResult = typeof SweepResult.Type
