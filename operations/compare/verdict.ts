/**
 * The result of significance tests as sentences: (Comparison) -> text. Only a significant difference is called better.
 */
import { negated } from "../../stages/statistics/groupComparison.ts"
import { accuracyPercentage, percent, points, pValue, unsignedPoints } from "../../format/numbers.ts"
import type { Comparison } from "./Comparison.ts"
import type { UnitComparison } from "./compareGroups.ts"

/** Whether the correction for several tests shows. */
const isCorrected = ({ correctedP, difference: { p } }: UnitComparison) => pValue(correctedP) !== pValue(p)

/** The p-value that counts; the uncorrected one too if it differs, since it alone may be significant. */
const evidence = (test: UnitComparison): string =>
  isCorrected(test)
    ? `corrected ${pValue(test.correctedP)}, uncorrected ${pValue(test.difference.p)}`
    : pValue(test.difference.p)

/** The label of the better unit; null if the difference is not significant. */
export const betterOf = ({ difference, first, second, significant }: UnitComparison): string | null =>
  significant ? (difference.value < 0 ? second : first) : null

/** One test as a sentence without its full stop. `alone`: there are no other units, so the worse one needs no name. */
export const verdict = (test: UnitComparison, alone: boolean): string => {
  const { difference, first, second } = test
  const better = betterOf(test)
  if (better === null) {
    const { high, low } = difference
    const of = alone ? "No" : `${second} and ${first}: no`
    return `${of} significant difference (${evidence(test)}; 95 % interval of the difference: ${points(low)} to ${points(high)} points)`
  }
  const { value } = better === second ? negated(difference) : difference
  const than = alone ? "" : ` than ${better === second ? first : second}`
  return `${better} is better${than}: ${unsignedPoints(value)} points fewer errors, ${isCorrected(test) ? "corrected " : ""}${pValue(test.correctedP)}`
}

/** With more tests, only their results are counted. */
const testsInWords = 3

const countResults = (tests: ReadonlyArray<UnitComparison>): string => {
  const labels = (wanted: (better: string | null, test: UnitComparison) => boolean) =>
    tests.filter((test) => wanted(betterOf(test), test)).map(({ second }) => second)
  const groups = [
    ["better", labels((better, { second }) => better === second)],
    ["worse", labels((better, { first }) => better === first)],
    ["without a significant difference", labels((better) => better === null)],
  ] as const
  const found = groups.flatMap(([name, of]) =>
    of.length === 0 ? [] : [`${of.length} ${name} (${of.join(", ")})`],
  )
  return `${tests.length} are compared with ${tests[0].first}: ${found.join(", ")}`
}

/** What a reader wants to know first, one sentence each. */
export const headline = ({ spread, tests, units, untested }: Comparison): ReadonlyArray<string> => {
  const alone = units.length === 2
  const mean =
    spread === null
      ? []
      : [
          `Mean test error ${percent(spread.value)} (accuracy ${accuracyPercentage(spread.value)} %), over ${spread.n} seeds of one experiment`,
        ]
  if (tests.length > testsInWords) return [...mean, countResults(tests)]
  if (tests.length > 0) return [...mean, ...tests.map((test) => verdict(test, alone))]
  const reasons = [...new Set(untested.map(({ reason }) => reason))]
  return [...mean, ...reasons.slice(0, testsInWords).map((reason) => `Not tested: ${reason}`)]
}

/** The p-values of the parts, if a test has several. */
export const partsOf = ({ first, parts, second }: UnitComparison): string | null =>
  parts.length === 0
    ? null
    : `${second} − ${first}: ${parts.map(({ difference, over }) => `over ${over} ${pValue(difference.p)} (${points(difference.low)} to ${points(difference.high)})`).join(", ")}; the larger p-value counts`
