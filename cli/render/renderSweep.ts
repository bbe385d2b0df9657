/** A sweep as text: (definition, result, or what was measured so far) -> lines. */
import { count, percent } from "../../format/numbers.ts"
import {
  describeEvidence,
  describeOutcome,
  describeVerdict,
  objectiveName,
  showChange,
  showObjective,
  showSpread,
} from "../../operations/sweep/describe.ts"
import { countMeasured, progressOf, type SweepProgress } from "../../operations/sweep/progress.ts"
import { placesOf, showDrawn, showId, showInBase } from "../../operations/sweep/space.ts"
import type { SweepDefinition, SweepRecord, SweepResult } from "../../schemas/Sweep.ts"
import { table } from "./table.ts"

const describeWinner = ({ winner }: SweepResult): ReadonlyArray<string> => {
  if (winner === null) return ["winner         none: no trial was trained again with every fresh seed"]
  const { baseTestError, testError, trial } = winner
  return [
    `winner         trial ${trial}: ${describeVerdict(winner)} (${describeEvidence(winner)})`,
    `test error     ${percent(testError)}, of the base ${percent(baseTestError)}: means over fresh seeds, tested once`,
  ]
}

/** The shortest end of each path that no other has: "optimizer.learningRate.peak" -> "peak". */
const shortest = (names: ReadonlyArray<string>): ReadonlyArray<string> =>
  names.map((name) => {
    const words = name.split(".")
    const ends = words.map((_, from) => words.slice(from).join(".")).toReversed()
    return (
      ends.find((end) => names.every((other) => other === name || !`.${other}`.endsWith(`.${end}`))) ?? name
    )
  })

const namesOf = ({ space }: SweepDefinition) => shortest(placesOf(space).map(({ id }) => showId(id)))

/** The finalists before and after they were trained again, and whether the winner is better than the base. */
export const renderSweepResult = (definition: SweepDefinition, result: SweepResult): string => {
  const places = placesOf(definition.space)
  const { base, failed, finalists, iterations, optimism, pruned, trials } = result
  const rows = finalists.map(({ parameters, retrained, searched, trial }) => [
    `trial ${trial}`,
    ...places.map((place) => showDrawn(place, parameters)),
    showObjective(result, searched),
    showSpread(result, retrained),
  ])
  const baseRow =
    base === null
      ? []
      : [
          [
            "the base",
            ...places.map((place) => showInBase(place, definition.base)),
            "–",
            showSpread(result, base.retrained),
          ],
        ]
  return [
    table(["", ...namesOf(definition), "in the search", "fresh seeds"], [...rows, ...baseRow]),
    "",
    `${result.name}: ${count(trials)} trials, ${count(pruned)} pruned, ${count(failed)} failed, by ${objectiveName(result)}`,
    ...(iterations === null
      ? []
      : [`iterations     ${count(iterations.trained)} of ${count(iterations.full)} without pruning`]),
    ...(optimism === null
      ? []
      : [
          `optimism       ${showChange(result, optimism)}: the best trial of the search with fresh seeds, minus in the search`,
        ]),
    ...describeWinner(result),
  ].join("\n")
}

/** All trials with their parameters, and what became of them. */
const renderTrials = (definition: SweepDefinition, { trials }: SweepProgress): string => {
  const places = placesOf(definition.space)
  const rows = trials.map((trial) => [
    trial.trial,
    ...places.map((place) => showDrawn(place, trial.parameters)),
    describeOutcome(definition, trial),
  ])
  return table(["trial", ...namesOf(definition), objectiveName(definition)], rows)
}

/** How far a sweep is that has not ended. */
const renderProgress = ({ name }: SweepDefinition, progress: SweepProgress): string => {
  const { phase, planned, trainings } = progress
  const step =
    phase === null || trainings === null
      ? "testing the winner and the base"
      : `${phase}: ${count(trainings.done)} of ${count(trainings.of)} trainings done`
  return `${name}: ${count(countMeasured(progress))} of ${count(planned)} trials measured; ${step}`
}

/** All trials, then the result, or how far the sweep is. */
export const renderSweep = (
  definition: SweepDefinition,
  records: ReadonlyArray<SweepRecord>,
  result: SweepResult | undefined,
): string => {
  const progress = progressOf(definition, records)
  const outcome =
    result === undefined ? renderProgress(definition, progress) : renderSweepResult(definition, result)
  return `${renderTrials(definition, progress)}\n\n${outcome}`
}
