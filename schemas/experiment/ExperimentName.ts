import { Schema } from "effect"

/** Part of a run's folder name, and the whole of a champion's and an ensemble's. */
export const ExperimentName = Schema.String.check(
  Schema.isPattern(/^[a-z0-9][a-z0-9-]{0,63}$/, {
    expected: "a name of at most 64 lower-case letters, digits and -",
  }),
)

export const isExperimentName = Schema.is(ExperimentName)
