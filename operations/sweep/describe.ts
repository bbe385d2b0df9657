/** A sweep in words, the same in the terminal, in logs and on pages: (definition, value or result) -> text. */
import { percent, points, pValue, threeDigits } from "../../format/numbers.ts"
import type { SweepDefinition, SweepResult, TrialName } from "../../schemas/Sweep.ts"
import type { TrialProgress, TrialStatus } from "./progress.ts"

type Judged = Pick<SweepDefinition, "objective">

export const showObjective = ({ objective }: Judged, value: number): string =>
  objective === "validationError" ? percent(value) : threeDigits(value)

export const objectiveName = ({ objective }: Judged): string =>
  objective === "validationError" ? "validation error" : "validation loss"

/** A difference of two values of the objective, with its sign. */
export const showChange = ({ objective }: Judged, value: number): string =>
  objective === "validationError" ? `${points(value)} points` : `${value > 0 ? "+" : ""}${threeDigits(value)}`

/** With an interval that does not go below 0, where no error or loss is, nor an error above 100 %. */
export const showSpread = (
  judged: Judged,
  { high, low, value }: { readonly value: number; readonly low: number; readonly high: number },
): string =>
  `${showObjective(judged, value)} (${showObjective(judged, Math.max(0, low))} to ${showObjective(judged, judged.objective === "validationError" ? Math.min(1, high) : high)})`

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
