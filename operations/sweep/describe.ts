/** A sweep in words, the same in the terminal, in logs and on pages: (definition, value or result) -> text. */
import { percent, points, pValue, threeDigits } from "../../format/numbers.ts"
import { exchange } from "../../schemas/experiment/NamedMetric.ts"
import type { SweepDefinition, SweepResult, TrialName } from "../../schemas/Sweep.ts"
import type { TrialProgress, TrialStatus } from "./progress.ts"

type Judged = Pick<SweepDefinition, "objective">

/** The value of a metric whose cost is minimized: its negative with mode max. */
export const naturalValue = ({ objective }: Judged, value: number): number =>
  typeof objective === "string" ? value : exchange(objective, value)

export const showObjective = (judged: Judged, value: number): string =>
  judged.objective === "validationError" ? percent(value) : threeDigits(naturalValue(judged, value))

/** Where the split is known. */
export const shortObjectiveName = ({ objective }: Judged): string => {
  if (typeof objective !== "string") return objective.metric
  return objective === "validationError" ? "error" : "loss"
}

export const objectiveName = (judged: Judged): string =>
  typeof judged.objective === "string"
    ? `validation ${shortObjectiveName(judged)}`
    : shortObjectiveName(judged)

/** As it is written in the file. */
export const objectiveKey = ({ objective }: Judged): string =>
  typeof objective === "string" ? objective : objective.metric

/** Which values are the best and the worst. */
export const extremes = ({ objective }: Judged) =>
  typeof objective !== "string" && objective.mode === "max"
    ? ({ best: "highest", worst: "lowest" } as const)
    : ({ best: "lowest", worst: "highest" } as const)

/** Limits of an interval: no error or loss is below 0, nor an error above 100 %. */
export const limited = <I extends { readonly low: number; readonly high: number }>(
  { objective }: Judged,
  interval: I,
): I => {
  if (typeof objective !== "string") return interval
  const { high, low } = interval
  return {
    ...interval,
    low: Math.max(0, low),
    high: objective === "validationError" ? Math.min(1, high) : high,
  }
}

/** "low to high". */
export const showInterval = (
  judged: Judged,
  interval: { readonly low: number; readonly high: number },
): string => {
  const { high, low } = limited(judged, interval)
  const ends = [low, high].toSorted((a, b) => naturalValue(judged, a) - naturalValue(judged, b))
  return ends.map((end) => showObjective(judged, end)).join(" to ")
}

/** A difference of two values of the objective, with its sign. */
export const showChange = (judged: Judged, value: number): string => {
  if (judged.objective === "validationError") return `${points(value)} points`
  const change = naturalValue(judged, value)
  return `${change > 0 ? "+" : ""}${threeDigits(change)}`
}

/** With its interval. */
export const showSpread = (
  judged: Judged,
  spread: { readonly value: number; readonly low: number; readonly high: number },
): string => `${showObjective(judged, spread.value)} (${showInterval(judged, spread)})`

export const nameOfTrial = (trial: TrialName): string => (trial === "base" ? "the base" : `trial ${trial}`)

export const statusWords: Readonly<Record<TrialStatus, string>> = {
  finished: "finished",
  pruned: "pruned",
  failed: "failed",
  open: "in progress",
}

/** Why the winner is, or is not, better than the base. */
export const describeEvidence = ({ difference }: NonNullable<SweepResult["winner"]>): string =>
  `${pValue(difference.p)}; 95 % interval of the difference: ${points(difference.low)} to ${points(difference.high)} points`

export const describeVerdict = ({ isBetter }: NonNullable<SweepResult["winner"]>): string =>
  isBetter ? "better than the base" : "not better than the base"

/** The value of a trial at the last barrier it reached, and what became of it. */
export const describeOutcome = (judged: Judged, { reason, rung, status, values }: TrialProgress): string => {
  const value = rung === null ? null : values[rung]
  if (status === "failed") return `failed: ${reason ?? "unknown"}`
  return value === null ? "–" : `${showObjective(judged, value)}, ${statusWords[status]}`
}
