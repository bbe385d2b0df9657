/** A sweep as text: (definition, result, or what was measured so far) -> lines. */
import { count, percent, points, pValue, threeDigits } from "../../format/numbers.ts"
import { planOf, stateOf } from "../../operations/sweep/decide.ts"
import { placesOf, showDrawn, showId } from "../../operations/sweep/space.ts"
import type { SweepDefinition, SweepRecord, SweepResult } from "../../schemas/Sweep.ts"
import { table } from "./table.ts"

const showObjective = ({ objective }: Pick<SweepDefinition, "objective">, value: number) =>
  objective === "validationError" ? percent(value) : threeDigits(value)

const objectiveName = ({ objective }: Pick<SweepDefinition, "objective">) =>
  objective === "validationError" ? "validation error" : "validation loss"

const showChange = ({ objective }: Pick<SweepDefinition, "objective">, value: number) =>
  objective === "validationError" ? `${points(value)} points` : threeDigits(value)

const describeWinner = ({ winner }: SweepResult): ReadonlyArray<string> => {
  if (winner === null) return ["winner         none: no trial was trained again with every fresh seed"]
  const { baseTestError, difference, isBetter, testError, trial } = winner
  const evidence = `${pValue(difference.p)}; 95 % interval of the difference: ${points(difference.low)} to ${points(difference.high)} points`
  const verdict = isBetter ? "better than the base" : "not better than the base"
  return [
    `winner         trial ${trial}: ${verdict} (${evidence})`,
    `test error     ${percent(testError)}, of the base ${percent(baseTestError)}: means over fresh seeds, tested once`,
  ]
}

/** The finalists before and after they were trained again, and whether the winner is better than the base. */
export const renderSweepResult = (definition: SweepDefinition, result: SweepResult): string => {
  const places = placesOf(definition.space)
  const { base, failed, finalists, iterations, optimism, pruned, trials } = result
  const spread = ({
    high,
    low,
    value,
  }: {
    readonly value: number
    readonly low: number
    readonly high: number
  }) =>
    `${showObjective(result, value)} (${showObjective(result, Math.max(0, low))} to ${showObjective(result, high)})`
  const rows = finalists.map(({ parameters, retrained, searched, trial }) => [
    `trial ${trial}`,
    ...places.map((place) => showDrawn(place, parameters)),
    showObjective(result, searched),
    spread(retrained),
  ])
  const baseRow = base === null ? [] : [["the base", ...places.map(() => "–"), "–", spread(base.retrained)]]
  return [
    table(["", ...places.map(({ id }) => showId(id)), "in the search", "fresh seeds"], [...rows, ...baseRow]),
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

/** How far a sweep is that has not ended. */
export const renderSweepProgress = (
  definition: SweepDefinition,
  records: ReadonlyArray<SweepRecord>,
): string => {
  const { drawn, measured } = stateOf(records)
  const { trials } = planOf(definition)
  const places = placesOf(definition.space)
  const rows = [...drawn].map(([trial, parameters]) => {
    const newest = [...measured.values()].findLast((record) => record.trial === trial)
    const outcome =
      newest === undefined
        ? "–"
        : newest.record === "failed"
          ? `failed: ${newest.reason}`
          : `${showObjective(definition, newest.value)} at iteration ${newest.iteration}`
    return [trial, ...places.map((place) => showDrawn(place, parameters)), outcome]
  })
  const done = new Set([...measured.values()].flatMap(({ trial }) => (trial === "base" ? [] : [trial]))).size
  return [
    table(["trial", ...places.map(({ id }) => showId(id)), objectiveName(definition)], rows),
    "",
    `${definition.name}: ${count(done)} of ${count(trials)} trials measured`,
  ].join("\n")
}
