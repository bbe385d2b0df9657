/**
 * Whether a difference between models is significant: plain functions over counts and figures.
 *
 * Every difference is the second error rate minus the first, so a negative difference means that the second is better. Each
 * result has a two-sided p-value and the 95 % interval that belongs to it: the interval contains 0 exactly if p ≥ 0.05.
 */
import { clopperPearson, binomialAtMost, studentQuantile, studentTwoSided } from "./distributions.ts"

/** A value with the ends of its 95 % interval. */
export interface Estimate {
  readonly value: number
  readonly low: number
  readonly high: number
}

export interface Difference extends Estimate {
  readonly p: number
}

/**
 * The exact paired test (Q. McNemar, Psychometrika 12, 1947, with the binomial distribution in place of χ²): of the
 * examples that exactly one model gets right, either model should get half if they are equally good. The interval is
 * Clopper's and Pearson's for that half, times the share of such examples.
 */
export const mcnemar = (onlyFirstRight: number, onlySecondRight: number, examples: number): Difference => {
  const discordant = onlyFirstRight + onlySecondRight
  if (discordant === 0) {
    // Alike in every example seen: how many unseen ones could still differ.
    const { high } = clopperPearson(0, examples)
    return { value: 0, low: -high, high, p: 1 }
  }
  const fewer = Math.min(onlyFirstRight, onlySecondRight)
  const share = clopperPearson(onlyFirstRight, discordant)
  const scale = discordant / examples
  return {
    value: (onlyFirstRight - onlySecondRight) / examples,
    low: (2 * share.low - 1) * scale,
    high: (2 * share.high - 1) * scale,
    p: Math.min(1, 2 * binomialAtMost(fewer, discordant, 0.5)),
  }
}

export interface Spread extends Estimate {
  readonly n: number
  /** Standard deviation with n − 1. */
  readonly deviation: number
}

const moments = (values: ReadonlyArray<number>) => {
  const n = values.length
  const mean = values.reduce((a, b) => a + b, 0) / n
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { n, mean, variance: squares / (n - 1) }
}

/** Mean, spread and Student's 95 % interval of the mean; undefined below two values, which have no spread. */
export const meanInterval = (values: ReadonlyArray<number>): Spread | undefined => {
  if (values.length < 2) return undefined
  const { mean, n, variance } = moments(values)
  const half = studentQuantile(0.05, n - 1) * Math.sqrt(variance / n)
  return { value: mean, low: mean - half, high: mean + half, n, deviation: Math.sqrt(variance) }
}

const studentDifference = (value: number, error: number, freedom: number): Difference => {
  // No spread at all: every value is the same to the last bit.
  if (error === 0) return { value, low: value, high: value, p: value === 0 ? 1 : 0 }
  const half = studentQuantile(0.05, freedom) * error
  return { value, low: value - half, high: value + half, p: studentTwoSided(value / error, freedom) }
}

/** Student's t of differences that belong together, as those of one seed or one example; two or more. */
export const pairedDifference = (differences: ReadonlyArray<number>): Difference => {
  const { mean, n, variance } = moments(differences)
  return studentDifference(mean, Math.sqrt(variance / n), n - 1)
}

/** Two samples of two or more with spreads of their own: B. L. Welch, Biometrika 34 (1947). */
export const welchDifference = (first: ReadonlyArray<number>, second: ReadonlyArray<number>): Difference => {
  const a = moments(first)
  const b = moments(second)
  const [va, vb] = [a.variance / a.n, b.variance / b.n]
  const freedom = (va + vb) ** 2 / (va ** 2 / (a.n - 1) + vb ** 2 / (b.n - 1))
  return studentDifference(b.mean - a.mean, Math.sqrt(va + vb), freedom)
}

/**
 * One value against two or more, supposing the same spread: J. R. Crawford and D. C. Howell, Clin. Neuropsychol. 12 (1998).
 * The difference is the one less the mean.
 */
export const singleDifference = (values: ReadonlyArray<number>, one: number): Difference => {
  const { mean, n, variance } = moments(values)
  return studentDifference(one - mean, Math.sqrt(variance * (1 + 1 / n)), n - 1)
}

/** p-values corrected for there being several, in their order: S. Holm, Scand. J. Stat. 6 (1979). */
export const holm = (ps: ReadonlyArray<number>): ReadonlyArray<number> => {
  const order = ps.map((_, i) => i).sort((i, j) => ps[i] - ps[j])
  const corrected = Array.from(ps)
  let largest = 0
  for (const [rank, i] of order.entries()) {
    largest = Math.max(largest, Math.min(1, (ps.length - rank) * ps[i]))
    corrected[i] = largest
  }
  return corrected
}
