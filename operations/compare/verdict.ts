/**
 * What a test says, in words: (UnitTest) -> one sentence. What is within noise is never called better.
 */
import type { Difference } from "../../stages/statistics/significance.ts"
import type { UnitTest } from "./compareGroups.ts"

/** Percentage points with a sign, as +0.20. */
export const points = (share: number): string => {
  const text = (100 * Math.abs(share)).toFixed(2)
  return Number(text) === 0 ? "0.00" : `${share < 0 ? "−" : "+"}${text}`
}

export const pValue = (p: number): string => (p < 0.0001 ? "p < 0.0001" : `p = ${p.toPrecision(2)}`)

const interval = ({ high, low }: Difference) =>
  `95 % interval of the difference ${points(low)} to ${points(high)} points`

/** p as it counts, and as it was before the correction where that differs. */
const evidence = ({ correctedP, difference: { p } }: UnitTest): string =>
  pValue(correctedP) === pValue(p) ? pValue(p) : `${pValue(correctedP)} after correction, ${pValue(p)} alone`

export const verdict = (test: UnitTest): string => {
  const { difference, first, second, significant } = test
  if (!significant) {
    return `${second} and ${first}: no difference that cannot be noise: ${evidence(test)}, ${interval(difference)}`
  }
  const better = difference.value < 0 ? second : first
  const worse = better === second ? first : second
  const amount = (100 * Math.abs(difference.value)).toFixed(2)
  return `${better} is better than ${worse}: its test error is ${amount} points lower: ${evidence(test)}, ${interval(difference)}`
}

/** The method, and what is behind a p-value of several parts. */
export const method = ({ examples, method, parts, first, second }: UnitTest): string =>
  parts.length === 0
    ? `${method} over ${examples} test examples; the difference is ${second} less ${first}`
    : `${method}: ${parts.map(({ difference, over }) => `over ${over} ${pValue(difference.p)} (${points(difference.low)} to ${points(difference.high)})`).join(", ")}; the larger p counts; the difference is ${second} less ${first}`
