import * as Schema from "effect/Schema"

const mostLetters = 64

/** Part of a run's folder name, and the whole of a champion's, an ensemble's and a sweep's. */
export const ExperimentName = Schema.String.check(
  Schema.isPattern(new RegExp(`^[a-z0-9][a-z0-9-]{0,${mostLetters - 1}}$`), {
    expected: `a name of at most ${mostLetters} lower-case letters, digits and -`,
  }),
)

/** The name of an ensemble or a sweep with another budget: it must not replace the result of the whole one. */
export const nameWithBudget = (name: string, iterations: number): string => {
  const ending = `-${iterations}-iterations`
  return `${name.slice(0, mostLetters - ending.length)}${ending}`
}

export const isExperimentName = Schema.is(ExperimentName)
