/**
 * The result of a significance test as a sentence: (UnitComparison) -> text. Only a significant difference is called
 * better.
 */
import { negated } from "../../stages/statistics/groupComparison.ts"
import { points, pValue, unsignedPoints } from "../../format/numbers.ts"
import type { UnitComparison } from "./compareGroups.ts"

/** The p-value that counts; the uncorrected one too if it differs. */
const evidence = ({ correctedP, difference: { p } }: UnitComparison): string =>
  pValue(correctedP) === pValue(p) ? pValue(p) : `corrected ${pValue(correctedP)}, uncorrected ${pValue(p)}`

export const verdict = (test: UnitComparison): string => {
  const { difference, first, second, significant } = test
  if (!significant) {
    const { high, low } = difference
    return `${second} and ${first}: no significant difference (${evidence(test)}; 95 % interval of the difference: ${points(low)} to ${points(high)} points)`
  }
  const isSecondBetter = difference.value < 0
  const [better, worse] = isSecondBetter ? [second, first] : [first, second]
  const { high, low, value } = isSecondBetter ? negated(difference) : difference
  return `${better} is better than ${worse}: its test error is ${unsignedPoints(value)} points lower (${evidence(test)}; 95 % interval: ${unsignedPoints(low)} to ${unsignedPoints(high)} points)`
}

/** The method, and the parts of a p-value that has several. */
export const method = ({ examples, method, parts, first, second }: UnitComparison): string =>
  parts.length === 0
    ? `${method} over ${examples} test examples; the difference is ${second} minus ${first}`
    : `${method}: ${parts.map(({ difference, over }) => `over ${over} ${pValue(difference.p)} (${points(difference.low)} to ${points(difference.high)})`).join(", ")}; the larger p-value counts; the difference is ${second} minus ${first}`
