/**
 * Whether the mean error of two groups differs: (error of each seed, of either group) -> the test that fits, and its result.
 *
 * Differences are of error rates, second minus first, as in `significance.ts`.
 */
import { type Difference, pairedDifference, singleDifference, welchDifference } from "./significance.ts"

/** The error of one training; null if its seed is unknown. */
export interface SeedError {
  readonly seed: number | null
  readonly error: number
}

export interface SeedComparison {
  /** `single`: one seed against several. `paired`: three or more seeds, the same in both groups. `welch`: all other groups. */
  readonly test: "single" | "paired" | "welch"
  readonly difference: Difference
}

/** The same difference with the groups exchanged. */
export const negated = ({ high, low, p, value }: Difference): Difference => ({
  value: -value,
  low: -high,
  high: -low,
  p,
})

const errorsOf = (group: ReadonlyArray<SeedError>) => group.map(({ error }) => error)

/** Pairs that a paired test needs: two pairs leave a single degree of freedom, with which hardly any difference is significant. */
const leastPairs = 3

/** At least one of the groups has two seeds or more. Each seed occurs once in a group. */
export const compareSeeds = (
  first: ReadonlyArray<SeedError>,
  second: ReadonlyArray<SeedError>,
): SeedComparison => {
  if (second.length === 1) {
    return { test: "single", difference: singleDifference(errorsOf(first), second[0].error) }
  }
  if (first.length === 1) {
    return { test: "single", difference: negated(singleDifference(errorsOf(second), first[0].error)) }
  }
  const known = new Map(second.map(({ error, seed }) => [seed, error]))
  const differences = first.flatMap(({ error, seed }) => {
    const other = known.get(seed)
    return other === undefined ? [] : [other - error]
  })
  // Equal seeds may share their luck: the same initial weights and batches. A seed without a partner would be thrown away by
  // a paired test, so groups that have one are compared as independent.
  return differences.length >= leastPairs && differences.length === Math.max(first.length, second.length)
    ? { test: "paired", difference: pairedDifference(differences) }
    : { test: "welch", difference: welchDifference(errorsOf(first), errorsOf(second)) }
}

/**
 * The difference that must hold in two tests at once: that with the larger p-value. No correction for two tests is needed, because
 * both have to be significant (intersection-union test: R. L. Berger, Technometrics 24, 1982).
 */
export const bothHold = (first: Difference, second: Difference): Difference =>
  second.p > first.p ? second : first
